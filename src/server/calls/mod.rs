//! Calls: WebRTC offers that are answered, and telephone calls that come in.
//!
//! A telephone call rings: it is announced by a webhook, and the app accepts or rejects it by its id.
//! Then a session holds it, which the app follows on sideband sockets (`?call_id=`), and hangs up or
//! hands on. The caller is simulated: what they say travels beside the events, as it does on a
//! telephone.
//!
//! ```
//! use mock_realtime::server::MockServer;
//! use mock_realtime::server::calls::{IncomingCall, Outcome, Webhook};
//! # use hyper::StatusCode;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mock = MockServer::start().await;
//! // An app that takes the announcement, and then does nothing. `Webhook::new` names one by its URL.
//! let secret = "whsec_bW9jay1yZWFsdGltZQ==";
//! let idle = Webhook::handled_by(secret, |_| async { StatusCode::OK })?;
//! let call = mock.call(IncomingCall::from("+493012345").webhook(idle).says("Hello?"));
//! assert_eq!(call.ended().await.outcome, Some(Outcome::NotAnswered));
//! # Ok(())
//! # }
//! ```

mod call;
mod caller;
mod incoming;
mod line;
mod record;
mod request;
mod rest;
mod sdp;
mod sideband;
mod switchboard;
mod webhook;

pub(super) use call::CannotDo;
pub use incoming::{IncomingCall, Keys, NoKey, RINGS_FOR, STAYS_FOR};
pub use record::{CallAudio, CallEntry, CallEvent, CallKind, CallRecord, CallState, Outcome};
pub use request::{BadCall, CallRequest, Doing, RequestHeader, WebhookRequest};
pub(super) use rest::{Resource, answer};
pub(super) use sdp::BadOffer;
pub(super) use sideband::attach;
pub(super) use switchboard::Calls;
pub use switchboard::{CallHandle, Switchboard};
pub use webhook::{BadWebhook, Webhook};
