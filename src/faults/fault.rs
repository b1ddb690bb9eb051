//! A fault: what goes wrong, and when.

use std::collections::BTreeMap;
use std::ops::{RangeBounds, RangeInclusive};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::expect::Direction;
use crate::protocol::CloseCode;

use super::kind::{
    AudioClipping, AudioRate, AudioStretch, Bandwidth, BreakSchema, Disconnect, Duplicate,
    FailResponse, FailTranscription, FaultKind, Fragments, IncompleteFor, IncompleteResponse,
    Packets, Point, RefuseHandshake, Reorder, ServiceError, Stall, Truncate, UnknownEvent, Wait,
    WrongId,
};
use super::values::{Chance, Count, EventType, Headers, Numbers};
use super::when::When;

/// Something that goes wrong, and when.
///
/// The constructors name what, the methods after them when; a file says the same in the same words.
///
/// ```
/// use mock_realtime::faults::{Fault, Faults};
/// use mock_realtime::protocol::realtime::ServerEventKind;
///
/// let fault = Fault::duplicate().on(ServerEventKind::ResponseDone).nth(2..).chance(0.5);
/// let written = r#"{
///     "kind": {"duplicate": {}},
///     "when": {"event": "response.done", "nth": {"from": 2}, "chance": 0.5}
/// }"#;
/// assert_eq!(serde_json::from_str::<Fault>(written)?, fault);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "scenario",
    schemars(description = "Something that goes wrong, and when.")
)]
#[serde(deny_unknown_fields, try_from = "Unchecked")]
#[must_use = "nothing goes wrong until a client or a server has it"]
pub struct Fault {
    /// What goes wrong.
    pub(super) kind: FaultKind,
    /// When.
    #[serde(skip_serializing_if = "is_always")]
    pub(super) when: When,
}

fn is_always(when: &When) -> bool {
    *when == When::default()
}

/// A fault whose conditions may be those of another kind.
#[derive(Deserialize)]
#[cfg_attr(feature = "scenario", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "scenario", schemars(rename = "Fault"))]
#[serde(deny_unknown_fields)]
struct Unchecked {
    /// What goes wrong.
    kind: FaultKind,
    /// When.
    #[serde(default)]
    when: When,
}

impl TryFrom<Unchecked> for Fault {
    type Error = String;

    fn try_from(Unchecked { kind, when }: Unchecked) -> Result<Self, String> {
        Self::new(kind, when)
    }
}

impl Fault {
    /// What goes wrong, and when.
    ///
    /// # Errors
    ///
    /// If a condition is none for such a fault: a handshake has no events, a response no bytes.
    pub fn new(kind: FaultKind, when: When) -> Result<Self, String> {
        match kind.problem().or_else(|| unfit(&kind, &when)) {
            Some(problem) => Err(problem),
            None => Ok(Self { kind, when }),
        }
    }

    /// What goes wrong.
    pub fn kind(&self) -> &FaultKind {
        &self.kind
    }

    /// When.
    pub fn when(&self) -> &When {
        &self.when
    }

    fn always(kind: FaultKind) -> Self {
        let when = When::default();
        Self { kind, when }
    }

    /// Answers the handshake with an HTTP error. See [`FaultKind::RefuseHandshake`].
    ///
    /// # Panics
    ///
    /// If the status is none of an error: 400 to 599.
    #[track_caller]
    pub fn refuse_handshake(status: u16) -> Self {
        Self::always(FaultKind::RefuseHandshake(RefuseHandshake {
            status: valid(status.try_into()),
            headers: Headers::default(),
        }))
    }

    /// Answers the handshake with an HTTP error that has these headers, too.
    ///
    /// # Panics
    ///
    /// If the status is none of an error, or a header cannot be sent.
    #[track_caller]
    pub fn refuse_handshake_with<const N: usize>(status: u16, headers: [(&str, &str); N]) -> Self {
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self::always(FaultKind::RefuseHandshake(RefuseHandshake {
            status: valid(status.try_into()),
            headers: valid(BTreeMap::from(headers).try_into()),
        }))
    }

    /// Answers the handshake so late.
    pub fn slow_accept(time: Duration) -> Self {
        Self::always(FaultKind::SlowAccept(wait(&(time..=time))))
    }

    /// Has a frame be so long on its way, to the millisecond. Frames do not overtake each other.
    ///
    /// # Panics
    ///
    /// If the longest time is shorter than the shortest.
    #[track_caller]
    pub fn delay(time: RangeInclusive<Duration>) -> Self {
        assert!(
            !time.is_empty(),
            "no delay is between {:?} and {:?}",
            time.start(),
            time.end()
        );
        Self::always(FaultKind::Delay(wait(&time)))
    }

