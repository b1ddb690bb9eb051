//! Sound sessions, each with one thing wrong in it: the rule that is broken is named, and no other.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::{Session, drain};
use mock_realtime::audio::{Clip, Encoding};
use mock_realtime::conformance::{RULES, Schema, SessionOrder};
use mock_realtime::engine::{Input, Pacing, ScriptedTranscriber, SessionOptions, Transport};
use mock_realtime::expect::Direction;
use mock_realtime::generators::{ResponsePlan, Scripted};
use mock_realtime::protocol::realtime::{ClientEvent, InputAudioBufferAppend};
use serde_json::{Value, json};

type Frames = Vec<(Direction, Value)>;

/// A session that is noted, frame by frame.
struct Noted {
    session: Session,
    frames: Frames,
    now: Duration,
}

impl Noted {
    fn new(options: SessionOptions) -> Self {
        let mut noted = Self {
            session: Session::new(options),
            frames: Vec::new(),
            now: Duration::ZERO,
        };
        noted.note();
        noted
    }

    fn note(&mut self) {
        let sent = drain(&mut self.session).into_iter();
        let events = sent.filter(|event| event.get("type").is_some());
        self.frames
            .extend(events.map(|event| (Direction::Server, event)));
    }

    fn send(&mut self, event: Value) {
        self.session
            .handle(Input::Text(&event.to_string()), self.now);
        self.frames.push((Direction::Client, event));
        self.note();
    }

    fn wait(&mut self, ms: u64) {
        let until = self.now + Duration::from_millis(ms);
        while let Some(at) = self.session.deadline().filter(|at| *at <= until) {
            self.session.handle(Input::Time, at);
            self.note();
        }
        self.now = until;
    }

    fn hear(&mut self, clip: &Clip) {
        for audio in clip.encoded(Encoding::Pcm16).chunks(4_800) {
            self.wait(100);
            let event = ClientEvent::from(InputAudioBufferAppend::new(audio));
            self.send(serde_json::to_value(event).unwrap());
        }
    }

    /// The first value at this place of a server event of this type.
    fn last(&self, kind: &str, pointer: &str) -> Value {
        let mut events = self.frames.iter().rev();
        let found = events.find(|(by, event)| *by == Direction::Server && event["type"] == kind);
        found.unwrap().1.pointer(pointer).unwrap().clone()
    }
}

fn text(id: &str, text: &str) -> Value {
    json!({ "type": "conversation.item.create", "event_id": format!("mine_{id}"), "item": {
        "id": id, "type": "message", "role": "user", "content": [{ "type": "input_text", "text": text }] } })
}

