//! An example of each kind of fault, and what a client does that meets it.

use std::time::Duration;

use mock_realtime::engine::{ScriptedTranscriber, SessionOptions};
use mock_realtime::expect::Direction;
use mock_realtime::faults::{Fault, FaultKind, IncompleteFor, ServiceError};
use mock_realtime::generators::Scripted;
use mock_realtime::protocol::realtime::{ClientEventKind, ServerEventKind};
use serde_json::{Value, json};

const MS: Duration = Duration::from_millis(1);

/// One of each kind at least.
pub(crate) fn examples() -> Vec<Fault> {
    let delta = ServerEventKind::ResponseOutputTextDelta;
    let sound = |fault: Fault| fault.nth(1..=1);
    vec![
        Fault::refuse_handshake_with(429, [("retry-after", "3")]),
        Fault::slow_accept(250 * MS),
        Fault::delay(100 * MS..=300 * MS).on(delta),
        Fault::bandwidth(2_000),
        Fault::packets(100, MS).on(delta).nth(1..=1),
        Fault::fragments(100).on(delta).nth(1..=1),
        Fault::stall(500 * MS).on(delta).nth(2..=2),
        Fault::lose().on(delta).nth(2..=2),
        Fault::duplicate().on(ServerEventKind::ResponseDone),
        Fault::reorder(2).on(ServerEventKind::ResponseCreated),
        Fault::swap_deltas().nth(1..=1),
        Fault::truncate().on(ServerEventKind::ResponseDone),
        Fault::malform().on(ServerEventKind::ResponseDone),
        Fault::break_schema().on(ServerEventKind::ResponseDone),
        Fault::wrong_id().on(delta).nth(1..=1),
        Fault::unknown_event().on(delta).nth(1..=1),
        sound(Fault::audio_gap(40 * MS)),
        sound(Fault::audio_burst(40 * MS)),
        sound(Fault::audio_rate(16_000)),
        sound(Fault::audio_silence(40 * MS)),
        sound(Fault::audio_clipping()),
        Fault::close(1011, "keepalive ping timeout")
            .on(delta)
            .nth(2..=2),
        Fault::service_error(ServiceError::InsufficientQuota).on(ClientEventKind::ResponseCreate),
        Fault::fail_response("invalid_request_error", "rate_limit_exceeded"),
        Fault::incomplete_response(IncompleteFor::ContentFilter),
        Fault::stuck_response(),
        Fault::fail_transcription(),
    ]
}

/// What the client sends. A kind that is new needs a decision here.
pub(crate) fn script(kind: &FaultKind) -> Vec<Value> {
    match kind {
        FaultKind::RefuseHandshake(_) | FaultKind::SlowAccept(_) => Vec::new(),
        FaultKind::Delay(_)
        | FaultKind::Bandwidth(_)
        | FaultKind::Packets(_)
        | FaultKind::Fragments(_)
        | FaultKind::Stall(_)
        | FaultKind::Drop
        | FaultKind::Duplicate(_)
        | FaultKind::Reorder(_)
        | FaultKind::SwapDeltas
        | FaultKind::Truncate(_)
        | FaultKind::Malform
        | FaultKind::BreakSchema(_)
        | FaultKind::WrongId(_)
        | FaultKind::UnknownEvent(_)
        | FaultKind::Disconnect(_)
        | FaultKind::ServiceError(_)
        | FaultKind::FailResponse(_)
        | FaultKind::IncompleteResponse(_)
        | FaultKind::StuckResponse => vec![respond("text")],
        FaultKind::AudioGap(_)
        | FaultKind::AudioBurst(_)
        | FaultKind::AudioRate(_)
        | FaultKind::AudioSilence(_)
        | FaultKind::AudioClipping(_) => vec![respond("audio")],
        FaultKind::FailTranscription(_) => {
            let input = json!({ "transcription": { "model": "gpt-4o-transcribe" }, "turn_detection": null });
            let session = json!({ "type": "realtime", "audio": { "input": input } });
            let audio = "A".repeat(16_000);
            vec![
                json!({ "type": "session.update", "session": session }),
                json!({ "type": "input_audio_buffer.append", "audio": audio }),
                json!({ "type": "input_audio_buffer.commit" }),
            ]
        }
    }
}

pub(crate) fn respond(modality: &str) -> Value {
    json!({ "type": "response.create", "response": { "output_modalities": [modality] } })
}

/// A session that says little.
pub(crate) fn options() -> SessionOptions {
    SessionOptions {
        generator: Box::new(Scripted::new(["Yes, gladly.", "No."])),
        transcriber: Box::new(ScriptedTranscriber::new(["Hello"])),
        ..SessionOptions::default()
    }
}

/// Both sides, for tests that go through them.
pub(crate) const SIDES: [Direction; 2] = [Direction::Client, Direction::Server];