    /// Has all frames of a side come only so fast.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[track_caller]
    pub fn bandwidth(bytes_per_second: u64) -> Self {
        let bytes_per_second = valid(bytes_per_second.try_into());
        Self::always(FaultKind::Bandwidth(Bandwidth { bytes_per_second }))
    }

    /// Writes a frame of the server to the network in pieces of so many bytes.
    ///
    /// # Panics
    ///
    /// If they are none.
    #[track_caller]
    pub fn packets(bytes: u64, pause: Duration) -> Self {
        Self::always(FaultKind::Packets(Packets {
            bytes: valid(bytes.try_into()),
            pause_ms: milliseconds(pause),
        }))
    }

    /// Sends a frame of the server as fragments of so many bytes.
    ///
    /// # Panics
    ///
    /// If they are none.
    #[track_caller]
    pub fn fragments(bytes: u64) -> Self {
        let bytes = valid(bytes.try_into());
        Self::always(FaultKind::Fragments(Fragments { bytes }))
    }

    /// Lets nothing of a side arrive for a time.
    pub fn stall(time: Duration) -> Self {
        let ms = Some(milliseconds(time));
        Self::always(FaultKind::Stall(Stall { ms }))
    }

    /// Lets nothing of a side arrive ever again.
    pub fn stall_for_ever() -> Self {
        Self::always(FaultKind::Stall(Stall::default()))
    }

    /// Loses a frame. The journal shows it as lost.
    pub fn lose() -> Self {
        Self::always(FaultKind::Drop)
    }

    /// Sends a frame twice.
    pub fn duplicate() -> Self {
        Self::always(FaultKind::Duplicate(Duplicate::default()))
    }

    /// Has so many frames overtake one.
    ///
    /// # Panics
    ///
    /// If they are none or more than 100.
    #[track_caller]
    pub fn reorder(by: u64) -> Self {
        valid(Self::new(
            FaultKind::Reorder(Reorder {
                by: valid(by.try_into()),
                ..Reorder::default()
            }),
            When::default(),
        ))
    }

    /// Swaps a delta with the next of its type.
    pub fn swap_deltas() -> Self {
        Self::always(FaultKind::SwapDeltas)
    }

    /// Cuts off the text of a frame anywhere.
    pub fn truncate() -> Self {
        Self::always(FaultKind::Truncate(Truncate::default()))
    }

    /// Makes the text of a frame no JSON.
    pub fn malform() -> Self {
        Self::always(FaultKind::Malform)
    }

    /// Breaks the schema in a field of an event.
    pub fn break_schema() -> Self {
        Self::always(FaultKind::BreakSchema(BreakSchema::default()))
    }

    /// Puts the id of nothing into an event.
    pub fn wrong_id() -> Self {
        Self::always(FaultKind::WrongId(WrongId::default()))
    }

    /// Sends an event of an unknown type before a frame.
    pub fn unknown_event() -> Self {
        Self::always(FaultKind::UnknownEvent(UnknownEvent::default()))
    }

    /// Takes so much sound out of an audio delta.
    pub fn audio_gap(time: Duration) -> Self {
        Self::always(FaultKind::AudioGap(stretch(time)))
    }

    /// Puts so much noise into an audio delta.
    pub fn audio_burst(time: Duration) -> Self {
        Self::always(FaultKind::AudioBurst(stretch(time)))
    }

    /// Has an audio delta be of another sample rate.
    ///
    /// # Panics
    ///
    /// If it is none from 1,000 to 384,000.
    #[track_caller]
    pub fn audio_rate(hz: u32) -> Self {
        let hz = valid(hz.try_into());
        Self::always(FaultKind::AudioRate(AudioRate { hz }))
    }

    /// Makes so much of an audio delta silent.
    pub fn audio_silence(time: Duration) -> Self {
        Self::always(FaultKind::AudioSilence(stretch(time)))
    }

    /// Cuts off what is loud in an audio delta.
    pub fn audio_clipping() -> Self {
        Self::always(FaultKind::AudioClipping(AudioClipping::default()))
    }

    /// Closes the connection instead of a frame; at its beginning, where no frame is named and no time.
    ///
    /// # Panics
    ///
    /// If the code is none that may be sent.
    #[track_caller]
    pub fn close(code: u16, reason: impl Into<String>) -> Self {
        Self::always(FaultKind::Disconnect(Disconnect {
            code: Some(valid(CloseCode::try_from(code))),
            reason: reason.into(),
        }))
    }

    /// The same without a close, as networks break.
    pub fn disconnect() -> Self {
        Self::always(FaultKind::Disconnect(Disconnect::default()))
    }

    /// Has the service report an error.
    pub fn service_error(error: ServiceError) -> Self {
        Self::always(FaultKind::ServiceError(error))
    }

    /// Makes a response fail before it has said anything. `error_type` is the type of the error, such
    /// as `server_error`; `code` its code, such as `rate_limit_exceeded`. What it would have said is
    /// said by the response after it.
    pub fn fail_response(error_type: impl Into<String>, code: impl Into<String>) -> Self {
        Self::always(FaultKind::FailResponse(FailResponse {
            error_type: error_type.into(),
            code: code.into(),
        }))
    }