/// Everything typed: text, a function, what is retrieved and deleted, an error, a cancellation.
fn typed() -> Frames {
    let long = "And so on, and so on. ".repeat(20);
    let mut noted = Noted::new(SessionOptions {
        generator: Box::new(Scripted::of([
            ResponsePlan::message("Hello there, friend of mine."),
            ResponsePlan::call("weather", r#"{"city":"Oslo"}"#),
            ResponsePlan::message("It rains in Oslo."),
            ResponsePlan::message(&long),
        ])),
        pacing: Pacing::REALISTIC,
        ..SessionOptions::default()
    });
    noted.send(json!({ "type": "session.update", "session": { "type": "realtime", "output_modalities": ["text"] } }));
    noted.send(text("item_hello", "Hello"));
    noted.send(json!({ "type": "response.create" }));
    noted.wait(5_000);
    noted.send(text("item_weather", "The weather?"));
    noted.send(json!({ "type": "response.create" }));
    noted.wait(5_000);
    let call = noted.last("response.function_call_arguments.done", "/call_id");
    noted.send(json!({ "type": "conversation.item.create", "item": {
        "type": "function_call_output", "call_id": call, "output": "rain" } }));
    noted.send(json!({ "type": "response.create" }));
    noted.wait(5_000);
    noted.send(json!({ "type": "conversation.item.retrieve", "item_id": "item_hello" }));
    noted.send(json!({ "type": "conversation.item.delete", "item_id": "item_hello" }));
    noted.send(json!({ "type": "input_audio_buffer.commit", "event_id": "mine_commit" }));
    noted.frames.retain(|(_, event)| {
        event["type"] != "input_audio_buffer.commit" && event["type"] != "error"
    });
    noted.send(json!({ "type": "response.create" }));
    noted.wait(300);
    noted.send(json!({ "type": "response.cancel" }));
    noted.frames
}

/// Everything spoken: two turns with transcripts, the second interrupts, and is truncated.
fn spoken(transport: Transport) -> Frames {
    let mut noted = Noted::new(SessionOptions {
        generator: Box::new(Scripted::new([
            "Let me tell you all about it, from the beginning to the end.",
            "Yes?",
        ])),
        transcriber: Box::new(ScriptedTranscriber::new(["Tell me all.", "Stop it now."])),
        pacing: Pacing::REALISTIC,
        transport,
        ..SessionOptions::default()
    });
    noted.send(
        json!({ "type": "session.update", "session": { "type": "realtime", "audio": {
        "input": { "transcription": { "model": "gpt-4o-transcribe" } } } } }),
    );
    noted.hear(&Clip::spoken("Tell me all.", "ash", 1.0));
    noted.hear(&Clip::silence(Duration::from_secs(1)));
    noted.wait(700);
    noted.hear(&Clip::spoken("Stop it now.", "ash", 1.0));
    if transport == Transport::WebSocket {
        let item = noted.last("response.output_audio.delta", "/item_id");
        noted.send(json!({ "type": "conversation.item.truncate", "item_id": item, "content_index": 0, "audio_end_ms": 300 }));
    }
    noted.hear(&Clip::silence(Duration::from_secs(1)));
    noted.wait(20_000);
    noted.frames
}

/// Audio that the client commits itself.
fn committed() -> Frames {
    let mut noted = Noted::new(SessionOptions::default());
    noted.send(
        json!({ "type": "session.update", "session": { "type": "realtime", "audio": {
        "input": { "turn_detection": null } } } }),
    );
    noted.hear(&Clip::spoken("One.", "ash", 1.0));
    noted.send(json!({ "type": "input_audio_buffer.commit" }));
    noted.frames
}

/// The names of the rules a session breaks.
fn broken(frames: &Frames) -> BTreeSet<&'static str> {
    let mut order = SessionOrder::default();
    let mut names = BTreeSet::new();
    for (by, frame) in frames {
        names.extend(
            order
                .see(*by, frame)
                .into_iter()
                .map(|violation| violation.rule.name),
        );
        names.extend(
            Schema::Observed
                .violations(*by, frame)
                .into_iter()
                .map(|violation| violation.rule.name),
        );
    }
    names.extend(
        order
            .finish()
            .into_iter()
            .map(|violation| violation.rule.name),
    );
    names
}

/// The place of the n-th event of a type, from 0.
fn place(frames: &Frames, kind: &str, nth: usize) -> usize {
    let mut places = frames
        .iter()
        .enumerate()
        .filter(|(_, (_, event))| event["type"] == kind);
    places
        .nth(nth)
        .unwrap_or_else(|| panic!("no {kind} {nth}"))
        .0
}

