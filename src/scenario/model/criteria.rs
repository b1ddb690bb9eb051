//! When a response may be chosen.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::short::{OneOrMany, Short, Shorthand};
use super::text::{JsonPath, Pattern, Phrase, only_text};
use crate::scenario::Situation;

/// The conditions of a response. All that are given have to hold, and each that holds gives points.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResponseSelectionCriteria {
    /// What the user said last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Short<TextCondition>>,
    /// What the user means: any of these intents.
    #[serde(skip_serializing_if = "OneOrMany::is_empty")]
    pub intent: OneOrMany<String>,
    /// How often the user has spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<TurnRange>,
    /// The state the conversation is in: any of these.
    #[serde(skip_serializing_if = "OneOrMany::is_empty")]
    pub state: OneOrMany<String>,
    /// What has been captured by now: all of these names.
    #[serde(skip_serializing_if = "OneOrMany::is_empty")]
    pub captured: OneOrMany<String>,
    /// What the response is to be made of: all of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modality: Vec<ModalityConfig>,
    /// Whether there are tools and they may be called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools_usable: Option<bool>,
    /// What a tool has just given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_output: Option<Short<ToolOutputCondition>>,
    /// Whether the user has just allowed or refused an MCP call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// What the assistant said last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assistant: Option<Short<TextCondition>>,
    /// The instructions of the response or, without, of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<Short<TextCondition>>,
    /// The keys of a telephone that the user pressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dtmf: Option<Keys>,
    /// What the metadata of the response or of the session's trace has: all of it.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub metadata: IndexMap<String, String>,
    /// The session's model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The voice of the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// Nobody has said anything for so many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_input_seconds: Option<f64>,
    /// Whether there is an image in what the user sent last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<bool>,
    /// All of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub all: Vec<ResponseSelectionCriteria>,
    /// One of these at least.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub any: Vec<ResponseSelectionCriteria>,
    /// Not this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not: Option<Box<ResponseSelectionCriteria>>,
    /// What Rust says of it: all of these. They cannot be written to a file.
    #[serde(skip)]
    pub custom: Vec<Predicate>,
}

impl ResponseSelectionCriteria {
    /// Whether there is no condition.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Itself and all criteria within it.
    pub(crate) fn and_within(&self) -> Vec<&Self> {
        let mut all = vec![self];
        let within = self.all.iter().chain(&self.any).chain(self.not.as_deref());
        for criteria in within {
            all.extend(criteria.and_within());
        }
        all
    }
}

/// What a text has to be like. In a file, a text alone is a phrase it has to have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TextCondition {
    /// It has one of these phrases at least.
    #[serde(skip_serializing_if = "OneOrMany::is_empty")]
    pub any: OneOrMany<Phrase>,
    /// It has all of these phrases.
    #[serde(skip_serializing_if = "OneOrMany::is_empty")]
    pub all: OneOrMany<Phrase>,
    /// It has none of these phrases.
    #[serde(skip_serializing_if = "OneOrMany::is_empty")]
    pub none: OneOrMany<Phrase>,
    /// One of these patterns is found in it. Named groups are captured.
    #[serde(skip_serializing_if = "OneOrMany::is_empty")]
    pub matches: OneOrMany<Pattern>,
    /// A pattern that is found here gives points; none has to be.
    #[serde(skip_serializing_if = "OneOrMany::is_empty")]
    pub prefer: OneOrMany<Pattern>,
    /// Whether phrases are found within other words, too: `no` in `know`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub within_words: bool,
}

impl TextCondition {
    pub(crate) fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.matches.iter().chain(self.prefer.iter())
    }
}

impl Shorthand for TextCondition {
    fn from_text(text: &str) -> Result<Self, String> {
        Ok(Self {
            any: Phrase::from_text(text)?.into(),
            ..Self::default()
        })
    }

    fn as_text(&self) -> Option<Cow<'_, str>> {
        let [phrase] = self.any.as_slice() else {
            return None;
        };
        let alone = Self {
            any: phrase.clone().into(),
            ..Self::default()
        };
        (*self == alone).then(|| Cow::Borrowed(phrase.as_str()))
    }
}

/// Turns of the user, from 1; both bounds are within.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TurnRange {
    /// From this turn on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min: Option<u32>,
    /// Until this turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max: Option<u32>,
}

/// A range that ends before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnsoundRange {
    min: u32,
    max: u32,
}

impl fmt::Display for UnsoundRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { min, max } = self;
        write!(f, "no turn is at least {min} and at most {max}")
    }
}

impl std::error::Error for UnsoundRange {}

