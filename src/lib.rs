//! A mock of the OpenAI Realtime API, generated from the protocol's own schema: exact to the event,
//! deterministic, and without key, network or cost.
//!
//! # Install
//!
//! For tests in Rust neither scenarios nor the binary are needed:
//!
//! ```toml
//! [dev-dependencies]
//! mock-realtime = { path = "../mock-realtime", default-features = false }
//! tokio = { version = "1", features = ["macros", "rt", "test-util"] }
//! ```
//!
//! # A first test
//!
//! [`MockServer`](server::MockServer) is to a voice agent what a mock of HTTP is to its clients: each
//! test starts one, points the agent at it, and says what it should send. What was expected is
//! checked when the server is dropped.
//!
//! ```
//! use mock_realtime::protocol::realtime::{ResponseCreate, ResponseDone, SessionUpdate};
//! use mock_realtime::server::MockServer;
//! # use futures_util::SinkExt;
//! # use tokio_tungstenite::tungstenite::{Error, Message};
//! # async fn my_agent(request: impl tokio_tungstenite::tungstenite::client::IntoClientRequest + Unpin) -> Result<(), Error> {
//! #     let (mut socket, _) = tokio_tungstenite::connect_async(request).await?;
//! #     socket.send(Message::text(r#"{"type":"response.create"}"#)).await
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! let mock = MockServer::builder().say(["Good morning!"]).start().await;
//! mock.expect::<ResponseCreate>().times(1);
//! mock.expect::<SessionUpdate>().never();
//!
//! my_agent(mock.request()).await?; // or `mock.ws_url()`, with any key
//!
//! let done = mock.journal().until_received::<ResponseDone>(1).await;
//! assert!(done.response.output.is_some());
//! # Ok(())
//! # }
//! ```
//!
//! A failure says what was expected and what came instead, the event that came nearest with the field
//! that differs, and both sides' frames as a timeline. See [`expect`].
//!
//! # Without a network, without waiting
//!
//! Code that is generic over its socket takes a [`MockSocket`](client::MockSocket) where a
//! `WebSocketStream` was. Code that is tested piece by piece talks to a
//! [`MockRealtimeClient`](client::MockRealtimeClient). Both run on tokio's clock: where it is paused, a
//! conversation with all its pauses takes a millisecond, in its real order.
//!
//! ```
//! use mock_realtime::audio::Clip;
//! use mock_realtime::client::MockRealtimeClient;
//! use mock_realtime::engine::{Pacing, ScriptedTranscriber, SessionOptions};
//! use mock_realtime::generators::Scripted;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # tokio::time::pause();
//! let mut client = MockRealtimeClient::new(SessionOptions {
//!     transcriber: Box::new(ScriptedTranscriber::new(["A table for two, please."])),
//!     generator: Box::new(Scripted::new(["For two, with pleasure. At what time?"])),
//!     pacing: Pacing::REALISTIC,
//!     ..SessionOptions::default()
//! });
//! let caller = Clip::spoken("A table for two, please.", "ash", 1.0);
//! client.speak(&caller.encoded(Default::default())).await;
//! client.speak(&Clip::silence(std::time::Duration::from_secs(1)).encoded(Default::default())).await;
//!
//! let answer = client.collect_response().await;
//! assert_eq!(answer.transcript, "For two, with pleasure. At what time?");
//! assert!(!answer.audio.is_empty());
//! # }
//! ```
//!
//! # What the mock says, and hears
//!
//! - [`generators`]: responses as plans: text, speech, functions that are called, failures. A closure
//!   from a request to a plan is a generator, too.
//! - `scenario` (a feature): what is said when, by conditions, with templates and captures; from Rust
//!   or from files.
//! - [`audio`]: clips from files or the mock's own voice, encoded once; who speaks, and which known
//!   recording it is. `engine::Transcriber` puts a real recogniser there.
//!
//! # What goes wrong
//!
//! [`faults`] has what no real service does on demand: responses that fail, handshakes that are
//! refused, frames that are late or lost, by a seed.
//! [`SessionControl`](mock::SessionControl) is the test's own hand: it pushes any event, holds a
//! response in its middle, closes, or breaks the connection.
//!
//! # What was sent
//!
//! The [`Journal`](expect::Journal) has every frame both ways, by type and session. Where
//! `MOCK_REALTIME_ARTIFACTS` names a directory, a test that fails leaves there its frames, its sound,
//! and a picture of it.
//!
//! # Below all that
//!
//! - [`engine`]: a session without clock, socket or task: input and time go in, events come out.
//! - [`dialect`]: the words of a session: GA, the beta before it, and Azure's.
//! - [`protocol`]: the events as types, read with [`protocol::decode`] and written with
//!   [`protocol::encode`]. They read the real server as well.
//! - [`server`]: the engine behind a WebSocket, for any SDK that takes a base URL; the binary
//!   `mock-realtime` is made of it.
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `cli` (default) | the binary, and with it `admin`, `calls`, `conformance`, `delegate`, `recording`, `scenario`, `telephony` and `tls` |
//! | `calls` | the module `server::calls`: WebRTC offers, and telephone calls that come in |
//! | `conformance` | the modules `conformance`: whether frames and sessions are the protocol, and `exercise`: whether a client bears all of it |
//! | `admin` | control of a server over HTTP, from any language |
//! | `recording` | the modules `recording`, `proxy` and `replay`: sessions on file |
//! | `delegate` | answers of scenarios that a program of the user's gives |
//! | `scenario` | the module `scenario`, and files of it |
//! | `telephony` | the module `telephony`: callers over Twilio and AudioCodes, who dial a voice agent |
//! | `tls` | a server that speaks TLS |
//! | `connect` | the module `connect`: OpenAI or the mock behind one type, as the environment says |
//! | `symphonia` | clips from MP3, FLAC, Ogg, MP4 and AIFF |
//! | `espeak` | real speech by the program `espeak-ng` |
//! | `earshot` | a neural network that hears speech |
//!
//! # Others that do something like it
//!
//! As their documentation had it in November 2026. Each is the better choice where its strength is
//! what you need.
//!
//! | | mock-realtime | [aimock] 1.43 | [MockServer] 7.4 |
//! | --- | --- | --- | --- |
//! | is made for | the Realtime API | many APIs of many services | HTTP, and what runs over it |
//! | in process from | Rust | Node.js | Java |
//! | server events it can send | all 46 | 20 | those of one scripted response |
//! | several different responses in a session | yes, by conditions | yes, by what the user wrote | no |
//! | calls of functions | yes | yes | no |
//! | speech in responses | yes, paced | no | one given chunk, or silence |
//! | turns in the user's audio, interruption | yes | no | no |
//! | transcripts of the user's audio | yes | in part | no |
//! | bad events get the service's `error` | yes | in part | no |
//! | the same bytes each time | yes | no | no |
//! | records and replays the real service | yes | yes | HTTP only |
//! | other services: Gemini Live, chat, MCP servers | no | yes | some |
//!
//! [aimock]: https://aimock.copilotkit.dev/
//! [MockServer]: https://www.mock-server.com/

pub mod audio;
pub mod client;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "connect")]
pub mod connect;
pub mod dialect;
pub mod engine;
#[cfg(feature = "conformance")]
pub mod exercise;
pub mod expect;
pub mod faults;
pub mod generators;
pub mod mock;
pub mod protocol;
#[cfg(feature = "recording")]
pub mod proxy;
#[cfg(feature = "recording")]
pub mod recording;
#[cfg(feature = "recording")]
pub mod replay;
#[cfg(feature = "scenario")]
pub mod scenario;
pub mod server;
#[cfg(feature = "telephony")]
pub mod telephony;

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