    /// Breaks off a response in its last item.
    pub fn incomplete_response(reason: IncompleteFor) -> Self {
        Self::always(FaultKind::IncompleteResponse(IncompleteResponse { reason }))
    }

    /// Stops a response in its last item, which is never done.
    pub fn stuck_response() -> Self {
        Self::always(FaultKind::StuckResponse)
    }

    /// Has a turn of the user not be transcribed.
    pub fn fail_transcription() -> Self {
        Self::always(FaultKind::FailTranscription(FailTranscription::default()))
    }
}

/// When. A condition that is none for such a fault is found when the fault is used.
impl Fault {
    /// In these connections alone, counted from 0.
    pub fn in_connections(mut self, connections: impl RangeBounds<u64>) -> Self {
        self.when.connections = Some(Numbers::within(connections));
        self
    }

    /// On what this side sends.
    pub fn from(mut self, side: Direction) -> Self {
        self.when.from = Some(side);
        self
    }

    /// On events of this type, beside those that were said before.
    pub fn on(mut self, event: impl Into<EventType>) -> Self {
        self.when.event.0.push(event.into());
        self
    }

    /// On those with these numbers, counted from 1: `2..=2` is the second.
    pub fn nth(mut self, numbers: impl RangeBounds<u64>) -> Self {
        self.when.nth = Some(Numbers::within(numbers));
        self
    }

    /// On every so many of them.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[track_caller]
    pub fn every(mut self, number: u64) -> Self {
        self.when.every = Some(valid(Count::try_from(number)));
        self
    }

    /// So often at most in a session.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[track_caller]
    pub fn times(mut self, number: u64) -> Self {
        self.when.times = Some(valid(Count::try_from(number)));
        self
    }

    /// With this chance each time: 0.0 for never, 1.0 for always.
    ///
    /// # Panics
    ///
    /// If it is no chance.
    #[track_caller]
    pub fn chance(mut self, chance: f64) -> Self {
        self.when.chance = Some(valid(Chance::try_from(chance)));
        self
    }

    /// Not before the session is so old, to the millisecond.
    pub fn after(mut self, age: Duration) -> Self {
        self.when.after_ms = milliseconds(age);
        self
    }

    /// Not before so many bytes were sent.
    pub fn after_bytes(mut self, bytes: u64) -> Self {
        self.when.after_bytes = bytes;
        self
    }

    /// The fault, if all of its conditions are such as it can have.
    pub(super) fn checked(self) -> Result<Self, String> {
        Self::new(self.kind, self.when)
    }
}

/// What is wrong with the conditions of a fault, if something is.
fn unfit(kind: &FaultKind, when: &When) -> Option<String> {
    let has = [
        ("from", when.from.is_some()),
        ("event", !when.event.is_empty()),
        ("after_bytes", when.after_bytes > 0),
        ("nth", when.nth.is_some()),
        ("every", when.every.is_some()),
        ("times", when.times.is_some()),
        ("after_ms", when.after_ms > 0),
    ];
    let (what, cannot): (_, &[&str]) = match kind.point() {
        Point::Frame => ("a frame", &[]),
        Point::Response => ("a response", &["from", "event", "after_bytes"]),
        Point::Transcription => ("a transcription", &["from", "event", "after_bytes"]),
        Point::Handshake => (
            "a handshake",
            &[
                "from",
                "event",
                "after_bytes",
                "nth",
                "every",
                "times",
                "after_ms",
            ],
        ),
    };
    let name = kind.name();
    if let Some((condition, _)) = has.iter().find(|(key, has)| *has && cannot.contains(key)) {
        return Some(format!(
            "`{name}` is about {what}, which has no `{condition}`"
        ));
    }
    if let Some(event) = when.event.0.iter().find(|event| !event.is_of_session()) {
        let event = String::from(event.clone());
        return Some(format!(
            "sessions have no event `{event}`; what goes wrong in calls is in their script"
        ));
    }
    if kind.is_of_server() && !when.is_of(Direction::Server) {
        return Some(format!(
            "`{name}` is about what the server sends, and this is when the client does"
        ));
    }
    None
}

fn stretch(time: Duration) -> AudioStretch {
    let ms = Some(milliseconds(time));
    AudioStretch { ms }
}

fn wait(time: &RangeInclusive<Duration>) -> Wait {
    let ms = milliseconds(*time.start());
    Wait {
        ms,
        jitter_ms: milliseconds(*time.end()).saturating_sub(ms),
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// What a test has said, if it can be.
#[track_caller]
pub(super) fn valid<T>(said: Result<T, String>) -> T {
    said.unwrap_or_else(|problem| panic!("{problem}"))
}
