//! What can be made to go wrong, and when, so that a test sees what a client makes of it.
//!
//! ```
//! use std::time::Duration;
//! use mock_realtime::client::MockRealtimeClient;
//! use mock_realtime::engine::SessionOptions;
//! use mock_realtime::faults::{Fault, Faults};
//! use mock_realtime::protocol::realtime::ResponseStatus;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let bad_day = Faults::new()
//!     .with(Fault::fail_response("server_error", "internal_error").nth(1..=1))
//!     .with(Fault::delay(Duration::ZERO..=Duration::from_millis(300)).chance(0.5));
//! let mut client = MockRealtimeClient::with_faults(SessionOptions::default(), &bad_day);
//! client.say("Hello");
//! let first = client.collect_response().await;
//! assert_eq!(first.response.status, Some(ResponseStatus::Failed));
//! client.say("Hello");
//! assert_eq!(client.collect_response().await.transcript, "You said: Hello");
//! # }
//! ```
//!
//! A server takes them with [`MockServerBuilder::faults`], or for some of its connections only with
//! [`MockServerBuilder::faults_for`]; a session that runs with [`SessionControl::add_faults`]; a
//! scenario file has the same under `faults`. The messages of a carrier to a bridge go wrong by `CallFaults`
//! in the script of a call (feature `telephony`). What a test does at a moment it chooses (close, break,
//! hold) is with [`SessionControl`]. A session without faults costs what it did.
//!
//! # Kinds
//!
//! | kind | acts on | in process |
//! | --- | --- | --- |
//! | `refuse_handshake` | the handshake: status, headers | as the error of [`MockConnector::connect`], or a connection that breaks at once |
//! | `slow_accept` | the handshake | no effect |
//! | `delay`, `bandwidth`, `stall` | frames of either side: when they arrive | yes |
//! | `drop`, `duplicate`, `reorder` | frames of either side | yes |
//! | `swap_deltas` | deltas of the server | yes |
//! | `packets`, `fragments` | frames of the server: writes of the network, fragments of WebSocket | no effect |
//! | `truncate`, `malform` | the text of frames of either side, which is no JSON then | yes; [`MockRealtimeClient`] passes over what is no event |
//! | `break_schema`, `wrong_id` | the text of events of either side | yes, likewise |
//! | `unknown_event`, `service_error` | what the server sends before a frame, or at once | yes |
//! | `audio_gap`, `audio_burst`, `audio_rate`, `audio_silence`, `audio_clipping` | audio deltas of the server | yes |
//! | `disconnect` | the connection, with a close or without | yes |
//! | `fail_response`, `incomplete_response`, `stuck_response` | responses of conversations | yes |
//! | `fail_transcription` | turns of the user, in translations, too | yes |
//!
//! What has no effect says so in the journal. Pings of WebSocket are answered whatever is stalled. A
//! burst of late deltas is a `stall` for a time: all that was held up comes at once.
//!
//! # When
//!
//! [`When`] has the conditions; all that are said have to hold. A fault of the session as a whole
//! (`stall`, `disconnect`, `service_error`, `unknown_event`) that names neither side nor event, number
//! nor bytes happens by time: once, [`after_ms`](When::after_ms) into the session, or at its
//! beginning. Any other happens to the frames, responses or turns that its conditions hold of.
//!
//! Several faults may hit one frame: they act in their order, and what loses it loses all copies. What
//! a fault draws follows from the seed, the number of the connection and its own place among the
//! faults, so that none shifts what another draws, and the same input gives the same bytes. Times are
//! those of the session's clock.
//!
//! What goes wrong stands in the [journal](crate::expect::Entry::faults), with the frame it happened
//! to, and in the log.
//!
//! At most 10,000 frames and 16 MiB are on their way to either side; what is more pushes the oldest
//! through before its time.
//!
//! [`MockServerBuilder::faults`]: crate::server::MockServerBuilder::faults
//! [`MockServerBuilder::faults_for`]: crate::server::MockServerBuilder::faults_for
//! [`MockConnector::connect`]: crate::server::MockConnector::connect
//! [`MockRealtimeClient`]: crate::client::MockRealtimeClient
//! [`SessionControl`]: crate::mock::SessionControl
//! [`SessionControl::add_faults`]: crate::mock::SessionControl::add_faults

#[cfg(feature = "telephony")]
mod call;
mod connection;
mod engine;
mod fault;
mod kind;
mod line;
mod random;
mod sound;
mod strike;
mod text;
mod values;
mod when;
mod wire;

use serde::{Deserialize, Serialize};

use crate::expect::Fired;
use fault::valid;

#[cfg(feature = "telephony")]
pub use call::CallFaults;
pub(crate) use connection::ConnectionFaults;
pub use fault::Fault;
pub use kind::{
    AudioClipping, AudioRate, AudioStretch, Bandwidth, BreakSchema, Breakage, Disconnect,
    Duplicate, FailResponse, FailTranscription, FaultKind, Fragments, IncompleteFor,
    IncompleteResponse, Packets, RefuseHandshake, Reorder, SampleRate, ServiceError, Stall,
    Truncate, UnknownEvent, Wait, WrongId,
};
pub(crate) use line::{Line, Way};
pub(crate) use strike::{Ending, Pieces, Silence, Strike, Victim};
pub use values::{Between, Chance, Count, EventType, EventTypes, Headers, Numbers, RefusalStatus};
pub use when::When;
#[cfg(feature = "telephony")]
pub(crate) use wire::Wire;

/// What goes wrong in the sessions of a mock: any number of faults side by side. The same seed makes
/// the same go wrong.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
#[must_use = "nothing goes wrong until a client or a server has them"]
pub struct Faults {
    /// What chances, delays and everything else are drawn from. Each fault of each connection draws
    /// its own, so that none shifts what another draws.
    seed: u64,
    /// What goes wrong.
    rules: Vec<Fault>,
}

impl Faults {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What everything is drawn from.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The same with one more.
    ///
    /// # Panics
    ///
    /// If a condition of the fault is none for its kind: a handshake has no events, a response no
    /// bytes.
    #[track_caller]
    pub fn with(mut self, fault: Fault) -> Self {
        self.rules.push(valid(fault.checked()));
        self
    }

    /// These and those of another set, with its seed if it has one.
    pub fn and(mut self, other: Self) -> Self {
        if other.seed != 0 {
            self.seed = other.seed;
        }
        self.rules.extend(other.rules);
        self
    }

    /// The faults, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.rules.iter()
    }

    /// Whether nothing goes wrong.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

/// Tells the log what went wrong, and with which frame.
pub(crate) fn tell(fired: &Fired, on: &str) {
    tracing::info!(fault = fired.kind, on, "{}", fired.what);
}

impl From<Fault> for Faults {
    #[track_caller]
    fn from(fault: Fault) -> Self {
        Self::new().with(fault)
    }
}
