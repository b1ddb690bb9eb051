//! The caller's side of a voice agent: Twilio and AudioCodes, with a person on the telephone.
//!
//! A voice agent on the telephone is a bridge between a carrier and a model. The rest of this crate is
//! the model; here is the carrier. A [`Caller`] dials the bridge as a WebSocket client and holds a
//! call with it: [`twilio::TwilioCaller`] as Twilio Media Streams does, [`audiocodes::AudioCodesCaller`]
//! as VoiceAI Connect does. What it says, what was heard of the bridge and when, and all that the
//! bridge did wrong is noted.
//!
//! A [`Call`] is a caller who follows a [script](script::CallScript). Neither has a clock or a socket;
//! [`dial`] has, for a bridge on the network, and [`dial_over`] for one in the same process.
//!
//! ```
//! use futures_util::{SinkExt, StreamExt};
//! use mock_realtime::telephony::script::{CallScript, WaitFor};
//! use mock_realtime::telephony::twilio::TwilioOptions;
//! use mock_realtime::telephony::{Call, dial_over};
//! use tokio_tungstenite::accept_async;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let script = CallScript::new("echo")
//!     .say("Is anybody there?")
//!     .wait_for(WaitFor::Reply);
//! let call = Call::twilio(TwilioOptions::default(), &script)?;
//! let result = dial_over("ws://bridge/media", call, async || {
//!     let (carrier, bridge) = tokio::io::duplex(64 * 1024);
//!     // In place of your bridge: it gives back what it hears.
//!     tokio::spawn(async move {
//!         let mut socket = accept_async(bridge).await.expect("a handshake");
//!         while let Some(Ok(message)) = socket.next().await {
//!             let Ok(text) = message.to_text() else { continue };
//!             if let Ok(mut message) = serde_json::from_str::<serde_json::Value>(text)
//!                 && message["event"] == "media"
//!             {
//!                 let payload = message["media"]["payload"].take();
//!                 let media = serde_json::json!({
//!                     "event": "media",
//!                     "streamSid": message["streamSid"],
//!                     "media": { "payload": payload },
//!                 });
//!                 let _ = socket.send(media.to_string().into()).await;
//!             }
//!         }
//!     });
//!     Ok(carrier)
//! })
//! .await?;
//! assert!(result.is_success(), "{:?}", result.turns);
//! assert!(result.notes.findings.is_empty());
//! # Ok(())
//! # }
//! ```

pub mod audiocodes;
pub mod bridge_test;
mod call;
mod caller;
pub mod checks;
mod driver;
mod finding;
mod format;
mod ids;
mod journal;
mod lateness;
mod line;
mod mouth;
mod playback;
pub mod record;
pub mod report;
pub mod script;
mod tones;
mod track;
pub mod twilio;

pub use call::{Call, CallResult};
pub use caller::{Action, Caller, Ending, Happening, Input, Notes, Output, Party};
pub use driver::{BadUrl, dial, dial_over};
pub use finding::{Finding, FindingKind};
pub use format::LineFormat;
pub use journal::{CallEntry, CallFrame, CallJournal, CallMessage, Sender, Traffic};
pub use lateness::Lateness;
pub use playback::{Playback, QueueFull};
pub use track::{Stretch, Track};
