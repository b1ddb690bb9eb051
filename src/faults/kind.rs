//! What can go wrong.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::protocol::CloseCode;

use super::values::{Count, Headers, RefusalStatus};

/// The most copies of a frame, and frames that one may let pass.
const MOST: u64 = 100;

/// The kinds that there are in calls as well: those of lines and of texts. A call's handshake is the
/// bridge's to answer, what is heard in it is the caller's to say, and it has no responses.
#[cfg(feature = "telephony")]
pub(super) const OF_CALLS: [&str; 12] = [
    "delay",
    "bandwidth",
    "stall",
    "drop",
    "duplicate",
    "reorder",
    "truncate",
    "malform",
    "break_schema",
    "wrong_id",
    "unknown_event",
    "disconnect",
];

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $(($of:ty))? = $name:literal,)*) => {
        /// What goes wrong.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
        pub enum FaultKind {
            $($(#[$doc])* #[serde(rename = $name)] $kind $(($of))?,)*
        }

        impl FaultKind {
            /// The names of all kinds, as they are in files.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// Its name, as it is in files.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$kind { .. } => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// The handshake is answered with an HTTP error. In process the connection is broken from the
    /// start, or [`MockConnector::connect`](crate::server::MockConnector::connect) gives the error.
    RefuseHandshake(RefuseHandshake) = "refuse_handshake",
    /// The handshake is answered late. In process there is none.
    SlowAccept(Wait) = "slow_accept",
    /// A frame is so long on its way. Frames do not overtake each other.
    Delay(Wait) = "delay",
    /// All frames of a side come only so fast. A frame arrives once all of it is there.
    Bandwidth(Bandwidth) = "bandwidth",
    /// A frame of the server is written to the network piece by piece. Not in process.
    Packets(Packets) = "packets",
    /// A frame of the server is sent as fragments of WebSocket. Not in process.
    Fragments(Fragments) = "fragments",
    /// Nothing of a side arrives for a time, or ever again; what was held up then comes at once.
    Stall(Stall) = "stall",
    /// A frame is lost. No network does this to a WebSocket; what stands between client and server
    /// may.
    Drop = "drop",
    /// A frame comes more than once.
    Duplicate(Duplicate) = "duplicate",
    /// A frame comes only after others that were sent after it.
    Reorder(Reorder) = "reorder",
    /// A delta comes only after the next of its type, or right before the end of what it belongs to.
    SwapDeltas = "swap_deltas",
    /// The text of a frame breaks off.
    Truncate(Truncate) = "truncate",
    /// The text of a frame is no JSON any more.
    Malform = "malform",
    /// A frame is JSON, and against the schema.
    BreakSchema(BreakSchema) = "break_schema",
    /// An id in an event is that of nothing.
    WrongId(WrongId) = "wrong_id",
    /// An event of a type that there is not is sent before the frame.
    UnknownEvent(UnknownEvent) = "unknown_event",
    /// A piece is missing in the sound of an audio delta of the server: what follows moves up.
    AudioGap(AudioStretch) = "audio_gap",
    /// There is loud noise in an audio delta of the server.
    AudioBurst(AudioStretch) = "audio_burst",
    /// An audio delta of the server was made at another sample rate: it plays too fast or too slow.
    AudioRate(AudioRate) = "audio_rate",
    /// There is silence in an audio delta of the server.
    AudioSilence(AudioStretch) = "audio_silence",
    /// An audio delta of the server is cut off where it is loud.
    AudioClipping(AudioClipping) = "audio_clipping",
    /// The connection ends instead of the frame: with a close, or without one as networks break.
    Disconnect(Disconnect) = "disconnect",
    /// The service has an error: an event `error` comes before the frame, and for some errors the end
    /// of the session after it.
    ServiceError(ServiceError) = "service_error",
    /// A response fails before it has said anything. What it would have said is said by the next.
    FailResponse(FailResponse) = "fail_response",
    /// A response breaks off in its last item.
    IncompleteResponse(IncompleteResponse) = "incomplete_response",
    /// A response stops in its last item and is never done; it can be cancelled.
    StuckResponse = "stuck_response",
    /// What the user said is not transcribed.
    FailTranscription(FailTranscription) = "fail_transcription",
}

/// Where a fault acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point {
    Handshake,
    Frame,
    Response,
    Transcription,
}

impl FaultKind {
    pub(super) fn point(&self) -> Point {
        match self {
            Self::RefuseHandshake(_) | Self::SlowAccept(_) => Point::Handshake,
            Self::FailResponse(_) | Self::IncompleteResponse(_) | Self::StuckResponse => {
                Point::Response
            }
            Self::FailTranscription(_) => Point::Transcription,
            _ => Point::Frame,
        }
    }

    /// Whether it needs no frame: without one it happens once the session is old enough.
    pub(super) fn is_of_session(&self) -> bool {
        matches!(
            self,
            Self::Stall(_) | Self::Disconnect(_) | Self::ServiceError(_) | Self::UnknownEvent(_)
        )
    }

    /// Whether it does something to the frames of the server alone.
    pub(super) fn is_of_server(&self) -> bool {
        self.is_of_audio()
            || matches!(
                self,
                Self::Packets(_) | Self::Fragments(_) | Self::SwapDeltas
            )
    }

    /// Whether it is about audio deltas.
    pub(super) fn is_of_audio(&self) -> bool {
        matches!(
            self,
            Self::AudioGap(_)
                | Self::AudioBurst(_)
                | Self::AudioRate(_)
                | Self::AudioSilence(_)
                | Self::AudioClipping(_)
        )
    }

    /// Whether what a carrier sends to a bridge can go wrong like this.
    #[cfg(feature = "telephony")]
    pub(super) fn is_of_call(&self) -> bool {
        OF_CALLS.contains(&self.name())
    }

    /// What is wrong with it, if something is.
    pub(super) fn problem(&self) -> Option<String> {
        match self {
            Self::Duplicate(Duplicate { times: number })
            | Self::Reorder(Reorder { by: number, .. })
                if u64::from(*number) > MOST =>
            {
                Some(format!("`{}` is for {MOST} frames at most", self.name()))
            }
            Self::AudioClipping(AudioClipping { db }) if !db.is_finite() => {
                Some("clipping is at a number of decibels".to_owned())
            }
            _ => None,
        }
    }
}

/// A refused handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RefuseHandshake {
    /// The status: 401, 403, 429, 500, 503 and so on.
    pub status: RefusalStatus,
    /// Headers of the response. With 429 there are `retry-after` and `x-ratelimit-…` for requests,
    /// which those here replace.
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    pub headers: Headers,
}

/// How long something takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Wait {
    /// So many milliseconds at least.
    pub ms: u64,
    /// And so many more at most, evenly drawn.
    #[serde(skip_serializing_if = "is_zero")]
    pub jitter_ms: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde wants it")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// How fast frames come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Bandwidth {
    /// Bytes of text a second.
    pub bytes_per_second: Count,
}

