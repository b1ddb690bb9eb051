//! All that a session sends.

use mock_realtime::engine::Output;
use serde::Serialize;
use serde_json::{Value, json};

use super::Session;

/// What the session sends now, as JSON.
pub(crate) fn drain(session: &mut Session) -> Vec<Value> {
    let outputs = std::iter::from_fn(|| session.poll());
    outputs.map(as_json).collect()
}

/// An output as JSON; what is no event has no `type`.
pub(crate) fn as_json<S: Serialize>(output: Output<S>) -> Value {
    match output {
        Output::Event(event) => serde_json::to_value(&event).unwrap(),
        Output::Text(text) => json!({ "text": text }),
        Output::Audio { audio, .. } => json!({ "plays": audio.len() }),
        Output::ClearAudio => json!({ "plays": null }),
        Output::Errand(..) => json!({ "errand": true }),
        Output::Close { code, reason } => json!({ "close": code, "reason": reason }),
        _ => panic!("an output that the tests do not know"),
    }
}
