//! Response configs of the Python original, as a scenario.

use std::fmt;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::model::{
    Answer, Arguments, FunctionCallConfig, MessageConfig, MockResponseConfig, ModalityConfig,
    OneOrMany, Pace, Pattern, Phrase, ResponseSelectionCriteria, Scenario, Short, Template,
    TextCondition, TurnRange,
};

/// Why a response config of the Python original cannot be converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unconvertible {
    /// The key of the config; none where the file is not even one of configs.
    pub response: Option<String>,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for Unconvertible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.response {
            Some(response) => write!(f, "the config `{response}`: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for Unconvertible {}

/// A config as the original writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    audio_file: Option<String>,
    #[serde(default)]
    audio_data: Option<super::model::AudioData>,
    #[serde(default)]
    delay_seconds: Option<f64>,
    #[serde(default)]
    audio_chunk_delay: Option<f64>,
    #[serde(default)]
    function_call: Option<Call>,
    #[serde(default)]
    selection_criteria: Option<Criteria>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    name: String,
    #[serde(default)]
    arguments: Map<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Criteria {
    required_keywords: Option<Vec<String>>,
    excluded_keywords: Option<Vec<String>>,
    required_intents: Option<Vec<String>>,
    min_turn_count: Option<u32>,
    max_turn_count: Option<u32>,
    required_modalities: Option<Vec<ModalityConfig>>,
    requires_function_call: Option<bool>,
    priority: i32,
    context_patterns: Option<Vec<String>>,
}

/// The scenario that the response configs of the Python original make: JSON, an object of configs by
/// their keys.
///
/// Keywords become whole words, patterns stay a bonus, and a config without criteria becomes a
/// catch-all. Delays, which were for a character and for 100 ms of sound, become those of a delta.
///
/// ```
/// let configs = r#"{"hi": {"text": "Hello!", "selection_criteria": {"required_keywords": ["hi"]}}}"#;
/// let scenario = mock_realtime::scenario::convert(configs)?;
/// assert_eq!(scenario.responses["hi"].text(), Some("Hello!"));
/// # Ok::<(), mock_realtime::scenario::Unconvertible>(())
/// ```
pub fn convert(json: &str) -> Result<Scenario, Unconvertible> {
    let configs: IndexMap<String, Value> =
        serde_json::from_str(json).map_err(|error| Unconvertible {
            response: None,
            reason: format!("this is no JSON object of response configs: {error}"),
        })?;
    let mut scenario = Scenario::default();
    for (key, config) in configs {
        let response = serde_json::from_value(config)
            .map_err(|error| error.to_string())
            .and_then(response);
        let response = response.map_err(|reason| Unconvertible {
            response: Some(key.clone()),
            reason,
        })?;
        scenario.responses.insert(key, response);
    }
    Ok(scenario)
}

fn response(config: Config) -> Result<MockResponseConfig, String> {
    let criteria = config.selection_criteria.unwrap_or_default();
    let mut answer = Answer::empty();
    if let Some(call) = config.function_call {
        answer.call = OneOrMany::from(FunctionCallConfig {
            name: call.name,
            arguments: Arguments::Json(literal(call.arguments)),
            call_id: None,
        });
    } else {
        let text = config.text.unwrap_or_default();
        answer.say = Some(Short(MessageConfig {
            text: Template::literal(text),
            audio_file: config.audio_file,
            audio_data: config.audio_data,
            ..MessageConfig::default()
        }));
    }
    let text_ms = config.delay_seconds.map(milliseconds).transpose()?;
    let audio_ms = config.audio_chunk_delay.map(milliseconds).transpose()?;
    if text_ms.is_some() || audio_ms.is_some() {
        answer.pacing = Some(Short(Pace {
            text_ms,
            audio_ms,
            ..Pace::default()
        }));
    }
    Ok(MockResponseConfig {
        priority: criteria.priority,
        when: conditions(criteria)?,
        answer: answer.into(),
        ..MockResponseConfig::default()
    })
}

fn conditions(criteria: Criteria) -> Result<ResponseSelectionCriteria, String> {
    let turn = match (criteria.min_turn_count, criteria.max_turn_count) {
        (None, None) => None,
        (min, max) => Some(TurnRange::new(min, max).map_err(|error| error.to_string())?),
    };
    let text = TextCondition {
        any: phrases(criteria.required_keywords)?,
        none: phrases(criteria.excluded_keywords)?,
        prefer: patterns(criteria.context_patterns)?,
        ..TextCondition::default()
    };
    Ok(ResponseSelectionCriteria {
        text: (text != TextCondition::default()).then_some(Short(text)),
        intent: criteria.required_intents.unwrap_or_default().into(),
        turn,
        modality: criteria.required_modalities.unwrap_or_default(),
        tools_usable: criteria.requires_function_call,
        ..ResponseSelectionCriteria::default()
    })
}

fn phrases(words: Option<Vec<String>>) -> Result<OneOrMany<Phrase>, String> {
    let words = words.unwrap_or_default().into_iter();
    let phrases = words.map(|word| Phrase::new(word).map_err(|error| error.to_string()));
    phrases.collect()
}

fn patterns(sources: Option<Vec<String>>) -> Result<OneOrMany<Pattern>, String> {
    let sources = sources.unwrap_or_default();
    let patterns = sources.iter().map(|source| {
        Pattern::new(source)
            .map_err(|error| format!("`{source}` is not a regular expression: {error}"))
    });
    patterns.collect()
}

/// Arguments as they are: the original has no templates.
fn literal(arguments: Map<String, Value>) -> Map<String, Value> {
    fn value(of: Value) -> Value {
        match of {
            Value::String(text) => Value::String(Template::literal(text).as_str().to_owned()),
            Value::Array(items) => items.into_iter().map(value).collect(),
            Value::Object(object) => Value::Object(literal(object)),
            other => other,
        }
    }
    arguments
        .into_iter()
        .map(|(key, of)| (key, value(of)))
        .collect()
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked"
)]
fn milliseconds(seconds: f64) -> Result<u32, String> {
    let most = f64::from(u32::MAX) / 1000.0;
    if (0.0..most).contains(&seconds) {
        Ok((seconds * 1000.0).round() as u32)
    } else {
        Err(format!("a delay of {seconds} s is none"))
    }
}
