//! Replays a recorded session: the client's side goes into the engine, whose generator says what
//! the recording says; what comes out is compared with what was recorded.
//!
//! Compared are the types of the server's events in order, with each run of deltas as one, and the
//! relations between ids: where the recording has the same id twice, so has the replay. Left free
//! are the transcription of input, which interleaves as it likes, and `rate_limits.updated`, which
//! the real server sends after some responses only.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use mock_realtime::engine::{Input, Session, SessionOptions};
use mock_realtime::generators::{PlannedCall, PlannedItem, PlannedMessage, ResponsePlan, Scripted};
use mock_realtime::protocol::realtime::MessagePhase;
use serde_json::Value;

use super::drain;

/// A line of a recording.
struct Line {
    from_client: bool,
    event: Value,
}

/// Replays the text of a recording (`.jsonl`); says how many of the server's events were compared.
pub(crate) fn replay(recording: &str) -> Result<usize, String> {
    let lines = read(recording)?;
    let recorded: Vec<&Value> = lines
        .iter()
        .filter(|line| !line.from_client)
        .map(|line| &line.event)
        .collect();
    let mut session = Session::new(options(&recorded));
    let mut played = drain(&mut session);
    for line in lines.iter().filter(|line| line.from_client) {
        let known = relate(&recorded, &played).unwrap_or_default();
        let frame = with_ids(&line.event, &known).to_string();
        session.handle(Input::Text(&frame), Duration::ZERO);
        played.extend(drain(&mut session));
    }
    let played: Vec<&Value> = played.iter().collect();
    let (expected, found) = (runs(&recorded), runs(&played));
    if expected != found {
        return Err(difference(&expected, &found));
    }
    relations(&recorded, &played)?;
    Ok(recorded.len())
}

fn read(recording: &str) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    for (number, line) in recording
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let mut line: Value =
            serde_json::from_str(line).map_err(|error| format!("line {}: {error}", number + 1))?;
        let from_client = match line["dir"].as_str() {
            Some("c2s") => true,
            Some("s2c") => false,
            _ => continue,
        };
        lines.push(Line {
            from_client,
            event: line["event"].take(),
        });
    }
    Ok(lines)
}

/// A session that says what was recorded.
fn options(recorded: &[&Value]) -> SessionOptions {
    let model = recorded
        .iter()
        .find_map(|event| event["session"]["model"].as_str());
    let plans = recorded
        .iter()
        .filter(|event| event["type"] == "response.done")
        .map(|event| plan(&event["response"]));
    SessionOptions {
        model: model.unwrap_or("gpt-realtime").to_owned(),
        generator: Box::new(Scripted::of(plans.collect::<Vec<_>>())),
        ..SessionOptions::default()
    }
}

fn plan(response: &Value) -> ResponsePlan {
    let details = &response["status_details"]["error"];
    if response["status"] == "failed" {
        let text = |key: &str| details[key].as_str().unwrap_or_default().to_owned();
        return ResponsePlan::failed(text("type"), text("code"));
    }
    ResponsePlan::of(
        response["output"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(planned_item),
    )
}

fn planned_item(item: &Value) -> Option<PlannedItem> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match item["type"].as_str()? {
        "message" => {
            let content = &item["content"][0];
            Some(PlannedItem::Message(PlannedMessage {
                text: content["text"]
                    .as_str()
                    .or(content["transcript"].as_str())
                    .unwrap_or_default()
                    .to_owned(),
                audio: None,
                phase: item["phase"].as_str().map(MessagePhase::from),
            }))
        }
        "function_call" => Some(PlannedItem::FunctionCall(PlannedCall {
            name: text(&item["name"]),
            arguments: text(&item["arguments"]),
            call_id: item["call_id"].as_str().map(Into::into),
        })),
        _ => None,
    }
}

/// The types in order; a run of deltas, which may be of several kinds, is one.
fn runs(events: &[&Value]) -> Vec<String> {
    let mut runs: Vec<String> = Vec::new();
    let mut deltas: BTreeSet<String> = BTreeSet::new();
    for event in events.iter().filter(|event| !is_free(event)) {
        let kind = event["type"].as_str().unwrap_or_default();
        if is_delta(event) {
            deltas.insert(kind.to_owned());
            continue;
        }
        if !deltas.is_empty() {
            runs.push(
                std::mem::take(&mut deltas)
                    .into_iter()
                    .collect::<Vec<_>>()
                    .join(" and "),
            );
        }
        runs.push(kind.to_owned());
    }
    runs
}

