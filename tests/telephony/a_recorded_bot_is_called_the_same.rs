//! The vendor's own kit, as it was recorded with another caller: ours, given the bot's side, sends
//! valid messages in the same order.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mock_realtime::protocol::audiocodes::{MediaFormat, SCHEMA};
use mock_realtime::telephony::audiocodes::{AudioCodesCaller, AudioCodesOptions, StartOrder};
use mock_realtime::telephony::{Action, Input, Output};
use serde_json::{Value, json};

use crate::telephone::{Telephone, ms};

const RECORDING: &str = "recordings/telephony/audiocodes-official-sdk-0.13.0.jsonl";

/// The frames of the recorded call that are those of a call: the peer also sent what no carrier does,
/// and resumed a conversation that never was.
fn recorded() -> Option<Vec<(u64, bool, Value)>> {
    let beside = || concat!(env!("CARGO_MANIFEST_DIR"), "/../shared").to_owned();
    let shared = std::env::var("MOCK_REALTIME_SHARED").unwrap_or_else(|_| beside());
    let text = std::fs::read_to_string(format!("{shared}/{RECORDING}")).ok()?;
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let frames = lines.filter_map(|line| {
        let from_carrier = match line["dir"].as_str()? {
            "vaic->bot" => true,
            "bot->vaic" => false,
            _ => return None,
        };
        let message = line["msg"].clone();
        let is_of_call = message["type"] != "no.such.type"
            && message["type"] != "connection.validate"
            && !message["conversationId"]
                .as_str()
                .is_some_and(|id| id.starts_with("999"));
        is_of_call.then(|| (line["t_ms"].as_u64().unwrap(), from_carrier, message))
    });
    Some(frames.collect())
}

/// What a message is, with the name of its first activity.
fn kind(message: &Value) -> String {
    let name = message["activities"][0]["name"]
        .as_str()
        .unwrap_or_default();
    format!("{} {name}", message["type"].as_str().unwrap())
}

/// The kinds in order, several of one kind in a row as one.
fn order<'a>(messages: impl Iterator<Item = &'a Value>) -> Vec<String> {
    let mut kinds: Vec<String> = messages.map(kind).collect();
    kinds.dedup();
    kinds
}

#[test]
fn our_caller_sends_the_same_in_the_same_order() {
    let Some(frames) = recorded() else {
        eprintln!("skipped: {RECORDING} is not there");
        return;
    };
    let initiate = &frames[0].2;
    let formats = initiate["supportedMediaFormats"].as_array().unwrap();
    let options = AudioCodesOptions {
        conversation_id: initiate["conversationId"].as_str().map(str::to_owned),
        bot_name: initiate["botName"].as_str().unwrap().to_owned(),
        media_formats: formats
            .iter()
            .map(|it| MediaFormat::from(it.as_str().unwrap()))
            .collect(),
        start_order: StartOrder::StreamFirst,
        barge_in: true,
        reconnect_after: ms(1),
        ..AudioCodesOptions::default()
    };
    let mut call = Telephone::dialled(AudioCodesCaller::new(options));
    for (at, from_carrier, message) in &frames {
        call.until(*at);
        match (from_carrier, message["type"].as_str().unwrap()) {
            // What the person did, and what happened to the line.
            (true, "userStream.stop") => {
                call.caller.hold(call.now);
                call.input(Input::Time);
            }
            (true, "session.resume") => {
                call.input(Input::Broken("the recorded peer began anew"));
                call.until(at + 1);
                assert_eq!(call.told.pop(), Some(Output::Open));
                call.input(Input::Opened);
            }
            (true, "activities") => {
                if let Some(keys) = message["activities"][0]["value"].as_str() {
                    call.act(Action::Press(keys.to_owned()));
                }
            }
            (true, _) => {}
            (false, _) => {
                let mut message = message.clone();
                if message["type"] == "playStream.chunk" {
                    // Cut for length in the recording.
                    message["audioChunk"] = STANDARD.encode([1; 3_200]).into();
                }
                call.receive(&message);
            }
        }
    }
    let theirs = frames.iter().filter(|frame| frame.1).map(|frame| &frame.2);
    let ours = call.sent.iter().map(|(_, message)| message);
    assert_eq!(order(ours), order(theirs));
    assert_eq!(call.kinds(), []);
    let mut schema: Value = serde_json::from_str(SCHEMA).unwrap();
    schema["$ref"] = json!("#/$defs/CarrierMessage");
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (_, message) in &call.sent {
        assert!(validator.is_valid(message), "{message}");
    }
    assert_eq!(call.sent[0].1, *initiate);
    let end = frames.iter().rfind(|frame| frame.1).unwrap();
    assert_eq!(call.sent.last().unwrap().1, end.2);
}
