//! Replays a recorded session: the client's side goes into the engine, whose generator says what
//! the recording says; what comes out is compared with what was recorded.
//!
//! Compared are the types of the server's events in order, with each run of deltas as one, and the
//! relations between ids: where the recording has the same id twice, so has the replay. Audio that
//! the recorder has cut is made again, with somebody speaking at the recorded times. Left free
//! are the transcription of input, which interleaves as it likes, and `rate_limits.updated`, which
//! the real server sends after some responses only.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use mock_realtime::engine::{Input, Pacing, SessionKind, SessionOptions, Transport};
use mock_realtime::generators::{PlannedCall, PlannedItem, PlannedMessage, ResponsePlan, Scripted};
use mock_realtime::protocol::realtime::MessagePhase;
use serde_json::Value;

use super::cut_audio::CutAudio;
use super::{Session, drain};

/// How long the server is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// After so long nothing more is to come.
const SETTLED: Duration = Duration::from_secs(3);

/// A line of a recording.
struct Line {
    from_client: bool,
    event: Value,
}

/// Replays the text of a recording (`.jsonl`); says how many of the server's events were compared.
pub(crate) fn replay(recording: &str) -> Result<usize, String> {
    replay_with(recording, |_| {})
}

/// The same to a session that says something else than what was recorded.
pub(crate) fn replay_with(
    recording: &str,
    configure: impl FnOnce(&mut SessionOptions),
) -> Result<usize, String> {
    let lines = read(recording)?;
    let recorded: Vec<&Value> = of_server(&lines);
    let mut options = options(&recorded);
    configure(&mut options);
    let mut driven = Driven::new(options);
    let appends = lines.iter().filter(|line| is_append(&line.event)).count();
    let mut audio = CutAudio::of(&recorded, appends as u64);
    for (number, line) in lines.iter().enumerate() {
        if line.from_client {
            driven.wait_for(&runs(&of_server(&lines[..number])));
            let known = relate(&recorded, &driven.played).unwrap_or_default();
            let event = audio.restore(&line.event, driven.session.input_encoding());
            driven.send(&with_ids(&event, &known));
        }
    }
    driven.wait_for(&runs(&recorded));
    if !is_cut_short(&recorded) {
        driven.wait(SETTLED);
    }
    let played: Vec<&Value> = driven.played.iter().collect();
    let (expected, found) = (runs(&recorded), runs(&played));
    if expected != found {
        return Err(difference(&expected, &found));
    }
    relations(&recorded, &played)?;
    Ok(recorded.len())
}

fn of_server(lines: &[Line]) -> Vec<&Value> {
    let lines = lines.iter().filter(|line| !line.from_client);
    lines.map(|line| &line.event).collect()
}

/// Whether the recording ends in the middle of a response.
fn is_cut_short(recorded: &[&Value]) -> bool {
    let count = |kind: &str| {
        recorded
            .iter()
            .filter(|event| event["type"] == kind)
            .count()
    };
    count("response.created") != count("response.done")
}

/// The session, which goes on as far as the recording had come when the client sent its next event:
/// so that what was interrupted then is interrupted now.
struct Driven {
    session: Session,
    now: Duration,
    played: Vec<Value>,
}

impl Driven {
    fn new(options: SessionOptions) -> Self {
        let mut session = Session::new(options);
        let played = drain(&mut session);
        Self {
            session,
            now: Duration::ZERO,
            played,
        }
    }

    fn send(&mut self, event: &Value) {
        self.session
            .handle(Input::Text(&event.to_string()), self.now);
        self.played.extend(drain(&mut self.session));
    }

    fn wait_for(&mut self, expected: &[String]) {
        let end = self.now + PATIENCE;
        while runs(&self.played.iter().collect::<Vec<_>>()).len() < expected.len() {
            let deadline = self.session.deadline().filter(|deadline| *deadline < end);
            let Some(deadline) = deadline else {
                return;
            };
            self.wait(deadline.saturating_sub(self.now));
        }
    }

    fn wait(&mut self, length: Duration) {
        self.now += length;
        self.session.handle(Input::Time, self.now);
        self.played.extend(drain(&mut self.session));
    }
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
    let opening = recorded
        .first()
        .map_or("", |event| event["type"].as_str().unwrap_or_default());
    let transcribes = recorded
        .iter()
        .any(|event| event["session"]["type"] == "transcription");
    let in_call = recorded.iter().any(|event| {
        let kind = event["type"].as_str().unwrap_or_default();
        kind.starts_with("output_audio_buffer.")
    });
    SessionOptions {
        kind: if transcribes {
            SessionKind::Transcription
        } else {
            SessionKind::Realtime
        },
        transport: match opening {
            "session.created" if in_call => Transport::WebRtc,
            "session.created" => Transport::WebSocket,
            _ => Transport::Sip,
        },
        pacing: Pacing::REALISTIC,
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
                ..PlannedMessage::default()
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
    let run = |deltas: &mut BTreeSet<String>| {
        let kinds = Vec::from_iter(std::mem::take(deltas));
        (!kinds.is_empty()).then(|| kinds.join(" and "))
    };
    for event in events.iter().filter(|event| !is_free(event)) {
        let kind = event["type"].as_str().unwrap_or_default();
        if is_delta(event) {
            deltas.insert(kind.to_owned());
            continue;
        }
        runs.extend(run(&mut deltas));
        runs.push(kind.to_owned());
    }
    runs.extend(run(&mut deltas));
    runs
}

fn is_append(event: &Value) -> bool {
    event["type"] == "input_audio_buffer.append"
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
