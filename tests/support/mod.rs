//! What several tests need.
#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

#[cfg(feature = "admin")]
pub(crate) mod admin;
pub(crate) mod any_plan;
pub(crate) mod cut_audio;
#[cfg(feature = "scenario")]
pub(crate) mod dialogue;
mod drain;
pub(crate) mod fuzzed;
pub(crate) mod instance;
pub(crate) mod loaded;
pub(crate) mod replay;
mod session;
pub(crate) mod sound;
pub(crate) mod transcript;
pub(crate) mod wire;

pub(crate) use drain::{as_json, drain};
pub(crate) use session::{Session, SpokenSession, TranslatingSession};

use std::path::PathBuf;
use std::time::Duration;

use mock_realtime::conformance::Schema;
use mock_realtime::engine::Input;
use mock_realtime::expect::Direction;
use mock_realtime::protocol::realtime::OBSERVED_SCHEMA;
use serde_json::{Value, json};

/// The folder with OpenAI's document and the recorded sessions: beside the project, or where
/// `MOCK_REALTIME_SHARED` says. It is no part of the project; a test that wants it says so and
/// passes where it is not.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("MOCK_REALTIME_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let path = shared.join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}

/// Gives the frame to the session at its beginning; returns what it sends, as JSON.
pub(crate) fn answer(session: &mut Session, frame: &str) -> Vec<Value> {
    session.handle(Input::Text(frame), Duration::ZERO);
    drain(session)
}

/// The types of these events.
pub(crate) fn types(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["type"].as_str().unwrap_or("?"))
        .collect()
}

/// Whether an event of the server is valid, of a conversation or of a translation.
pub(crate) fn assert_valid_server_event(event: &Value) {
    assert_valid(Schema::Observed, event);
}

/// The same of an event of the beta, by what its wire carried.
pub(crate) fn assert_valid_beta_event(event: &Value) {
    assert_valid(Schema::Beta, event);
}

fn assert_valid(schema: Schema, event: &Value) {
    let broken = schema.violations(Direction::Server, event);
    let broken: Vec<String> = broken.iter().map(ToString::to_string).collect();
    assert!(broken.is_empty(), "{event}\n{}", broken.join("\n"));
}

/// A validator for a definition of the observed schema.
pub(crate) fn validator(definition: &str) -> jsonschema::Validator {
    validator_of(OBSERVED_SCHEMA, definition)
}

/// A validator for a definition of a schema.
pub(crate) fn validator_of(schema: &str, definition: &str) -> jsonschema::Validator {
    let mut schema: Value = serde_json::from_str(schema).unwrap();
    schema["$ref"] = json!(format!("#/$defs/{definition}"));
    jsonschema::validator_for(&schema).unwrap()
}

/// Whether two values are the same JSON: `3` and `3.0` are one number.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, value)| other.get(key).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}
