//! The types of call scripts, the same in Rust and in files.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::faults::{CallFaults, Fault, FaultKind};
use crate::scenario::{OneOrMany, Phrase, Short, Shorthand};
use crate::telephony::caller::is_key;

/// What a caller does in a call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CallScript {
    /// The JSON Schema of this file, for editors.
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the carrier tells the bridge beside the call, by name: `<Parameter>`s at Twilio.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, String>,
    /// The caller's voice: any name. The same name is the same voice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// Recordings that the bridge may play, by file, with the words in them.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub recordings: IndexMap<String, String>,
    /// Milliseconds that the call may last; 120,000 without. Then the caller hangs up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest_ms: Option<u32>,
    /// What goes wrong with what the carrier sends to the bridge.
    #[serde(skip_serializing_if = "CallFaults::is_empty")]
    pub faults: CallFaults,
    /// What the caller does, in order. After the last step the caller hangs up.
    pub steps: Vec<CallStep>,
}

impl CallScript {
    /// Whether the connection to the bridge breaks in it.
    pub(crate) fn breaks(&self) -> bool {
        let break_it = |faults: &CallFaults| {
            let mut kinds = faults.iter().map(Fault::kind);
            kinds.any(|kind| matches!(kind, FaultKind::Disconnect(_)))
        };
        let breaks = |step: &CallStep| match step {
            CallStep::Break => true,
            CallStep::Faults(faults) => break_it(faults),
            _ => false,
        };
        break_it(&self.faults) || self.steps.iter().any(breaks)
    }
}

/// Something the caller does, waits for or expects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CallStep {
    /// Says something, and is done when it is said. A turn begins with it.
    Say(Short<SayConfig>),
    /// Interrupts the bridge while it speaks. A turn begins with it.
    BargeIn(BargeInConfig),
    /// Presses keys. A turn begins with it.
    Press(KeyPresses),
    /// Waits for what the bridge does.
    WaitFor(Short<WaitConfig>),
    /// Stays silent for so many milliseconds.
    SilentMs(u32),
    /// What has to be true of the turn so far.
    Expect(ExpectConfig),
    /// For so many milliseconds nothing of the caller's audio gets through.
    GapMs(u32),
    /// What goes wrong from now on, beside what did before: numbers and times count from here.
    Faults(CallFaults),
    /// The connection to the bridge breaks.
    Break,
    /// Hangs up.
    HangUp,
}

/// Something that is said. In a file, a text alone is the words.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SayConfig {
    /// What is said.
    #[serde(flatten)]
    pub sound: Sound,
}

/// What something sounds like.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sound {
    /// Words, said by a voice of the mock.
    Text(String),
    /// An audio file, relative to the file of the script.
    File(String),
}

impl<'de> Deserialize<'de> for SayConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Fields {
            text: Option<String>,
            file: Option<String>,
        }
        let sound = match Fields::deserialize(deserializer)? {
            Fields {
                text: Some(text),
                file: None,
            } => Sound::Text(text),
            Fields {
                text: None,
                file: Some(file),
            } => Sound::File(file),
            _ => return Err(de::Error::custom("what is said is a `text` or a `file`")),
        };
        Ok(Self { sound })
    }
}

impl Shorthand for SayConfig {
    fn from_text(text: &str) -> Result<Self, String> {
        Ok(Self {
            sound: Sound::Text(text.to_owned()),
        })
    }

    fn as_text(&self) -> Option<Cow<'_, str>> {
        match &self.sound {
            Sound::Text(text) => Some(Cow::Borrowed(text)),
            Sound::File(_) => None,
        }
    }
}

/// An interruption.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BargeInConfig {
    /// Milliseconds that the bridge has been heard before the caller begins.
    pub after_ms: u32,
    /// What the caller says.
    pub say: Short<SayConfig>,
    /// Milliseconds to wait for the bridge to speak at all; 10,000 without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_ms: Option<u32>,
}

/// What the caller waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitFor {
    /// The bridge begins to speak.
    Speech,
    /// The bridge has spoken in this turn, and is silent again.
    #[default]
    Reply,
    /// The bridge is silent, whether or not it has spoken.
    Silence,
}

impl WaitFor {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Speech => "speech",
            Self::Reply => "reply",
            Self::Silence => "silence",
        }
    }
}

/// What the caller waits for, and how long. In a file, `speech`, `reply` or `silence` alone says all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitConfig {
    /// What for.
    #[serde(rename = "for")]
    pub what: WaitFor,
    /// Milliseconds without a sound that are silence; 800 without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_ms: Option<u32>,
    /// Milliseconds to wait; 10,000 without. Then the step has failed, and the next one follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_ms: Option<u32>,
}

impl Shorthand for WaitConfig {
    fn from_text(text: &str) -> Result<Self, String> {
        let all = [WaitFor::Speech, WaitFor::Reply, WaitFor::Silence];
        let what = all.into_iter().find(|what| what.as_str() == text);
        let what = what.ok_or(
            "there is nothing of this name to wait for; there are speech, reply and silence",
        )?;
        Ok(what.into())
    }

    fn as_text(&self) -> Option<Cow<'_, str>> {
        let bare = self.silence_ms.is_none() && self.within_ms.is_none();
        bare.then_some(Cow::Borrowed(self.what.as_str()))
    }
}

impl From<WaitFor> for WaitConfig {
    fn from(what: WaitFor) -> Self {
        Self {
            what,
            ..Self::default()
        }
    }
}

/// Keys of a telephone, one at least: `0` to `9`, `*`, `#`, `A` to `D`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct KeyPresses(String);

impl KeyPresses {
    /// The keys; the error says which is none.
    pub fn new(keys: impl Into<String>) -> Result<Self, String> {
        let keys = keys.into();
        if keys.is_empty() {
            return Err("no key is pressed here".to_owned());
        }
        match keys.chars().find(|key| !is_key(*key)) {
            Some(other) => Err(format!(
                "a telephone has no key `{other}`; there are 0 to 9, *, # and A to D"
            )),
            None => Ok(Self(keys)),
        }
    }

    /// The keys.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for KeyPresses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for KeyPresses {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("KeyPresses")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9A-D*#]+$" })
    }
}

/// What has to be true of the turn so far: all of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectConfig {
    /// The most milliseconds from the end of what the caller said to the first sound of the answer; in
    /// the first turn from the beginning of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_within_ms: Option<u32>,
    /// The most milliseconds that the bridge is still heard once the caller has interrupted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_within_ms: Option<u32>,
    /// The fewest milliseconds from the first sound of the answer to the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least_ms: Option<u32>,
    /// The most milliseconds from the first sound of the answer to the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most_ms: Option<u32>,
    /// Whether there is no answer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_answer: bool,
    /// What the answer says, all of it: found by the script's recordings, or by whoever knows.
    #[serde(skip_serializing_if = "OneOrMany::is_empty")]
    pub words: OneOrMany<Phrase>,
    /// The bridge has hung up.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hung_up: bool,
}