/// What is done to a session.
enum Change {
    /// The event is not there.
    Drop(&'static str, usize),
    /// It comes twice; the second time with an event id of its own.
    Twice(&'static str, usize),
    /// The first comes right after the second.
    After((&'static str, usize), (&'static str, usize)),
    /// The first comes again, right after the second.
    Copy((&'static str, usize), (&'static str, usize)),
    /// A value in it is another one.
    Set((&'static str, usize), &'static str, Value),
    /// A value in it is not there.
    Unset((&'static str, usize), &'static str),
    /// This is in front of it.
    Insert(Direction, Value, (&'static str, usize)),
}

fn apply(mut frames: Frames, change: &Change) -> Frames {
    match change {
        Change::Drop(kind, nth) => {
            let place = place(&frames, kind, *nth);
            frames.remove(place);
        }
        Change::Twice(kind, nth) => {
            let place = place(&frames, kind, *nth);
            let mut again = frames[place].clone();
            if again.1.get("event_id").is_some() {
                again.1["event_id"] = json!("event_again");
            }
            frames.insert(place + 1, again);
        }
        Change::After((first, one), (second, other)) => {
            let moved = frames.remove(place(&frames, first, *one));
            let place = place(&frames, second, *other);
            frames.insert(place + 1, moved);
        }
        Change::Copy((first, one), (second, other)) => {
            let mut again = frames[place(&frames, first, *one)].clone();
            again.1["event_id"] = json!("event_again");
            let place = place(&frames, second, *other);
            frames.insert(place + 1, again);
        }
        Change::Set((kind, nth), pointer, value) => {
            let place = place(&frames, kind, *nth);
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            frames[place].1.pointer_mut(parent).unwrap()[key] = value.clone();
        }
        Change::Unset((kind, nth), pointer) => {
            let place = place(&frames, kind, *nth);
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            let parent = frames[place].1.pointer_mut(parent).unwrap();
            parent.as_object_mut().unwrap().remove(key);
        }
        Change::Insert(by, event, (kind, nth)) => {
            let place = place(&frames, kind, *nth);
            frames.insert(place, (*by, event.clone()));
        }
    }
    frames
}

fn each(sound: &Frames, changes: Vec<(&'static str, Change)>) -> BTreeSet<&'static str> {
    assert_eq!(broken(sound), BTreeSet::new(), "nothing is wrong yet");
    let mut tried = BTreeSet::new();
    let mut others = Vec::new();
    for (number, (rule, change)) in changes.into_iter().enumerate() {
        let found = broken(&apply(sound.clone(), &change));
        if found != BTreeSet::from([rule]) {
            others.push(format!(
                "change {number} should break {rule}, and breaks {found:?}"
            ));
        }
        tried.insert(rule);
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
    tried
}

#[allow(clippy::too_many_lines, reason = "a table, a line or two each")]
fn typed_changes(sound: &Frames) -> Vec<(&'static str, Change)> {
    use Change::{After, Copy, Drop, Insert, Set, Twice, Unset};
    use Direction::{Client, Server};
    let mut another = sound[place(sound, "response.created", 0)].1.clone();
    another["event_id"] = json!("event_other");
    another["response"]["id"] = json!("resp_other");
    let create = || json!({ "type": "response.create" });
    vec![
        (
            "frame-event",
            Set(("response.cancel", 0), "/type", json!("response.stop")),
        ),
        (
            "frame-event",
            Insert(
                Server,
                json!({ "type": "response.cancelled", "event_id": "event_x" }),
                ("response.cancel", 0),
            ),
        ),
        (
            "frame-missing",
            Unset(("response.output_text.delta", 0), "/content_index"),
        ),
        (
            "frame-missing",
            Unset(("response.output_item.added", 0), "/output_index"),
        ),
        (
            "frame-field",
            Set(("response.created", 0), "/extra", json!(1)),
        ),
        (
            "frame-field",
            Set(("conversation.item.delete", 0), "/why", json!("old")),
        ),
        (
            "frame-type",
            Set(("response.created", 0), "/response/output", json!("none")),
        ),
        (
            "frame-type",
            Set(("session.update", 0), "/session/instructions", json!(5)),
        ),
        (
            "frame-value",
            Set(
                ("session.update", 0),
                "/session/output_modalities",
                json!(["smell"]),
            ),
        ),
        (
            "session-first",
            After(("session.created", 0), ("session.updated", 0)),
        ),
        ("session-once", Twice("session.created", 0)),
        ("update-asked", Twice("session.updated", 0)),
        ("update-asked", Drop("session.update", 0)),
        (
            "event-id-unique",
            Set(
                ("response.output_text.delta", 1),
                "/event_id",
                sound[0].1["event_id"].clone(),
            ),
        ),
        (
            "error-names-event",
            Insert(
                Server,
                json!({ "type": "error", "event_id": "event_e", "error": {
            "type": "invalid_request_error", "code": null, "message": "no", "param": null, "event_id": "nobodys" } }),
                ("response.cancel", 0),
            ),
        ),
        (
            "response-opens",
            Set(
                ("response.created", 0),
                "/response/status",
                json!("completed"),
            ),
        ),
        ("response-known", Drop("response.created", 0)),
        (
            "response-over",
            Copy(("response.output_text.delta", 2), ("response.done", 0)),
        ),
        ("response-done-once", Twice("response.done", 1)),
        (
            "one-response",
            Insert(Server, another, ("response.output_text.delta", 3)),
        ),
        (
            "status-explained",
            Set(
                ("response.done", 3),
                "/response/status_details",
                json!(null),
            ),
        ),
        (
            "output-index",
            Set(("response.output_item.added", 0), "/output_index", json!(1)),
        ),
        (
            "output-known",
            Set(
                ("response.output_text.delta", 1),
                "/item_id",
                json!("item_other"),
            ),
        ),
        (
            "output-known",
            Set(("response.output_text.done", 0), "/output_index", json!(3)),
        ),
        ("output-over", Twice("response.output_item.done", 0)),
        (
            "output-complete",
            Set(("response.done", 0), "/response/output", json!([])),
        ),
        ("part-open", Drop("response.content_part.added", 0)),
        (
            "part-open",
            Copy(
                ("response.output_text.delta", 0),
                ("response.content_part.done", 0),
            ),
        ),
        ("part-closed", Drop("response.content_part.done", 0)),
        ("deltas-are-whole", Drop("response.output_text.delta", 2)),
        (
            "deltas-are-whole",
            Set(("response.output_text.done", 0), "/text", json!("Goodbye")),
        ),
        (
            "deltas-are-whole",
            Drop("response.function_call_arguments.delta", 0),
        ),
        (
            "call-same",
            Set(
                ("response.function_call_arguments.done", 0),
                "/name",
                json!("time"),
            ),
        ),
        (
            "call-same",
            Set(
                ("response.function_call_arguments.done", 0),
                "/call_id",
                json!("call_other"),
            ),
        ),
        (
            "usage-adds-up",
            Set(
                ("response.done", 0),
                "/response/usage/total_tokens",
                json!(1_000_000),
            ),
        ),
        (
            "usage-adds-up",
            Set(
                ("response.done", 0),
                "/response/usage/output_token_details/text_tokens",
                json!(99_999),
            ),
        ),
        ("item-new", Twice("conversation.item.added", 0)),
        (
            "item-known",
            Set(
                ("conversation.item.deleted", 0),
                "/item_id",
                json!("item_other"),
            ),
        ),
        ("item-done-once", Twice("conversation.item.done", 0)),
        (
            "previous-item",
            Set(
                ("conversation.item.added", 1),
                "/previous_item_id",
                json!("item_other"),
            ),
        ),
        (
            "item-order",
            After(
                ("conversation.item.done", 1),
                ("response.output_item.done", 0),
            ),
        ),
        (
            "item-order",
            After(
                ("response.output_item.added", 0),
                ("conversation.item.added", 1),
            ),
        ),
        (
            "frame-missing",
            Unset(("session.update", 0), "/session/type"),
        ),
        (
            "model-stays",
            Set(
                ("session.update", 0),
                "/session/model",
                json!("gpt-realtime-mini"),
            ),
        ),
        (
            "item-exists",
            Set(
                ("conversation.item.retrieve", 0),
                "/item_id",
                json!("item_other"),
            ),
        ),
        (
            "item-exists",
            Set(
                ("conversation.item.create", 1),
                "/previous_item_id",
                json!("item_other"),
            ),
        ),
        (
            "item-exists",
            Insert(
                Client,
                json!({ "type": "conversation.item.delete", "item_id": "item_hello" }),
                ("response.cancel", 0),
            ),
        ),
        (
            "item-id-new",
            Insert(
                Client,
                text("item_weather", "Again"),
                ("response.cancel", 0),
            ),
        ),
        (
            "create-when-free",
            Insert(Client, create(), ("response.cancel", 0)),
        ),
        (
            "create-when-free",
            Insert(Client, create(), ("response.output_text.delta", 3)),
        ),
        (
            "cancel-active",
            Insert(
                Client,
                json!({ "type": "response.cancel" }),
                ("conversation.item.retrieve", 0),
            ),
        ),
        (
            "output-of-call",
            Set(
                ("conversation.item.create", 2),
                "/item/call_id",
                json!("call_other"),
            ),
        ),
        ("output-of-call", Twice("conversation.item.create", 2)),
        ("call-answered", Drop("conversation.item.create", 2)),
    ]
}

fn spoken_changes() -> Vec<(&'static str, Change)> {
    use Change::{Copy, Drop, Insert, Set, Twice};
    use Direction::Client;
    let voice = json!({ "type": "session.update", "session": { "type": "realtime", "audio": { "output": { "voice": "cedar" } } } });
    let transcribed = "conversation.item.input_audio_transcription.completed";
    vec![
        ("speech-pairs", Drop("input_audio_buffer.speech_started", 0)),
        (
            "speech-pairs",
            Set(
                ("input_audio_buffer.speech_stopped", 0),
                "/item_id",
                json!("item_other"),
            ),
        ),
        (
            "speech-pairs",
            Twice("input_audio_buffer.speech_started", 0),
        ),
        (
            "speech-times",
            Set(
                ("input_audio_buffer.speech_stopped", 1),
                "/audio_end_ms",
                json!(1),
            ),
        ),
        ("speech-committed", Drop("input_audio_buffer.committed", 0)),
        (
            "speech-committed",
            Set(
                ("input_audio_buffer.committed", 0),
                "/item_id",
                json!("item_other"),
            ),
        ),
        (
            "transcript-whole",
            Set((transcribed, 0), "/transcript", json!("Something else")),
        ),
        ("transcript-once", Twice(transcribed, 0)),
        (
            "truncated-within",
            Set(
                ("conversation.item.truncated", 0),
                "/audio_end_ms",
                json!(99_000),
            ),
        ),
        (
            "truncate-within",
            Set(
                ("conversation.item.truncate", 0),
                "/audio_end_ms",
                json!(99_000),
            ),
        ),
        (
            "item-known",
            Set(
                ("conversation.item.truncated", 0),
                "/item_id",
                json!("item_other"),
            ),
        ),
        (
            "response-over",
            Copy(("response.output_audio.delta", 1), ("response.done", 0)),
        ),
        (
            "voice-stays",
            Insert(Client, voice, ("conversation.item.truncate", 0)),
        ),
        (
            "frame-value",
            Set(
                ("conversation.item.truncate", 0),
                "/audio_end_ms",
                json!(-1),
            ),
        ),
    ]
}

#[test]
fn each_of_them_alone() {
    let mut tried = each(&typed(), typed_changes(&typed()));
    tried.extend(each(&spoken(Transport::WebSocket), spoken_changes()));
    tried.extend(each(
        &spoken(Transport::WebRtc),
        vec![
            (
                "playback-pairs",
                Change::Drop("output_audio_buffer.started", 0),
            ),
            (
                "playback-pairs",
                Change::Set(
                    ("output_audio_buffer.started", 0),
                    "/response_id",
                    json!("resp_other"),
                ),
            ),
        ],
    ));
    let huge =
        json!({ "type": "input_audio_buffer.append", "audio": "AAAA".repeat(5 * 1024 * 1024 + 1) });
    tried.extend(each(
        &committed(),
        vec![(
            "append-size",
            Change::Insert(Direction::Client, huge, ("input_audio_buffer.commit", 0)),
        )],
    ));
    tried.insert("commit-has-audio");
    let mut nothing = committed();
    nothing.push((
        Direction::Client,
        json!({ "type": "input_audio_buffer.commit" }),
    ));
    assert_eq!(broken(&nothing), BTreeSet::from(["commit-has-audio"]));
    // Recorders cut audio out of their files: what the server takes was enough.
    let cut = apply(
        committed(),
        &Change::Set(("input_audio_buffer.append", 0), "/audio", json!("")),
    );
    assert_eq!(broken(&cut), BTreeSet::new());

    let all: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(tried, all, "each rule is broken by some change");
}
