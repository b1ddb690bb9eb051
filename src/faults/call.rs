//! What goes wrong in calls: the same faults, in what a carrier sends to a bridge.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::protocol::{EventKind, audiocodes, twilio};

use super::fault::valid;
use super::kind::{FaultKind, OF_CALLS};
use super::values::{Chance, Count, EventType, EventTypes, Numbers, names};
use super::when::When;
use super::{Fault, Faults};

/// What goes wrong with the messages of a carrier on their way to a bridge: any number of faults side by
/// side, which the [script](crate::telephony::script::CallScript) of a call has.
///
/// A fault is what it is in a session, and happens when it does there; frames of the server are the
/// messages of the carrier, and the session's clock is the call's. There are `delay`, `bandwidth`,
/// `stall`, `drop`, `duplicate`, `reorder`, `truncate`, `malform`, `break_schema`, `wrong_id`,
/// `unknown_event` and `disconnect`.
///
/// ```
/// use mock_realtime::faults::{CallFaults, Fault};
/// use mock_realtime::protocol::{audiocodes, twilio};
///
/// // In the words of both carriers, so that a script goes with either.
/// let faults = CallFaults::from(
///     Fault::malform()
///         .on(twilio::CarrierMessageKind::Media)
///         .on(audiocodes::CarrierMessageKind::UserStreamChunk)
///         .nth(50..=50),
/// );
/// let written = r#"{"seed": 0, "rules": [
///     {"kind": "malform", "when": {"event": ["media", "userStream.chunk"], "nth": {"from": 50, "to": 50}}}
/// ]}"#;
/// assert_eq!(serde_json::from_str::<CallFaults>(written)?, faults);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[must_use = "nothing goes wrong until a script has them"]
pub struct CallFaults {
    /// What chances, delays and everything else are drawn from, beside the seed of the call.
    seed: u64,
    /// What goes wrong.
    rules: Vec<CallFault>,
}

impl CallFaults {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What everything is drawn from, beside the seed of the call: each call has its own draws.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The same with one more.
    ///
    /// # Panics
    ///
    /// If calls have no such fault, or no such condition: a carrier has no responses, and a call is one
    /// connection.
    #[track_caller]
    pub fn with(mut self, fault: Fault) -> Self {
        self.rules.push(valid(CallFault::new(fault)));
        self
    }

    /// The faults, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.rules.iter().map(|rule| &rule.0)
    }

    /// Whether nothing goes wrong.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The same as any set.
    pub(crate) fn to_faults(&self) -> Faults {
        Faults {
            seed: self.seed,
            rules: self.iter().cloned().collect(),
        }
    }
}

impl From<Fault> for CallFaults {
    #[track_caller]
    fn from(fault: Fault) -> Self {
        Self::new().with(fault)
    }
}

/// A fault that there is in calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(description = "Something that goes wrong in a call, and when.")]
#[serde(try_from = "Unchecked")]
struct CallFault(Fault);

impl CallFault {
    fn new(fault: Fault) -> Result<Self, String> {
        let Fault { kind, when } = &fault;
        let problem = kind.problem().or_else(|| unfit(kind)).or_else(|| {
            if when.from.is_some() || when.connections.is_some() {
                return Some(
                    "in a call it is what the carrier sends that goes wrong, on one connection; \
                     neither `from` nor `connections` can be said"
                        .to_owned(),
                );
            }
            let mut events = when.event.0.iter();
            let other = events.find(|event| !event.is_of_call())?;
            Some(unknown(&String::from(other.clone())))
        });
        problem.map_or(Ok(Self(fault)), Err)
    }
}

/// What is wrong with a kind that calls have not.
fn unfit(kind: &FaultKind) -> Option<String> {
    (!kind.is_of_call()).then(|| {
        let (name, all) = (kind.name(), OF_CALLS.join(", "));
        format!("a call has no fault `{name}`; there are {all}")
    })
}

