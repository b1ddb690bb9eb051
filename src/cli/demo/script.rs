//! Who says what.

use std::io;
use std::time::Duration;

use mock_realtime::audio::Clip;
use mock_realtime::engine::{KnownRecordings, Pacing, ScriptedTranscriber, SessionOptions};
use mock_realtime::generators::{ResponsePlan, Scripted};
use mock_realtime::protocol::realtime::SessionConfig;
use serde_json::{Value, json};

use super::call::{Call, SLOWER};

const QUESTION: &str = "Is there a table for four at seven?";
const CALL: &str = r#"{"people":4,"time":"19:00"}"#;
const FOUND: &str = r#"{"free":["19:00","21:00"]}"#;
const LONG_ANSWER: &str = "Yes, there is one by the window at seven, and a quiet one at nine. Before \
     I book it, let me read you the menu of the day, which is long and very good.";
const INTERRUPTION: &str = "At seven, please!";
const SHORT_ANSWER: &str = "Seven it is. See you then!";

/// So much of the long answer the caller listens to.
const PATIENCE: Duration = Duration::from_millis(2_400);

/// The voices of the caller, and how fast they speak.
const CALLER: &str = "ash";
const SPEED: f64 = 1.3;

/// What happens in the demo.
pub(super) async fn hold(call: &mut Call) -> io::Result<()> {
    call.chapter("The agent opens a session and says what it can do")?;
    call.configure(agent()).await?;
    call.chapter("The caller asks. The mock hears when they speak, and what they say")?;
    call.pass(Duration::from_millis(300)).await?;
    call.say(QUESTION, clip(QUESTION)).await?;
    call.chapter("The mock calls a function of the agent")?;
    call.until_called().await?;
    call.chapter("The agent gives the function's output, and the mock speaks")?;
    call.answer(FOUND).await?;
    call.until_heard(PATIENCE).await?;
    call.chapter(
        "The caller interrupts: the response is cancelled, and what nobody heard forgotten",
    )?;
    call.say(INTERRUPTION, clip(INTERRUPTION)).await?;
    call.chapter("The mock answers what was said instead")?;
    call.until_silent().await
}

fn clip(text: &str) -> Clip {
    Clip::spoken(text, CALLER, SPEED)
}

/// The agent's side of the session.
fn agent() -> io::Result<SessionConfig> {
    let session: Value = json!({
        "type": "realtime",
        "instructions": "You take bookings for Luigi's.",
        "audio": { "input": {
            "transcription": { "model": "gpt-4o-transcribe" },
            "turn_detection": { "type": "server_vad", "silence_duration_ms": 300 },
        }},
        "tools": [{
            "type": "function",
            "name": "find_table",
            "parameters": { "type": "object", "properties": {
                "people": { "type": "integer" }, "time": { "type": "string" },
            }},
        }],
    });
    serde_json::from_value(session).map_err(io::Error::other)
}

/// The mock's side of it.
pub(super) fn mock(session: &mut SessionOptions) {
    let known = [QUESTION, INTERRUPTION].map(|text| (clip(text), text));
    session.transcriber =
        Box::new(KnownRecordings::new(known).or_else(ScriptedTranscriber::default()));
    session.generator = Box::new(Scripted::of([
        ResponsePlan::call("find_table", CALL),
        ResponsePlan::message(LONG_ANSWER),
        ResponsePlan::message(SHORT_ANSWER),
    ]));
    session.pacing = Pacing {
        first: Pacing::REALISTIC.first * SLOWER,
        text: Pacing::REALISTIC.text * SLOWER,
        audio: Pacing::REALISTIC.audio * SLOWER,
    };
    session.maximum_duration *= SLOWER;
}