impl TurnRange {
    /// From `min` on until `max`.
    pub fn new(min: Option<u32>, max: Option<u32>) -> Result<Self, UnsoundRange> {
        match (min, max) {
            (Some(min), Some(max)) if min > max => Err(UnsoundRange { min, max }),
            _ => Ok(Self { min, max }),
        }
    }

    /// The turns of a range, such as `2..=5` or `..3`.
    pub fn of(range: impl RangeBounds<u32>) -> Result<Self, UnsoundRange> {
        let min = match range.start_bound() {
            Bound::Included(turn) => Some(*turn),
            Bound::Excluded(turn) => Some(turn.saturating_add(1)),
            Bound::Unbounded => None,
        };
        let max = match range.end_bound() {
            Bound::Included(turn) => Some(*turn),
            Bound::Excluded(turn) => Some(turn.saturating_sub(1)),
            Bound::Unbounded => None,
        };
        Self::new(min, max)
    }

    /// Whether a turn is within.
    pub fn contains(self, turn: u32) -> bool {
        self.min.is_none_or(|min| turn >= min) && self.max.is_none_or(|max| turn <= max)
    }
}

impl fmt::Display for TurnRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.min, self.max) {
            (Some(min), Some(max)) if min == max => write!(f, "turn {min}"),
            (Some(min), Some(max)) => write!(f, "turns {min} to {max}"),
            (Some(min), None) => write!(f, "turn {min} or later"),
            (None, Some(max)) => write!(f, "turn {max} or earlier"),
            (None, None) => f.write_str("any turn"),
        }
    }
}

impl<'de> Deserialize<'de> for TurnRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Bounds {
            #[serde(default)]
            min: Option<u32>,
            #[serde(default)]
            max: Option<u32>,
        }
        let Bounds { min, max } = Bounds::deserialize(deserializer)?;
        Self::new(min, max).map_err(serde::de::Error::custom)
    }
}

/// What a response is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModalityConfig {
    /// Text.
    Text,
    /// Speech.
    Audio,
}

/// What a tool has just given. In a file, the tool's name alone is enough where its output does not
/// matter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolOutputCondition {
    /// The tool.
    pub tool: String,
    /// Where in its output to look; all of it, without. Output that is not JSON is a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<JsonPath>,
    /// What has to be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Value>,
    /// What has to be found there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<Pattern>,
}

impl Shorthand for ToolOutputCondition {
    fn from_text(text: &str) -> Result<Self, String> {
        Ok(Self {
            tool: text.to_owned(),
            ..Self::default()
        })
    }

    fn as_text(&self) -> Option<Cow<'_, str>> {
        let bare = self.path.is_none() && self.equals.is_none() && self.matches.is_none();
        bare.then_some(Cow::Borrowed(self.tool.as_str()))
    }
}

/// What the user said to an MCP call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// It may be made.
    Given,
    /// It may not.
    Refused,
}

/// Keys of a telephone: `0` to `9`, `*`, `#` and `A` to `D`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys(String);

/// Something that is no key of a telephone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotKeys(String);

impl fmt::Display for NotKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` are no keys of a telephone, which has 0 to 9, *, # and A to D",
            self.0
        )
    }
}

impl std::error::Error for NotKeys {}

impl Keys {
    /// The keys; an error if there are none or one is not on a telephone.
    pub fn new(keys: &str) -> Result<Self, NotKeys> {
        let is_key = |key: char| matches!(key, '0'..='9' | '*' | '#' | 'A'..='D');
        if !keys.is_empty() && keys.chars().all(is_key) {
            Ok(Self(keys.to_owned()))
        } else {
            Err(NotKeys(keys.to_owned()))
        }
    }

    /// The keys, one character each.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Shorthand for Keys {
    const ONLY_TEXT: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        Self::new(text).map_err(|error| error.to_string())
    }

    fn as_text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.0))
    }
}

only_text! {
    Keys, "Keys of a telephone: 0 to 9, *, # and A to D.", None;
}

/// A condition that Rust decides.
#[derive(Clone)]
pub struct Predicate {
    name: Arc<str>,
    #[allow(clippy::type_complexity, reason = "the only place where it stands")]
    holds: Arc<dyn Fn(&Situation) -> bool + Send + Sync>,
}

impl Predicate {
    /// A condition that holds where `holds` says so; `name` stands for it in explanations.
    pub fn new(
        name: impl Into<Arc<str>>,
        holds: impl Fn(&Situation) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            holds: Arc::new(holds),
        }
    }

    /// What stands for it in explanations.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it holds.
    pub fn holds(&self, situation: &Situation) -> bool {
        (self.holds)(situation)
    }
}

impl fmt::Debug for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Predicate").field(&self.name).finish()
    }
}

impl PartialEq for Predicate {
    /// The same closure, not one that does the same.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.holds, &other.holds)
    }
}