fn unknown(name: &str) -> String {
    format!(
        "no carrier sends a message `{name}`; Twilio sends {}; AudioCodes sends {}",
        list::<twilio::CarrierMessageKind>(),
        list::<audiocodes::CarrierMessageKind>()
    )
}

fn list<K: EventKind>() -> String {
    names::<K>().collect::<Vec<_>>().join(", ")
}

/// The types of all messages that carriers send.
pub(super) fn message_types() -> impl Iterator<Item = &'static str> {
    names::<twilio::CarrierMessageKind>().chain(names::<audiocodes::CarrierMessageKind>())
}

impl From<twilio::CarrierMessageKind> for EventType {
    fn from(kind: twilio::CarrierMessageKind) -> Self {
        Self::known(kind.as_str())
    }
}

impl From<audiocodes::CarrierMessageKind> for EventType {
    fn from(kind: audiocodes::CarrierMessageKind) -> Self {
        Self::known(kind.as_str())
    }
}

/// A fault as it is written in the script of a call.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CallFault")]
#[serde(deny_unknown_fields)]
struct Unchecked {
    /// What goes wrong.
    kind: CallFaultKind,
    /// When.
    #[serde(default)]
    when: CallWhen,
}

impl TryFrom<Unchecked> for CallFault {
    type Error = String;

    fn try_from(Unchecked { kind, when }: Unchecked) -> Result<Self, String> {
        Self::new(Fault {
            kind: kind.0,
            when: when.into(),
        })
    }
}

/// A kind of fault that calls have.
#[derive(Deserialize)]
#[serde(try_from = "FaultKind")]
struct CallFaultKind(FaultKind);

impl TryFrom<FaultKind> for CallFaultKind {
    type Error = String;

    fn try_from(kind: FaultKind) -> Result<Self, String> {
        unfit(&kind).map_or(Ok(Self(kind)), Err)
    }
}

impl JsonSchema for CallFaultKind {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CallFaultKind".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let kinds = generator.subschema_for::<FaultKind>();
        json_schema!({
            "description": "What goes wrong.",
            "allOf": [
                kinds,
                {
                    "anyOf": [
                        { "type": "string", "enum": OF_CALLS },
                        { "type": "object", "propertyNames": { "enum": OF_CALLS } },
                    ],
                },
            ],
        })
    }
}

/// When a fault happens in a call: all that is said has to hold. Where nothing is said, each time it
/// can.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct CallWhen {
    /// The types of the carrier's messages, such as `media` and `userStream.chunk`. `userStream.*` is
    /// all that begin so. A script for both carriers names those of both.
    event: EventTypes<MessageType>,
    /// Which of the messages that everything above holds of, counted from 1.
    nth: Option<Numbers>,
    /// Every so many of them: 3 is the third, the sixth and so on.
    every: Option<Count>,
    /// How often at most in a call.
    times: Option<Count>,
    /// With this chance, each time everything else holds.
    chance: Option<Chance>,
    /// Not before so many milliseconds of the call; in a step, so many after the step.
    after_ms: u64,
    /// Not before so many bytes were sent, those of the message included.
    after_bytes: u64,
}

impl From<CallWhen> for When {
    fn from(when: CallWhen) -> Self {
        Self {
            connections: None,
            from: None,
            event: EventTypes(when.event.0.into_iter().map(|event| event.0).collect()),
            nth: when.nth,
            every: when.every,
            times: when.times,
            chance: when.chance,
            after_ms: when.after_ms,
            after_bytes: when.after_bytes,
        }
    }
}

/// The type of a message that a carrier sends.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct MessageType(EventType);

impl TryFrom<String> for MessageType {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let event = EventType::known(name);
        if event.is_of_call() {
            return Ok(Self(event));
        }
        Err(unknown(&String::from(event)))
    }
}

super::values::schema!(MessageType, { "type": "string" });