/// A frame in pieces of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Packets {
    /// Bytes a piece, WebSocket's header included.
    pub bytes: Count,
    /// Milliseconds between two pieces. The client's frames wait meanwhile.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub pause_ms: u64,
}

/// A frame in pieces of WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Fragments {
    /// Bytes of text a piece.
    pub bytes: Count,
}

/// A side of which nothing arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Stall {
    /// For so many milliseconds; without it for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
}

/// A frame that comes more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Duplicate {
    /// So many times more: 1 to 100.
    pub times: Count,
}

impl Default for Duplicate {
    fn default() -> Self {
        Self { times: Count::ONE }
    }
}

/// A frame that others overtake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Reorder {
    /// So many others: 1 to 100.
    pub by: Count,
    /// It comes after so many milliseconds even if they do not.
    pub ms: u64,
}

impl Default for Reorder {
    fn default() -> Self {
        Self {
            by: Count::ONE,
            ms: 1_000,
        }
    }
}

/// A text that breaks off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Truncate {
    /// After so many bytes, or at the end of the character there; anywhere, without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// An event that is against the schema.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct BreakSchema {
    /// What is done to a field; drawn, without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<Breakage>,
    /// The field, at whatever depth; drawn from those where it breaks the schema, without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// What is done to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Breakage {
    /// It is not there, though it has to be.
    Missing,
    /// It has a value of another type.
    WrongType,
    /// It is null, which it may not be.
    Null,
}

impl Breakage {
    pub(super) const ALL: [Self; 3] = [Self::Missing, Self::WrongType, Self::Null];
}

/// An id of nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct WrongId {
    /// The field that has it, at whatever depth: `item_id`, `call_id`; drawn, without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// An event that nobody knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct UnknownEvent {
    /// Its type; that of the frame with something drawn after it, without it.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
}

/// A stretch of an audio delta.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AudioStretch {
    /// So many milliseconds, anywhere in it; all of it, without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
}

/// The sample rate that an audio delta was made at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AudioRate {
    /// Samples a second: 16000 sent as 24000 is half as fast again.
    pub hz: SampleRate,
}

/// A sample rate of audio: 1,000 to 384,000 a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct SampleRate(u32);

impl TryFrom<u32> for SampleRate {
    type Error = String;

    fn try_from(hz: u32) -> Result<Self, String> {
        if (1_000..=384_000).contains(&hz) {
            return Ok(Self(hz));
        }
        Err(format!("a sample rate is from 1000 to 384000, not {hz}"))
    }
}

impl From<SampleRate> for u32 {
    fn from(rate: SampleRate) -> Self {
        rate.0
    }
}

#[cfg(feature = "scenario")]
super::values::schema!(SampleRate, { "type": "integer", "minimum": 1000, "maximum": 384_000 });

/// Sound that is cut off where it is loud.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AudioClipping {
    /// What passes, in decibels of full scale: −12 leaves a quarter.
    pub db: f64,
}

impl Default for AudioClipping {
    fn default() -> Self {
        Self { db: -24.0 }
    }
}

/// The end of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Disconnect {
    /// The code of the close; without it there is no close.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<CloseCode>,
    /// The reason of the close.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// An error of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ServiceError {
    /// Something went wrong; the session goes on.
    ServerError,
    /// Too much was asked for; the session ends.
    RateLimitExceeded,
    /// Nothing is left to pay with; the session ends.
    InsufficientQuota,
    /// The session is too old, earlier than it says; it ends.
    SessionExpired,
}

/// A response that fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct FailResponse {
    /// The type of the error.
    #[serde(rename = "type")]
    pub error_type: String,
    /// Its code.
    pub code: String,
}

impl Default for FailResponse {
    fn default() -> Self {
        Self {
            error_type: "server_error".to_owned(),
            code: "internal_error".to_owned(),
        }
    }
}

/// A response that breaks off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct IncompleteResponse {
    /// Why it says it does.
    pub reason: IncompleteFor,
}

/// Why a response breaks off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum IncompleteFor {
    /// It has as many tokens as it may.
    #[default]
    MaxOutputTokens,
    /// The content filter stops it.
    ContentFilter,
}

/// A turn that is not transcribed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct FailTranscription {
    /// The code of the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Its message; the service's, without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Wait {
    pub(super) fn shortest(self) -> Duration {
        Duration::from_millis(self.ms)
    }

    pub(super) fn jitter(self) -> Duration {
        Duration::from_millis(self.jitter_ms)
    }
}