fn is_delta(event: &Value) -> bool {
    let last = event["type"]
        .as_str()
        .and_then(|kind| kind.rsplit('.').next());
    last == Some("delta")
}

fn is_free(event: &Value) -> bool {
    let kind = event["type"].as_str().unwrap_or_default();
    kind.starts_with("conversation.item.input_audio_transcription.")
        || kind == "rate_limits.updated"
}

fn difference(expected: &[String], found: &[String]) -> String {
    let at = expected
        .iter()
        .zip(found)
        .take_while(|(expected, found)| expected == found)
        .count();
    let show = |list: &[String]| {
        list.get(at)
            .cloned()
            .unwrap_or_else(|| "nothing more".to_owned())
    };
    format!(
        "event {at} is {}, recorded was {}\nrecorded: {expected:#?}\nreplayed: {found:#?}",
        show(found),
        show(expected)
    )
}

/// Recorded ids to replayed ones, as far as the events stand at the same places.
fn relate(recorded: &[&Value], played: &[Value]) -> Result<HashMap<String, String>, String> {
    let played: Vec<&Value> = played.iter().collect();
    let mut known = HashMap::new();
    for (recorded, played) in firsts(recorded).into_iter().zip(firsts(&played)) {
        pair(recorded, played, &mut known)?;
    }
    Ok(known)
}

/// The events but for the deltas, of which there may be another number.
fn firsts<'v>(events: &[&'v Value]) -> Vec<&'v Value> {
    let kept = events
        .iter()
        .filter(|event| !is_free(event) && !is_delta(event));
    kept.copied().collect()
}

fn relations(recorded: &[&Value], played: &[&Value]) -> Result<(), String> {
    let mut known = HashMap::new();
    for (recorded, played) in firsts(recorded).into_iter().zip(firsts(played)) {
        pair(recorded, played, &mut known)
            .map_err(|why| format!("{why}\nrecorded {recorded}\nreplayed {played}"))?;
    }
    Ok(())
}

/// The keys that hold ids.
const IDS: [&str; 6] = [
    "id",
    "item_id",
    "previous_item_id",
    "response_id",
    "conversation_id",
    "call_id",
];

fn pair(
    recorded: &Value,
    played: &Value,
    known: &mut HashMap<String, String>,
) -> Result<(), String> {
    match (recorded, played) {
        (Value::Object(recorded), Value::Object(played)) => {
            for (key, value) in recorded {
                let other = played.get(key).unwrap_or(&Value::Null);
                if IDS.contains(&key.as_str()) {
                    same_id(key, value, other, known)?;
                } else {
                    pair(value, other, known)?;
                }
            }
            Ok(())
        }
        (Value::Array(recorded), Value::Array(played)) => recorded
            .iter()
            .zip(played)
            .try_for_each(|(recorded, played)| pair(recorded, played, known)),
        _ => Ok(()),
    }
}

fn same_id(
    key: &str,
    recorded: &Value,
    played: &Value,
    known: &mut HashMap<String, String>,
) -> Result<(), String> {
    match (recorded.as_str(), played.as_str()) {
        (Some(recorded), Some(played)) => {
            let before = known
                .entry(recorded.to_owned())
                .or_insert_with(|| played.to_owned());
            if before == played {
                Ok(())
            } else {
                Err(format!(
                    "`{key}` is {played}, by its relation it is {before}"
                ))
            }
        }
        (None, None) => Ok(()),
        _ => Err(format!("`{key}` is {played}, recorded was {recorded}")),
    }
}

/// A client's event with the ids of the replay in place of the recorded ones.
fn with_ids(event: &Value, known: &HashMap<String, String>) -> Value {
    match event {
        Value::String(text) => known
            .get(text)
            .map_or_else(|| event.clone(), |id| Value::String(id.clone())),
        Value::Array(items) => items.iter().map(|item| with_ids(item, known)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), with_ids(value, known)))
            .collect(),
        _ => event.clone(),
    }
}
