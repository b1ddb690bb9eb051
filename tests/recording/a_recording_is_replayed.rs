//! A replay answers as recorded, whatever ids and pieces the client chooses, and tells what differs.

use std::time::Duration;

use mock_realtime::expect::Direction;
use mock_realtime::recording::{RecordedSession, Recording};
use mock_realtime::replay::{Difference, Replay, ReplaySession, Replayed, Speed};
use serde_json::{Value, json};

const NOW: Duration = Duration::ZERO;

/// Lines of a recording: `>` what the client sends, `<` what the server sends, with the milliseconds.
fn recorded(lines: &[(&str, u64, Value)]) -> RecordedSession {
    let lines = lines.iter().map(|(by, at, event)| match *by {
        "close" => json!({ "t": at, "dir": "close", "by": "server", "event": event }),
        by => json!({ "t": at, "dir": if by == ">" { "c2s" } else { "s2c" }, "event": event }),
    });
    let log = lines
        .map(|line| line.to_string())
        .collect::<Vec<_>>()
        .join("\n");
    let mut recording = Recording::parse("test.jsonl", log.as_bytes()).unwrap();
    assert_eq!(recording.sessions.len(), 1);
    recording.sessions.remove(0)
}

fn said(text: &str) -> Value {
    json!({ "type": "x", "event_id": text })
}

fn update(instructions: &str) -> Value {
    json!({ "type": "session.update", "session": { "type": "realtime", "instructions": instructions } })
}

fn message(id: Option<&str>, text: &str) -> Value {
    let mut item = json!({ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": text }] });
    if let Some(id) = id {
        item["id"] = id.into();
    }
    json!({ "type": "conversation.item.create", "item": item })
}

fn output(call: &str) -> Value {
    json!({ "type": "conversation.item.create", "item": { "type": "function_call_output", "call_id": call, "output": "1" } })
}

fn create() -> Value {
    json!({ "type": "response.create" })
}

fn append(bytes: usize) -> Value {
    json!({ "type": "input_audio_buffer.append", "audio": "AAAA".repeat(bytes / 3) })
}

fn commit() -> Value {
    json!({ "type": "input_audio_buffer.commit" })
}

fn strict(lines: &[(&str, u64, Value)]) -> ReplaySession {
    let replay = Replay::of("test.jsonl", &recorded(lines));
    replay.strict(true).speed(Speed::Instant).session()
}

fn lenient(lines: &[(&str, u64, Value)]) -> ReplaySession {
    let replay = Replay::of("test.jsonl", &recorded(lines));
    replay.speed(Speed::Instant).session()
}

fn send(session: &mut ReplaySession, events: &[Value]) {
    for event in events {
        session.take_text(&event.to_string(), NOW);
    }
}

/// What is sent now: events, and the code of a close.
fn heard(session: &mut ReplaySession) -> Vec<Value> {
    let mut heard = Vec::new();
    while let Some(sent) = session.poll(NOW) {
        heard.push(match sent {
            Replayed::Text(text) => serde_json::from_str(&text).unwrap(),
            Replayed::Close { code, .. } => json!(code),
            other => panic!("{other:?}"),
        });
    }
    heard
}

fn ids(session: &mut ReplaySession) -> Vec<String> {
    let heard = heard(session);
    let ids = heard.iter().map(|event| match event["event_id"].as_str() {
        Some(id) => id.to_owned(),
        None => event.to_string(),
    });
    ids.collect()
}

/// What differs, in words.
fn differs(session: &ReplaySession) -> Vec<String> {
    session
        .differences()
        .iter()
        .map(Difference::to_string)
        .collect()
}

fn conversation() -> Vec<(&'static str, u64, Value)> {
    vec![
        ("<", 0, said("created")),
        (">", 10, update("Be brief.")),
        ("<", 15, said("updated")),
        (">", 20, message(None, "Hello")),
        (">", 20, create()),
        ("<", 100, said("answer")),
    ]
}

#[test]
fn each_event_waits_for_what_came_before_it() {
    let mut session = strict(&conversation());
    assert_eq!(ids(&mut session), ["created"]);
    assert_eq!(ids(&mut session), [""; 0]);
    send(&mut session, &[update("Be brief.")]);
    assert_eq!(ids(&mut session), ["updated"]);
    send(&mut session, &[message(None, "Hello")]);
    assert_eq!(ids(&mut session), [""; 0]);
    send(&mut session, &[create()]);
    assert_eq!(ids(&mut session), ["answer"]);
    session.take_close();
    assert_eq!(differs(&session), [""; 0]);
}

#[test]
fn one_event_more_ends_a_strict_replay_with_what_differs() {
    let mut session = strict(&conversation());
    send(
        &mut session,
        &[
            update("Be brief."),
            message(None, "Hello"),
            create(),
            create(),
        ],
    );
    assert_eq!(ids(&mut session), ["1008"]);
    assert_eq!(
        differs(&session),
        ["the end: nothing more was sent, and now response.create"]
    );

    let mut session = strict(&conversation());
    send(
        &mut session,
        &[
            update("Be brief."),
            message(None, "Hello"),
            message(None, "Hello"),
            create(),
        ],
    );
    assert_eq!(
        differs(&session),
        ["line 5: response.create was sent here, and now conversation.item.create"]
    );
}

#[test]
fn one_value_that_differs_is_told_by_its_path() {
    let mut session = strict(&conversation());
    send(&mut session, &[update("Be brief."), message(None, "Hallo")]);
    let expected =
        "line 4: item.content[0].text in conversation.item.create was \"Hello\", and is \"Hallo\"";
    assert_eq!(differs(&session), [expected]);
    assert_eq!(ids(&mut session), ["1008"]);
    // Nothing after that counts.
    send(&mut session, &[create()]);
    session.take_close();
    assert_eq!(session.differences().len(), 1);

    for (event, expected) in [
        (
            json!({ "type": "session.update" }),
            "session in session.update was {\"type\":\"realtime\",\"instructions\":\"Be brief.\"}, and is nothing",
        ),
        (
            json!({ "type": "session.update", "session": { "type": "realtime", "instructions": "Be brief.", "voice": "ash" } }),
            "session.voice in session.update was nothing, and is \"ash\"",
        ),
    ] {
        let mut session = strict(&conversation());
        send(&mut session, &[event]);
        assert_eq!(differs(&session), [format!("line 2: {expected}")]);
    }
}

#[test]
fn a_client_that_leaves_early_differs() {
    let mut session = strict(&conversation());
    send(&mut session, &[update("Be brief.")]);
    session.take_close();
    assert_eq!(
        differs(&session),
        ["line 4: conversation.item.create was sent here, and now the client leaves"]
    );
}

#[test]
fn a_lenient_replay_tells_and_goes_on() {
    let mut session = lenient(&conversation());
    send(
        &mut session,
        &[
            update("Be long."),
            json!({ "type": "response.cancel" }),
            message(None, "Hi"),
        ],
    );
    session.take_text("hello", NOW);
    send(&mut session, &[create()]);
    assert_eq!(ids(&mut session), ["created", "updated", "answer"]);
    let told = differs(&session);
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told[3].ends_with("now a text that is no event"), "{told:?}");
}

#[test]
fn a_lenient_replay_does_not_wait_for_what_is_left_out() {
    let mut session = lenient(&conversation());
    send(&mut session, &[create()]);
    assert_eq!(ids(&mut session), ["created", "updated", "answer"]);
    assert_eq!(session.differences().len(), 2);
}

#[test]
fn order_counts_only_where_it_matters() {
    let lines = [
        (">", 0, update("Be brief.")),
        (">", 0, message(None, "Hello")),
        (">", 0, create()),
        ("<", 0, said("answer")),
        (">", 0, output("call_1")),
        (">", 0, output("call_2")),
        (">", 0, create()),
        ("<", 0, said("second")),
    ];
    let mut session = strict(&lines);
    send(
        &mut session,
        &[message(None, "Hello"), update("Be brief."), create()],
    );
    send(
        &mut session,
        &[output("call_2"), output("call_1"), create()],
    );
    session.take_close();
    assert_eq!(differs(&session), [""; 0]);
    assert_eq!(
        ids(&mut session),
        [""; 0],
        "a client that has left gets nothing"
    );

    // What is asked for comes last, and items have an order.
    let mut session = strict(&lines);
    send(&mut session, &[update("Be brief."), create()]);
    assert_eq!(
        differs(&session),
        ["line 2: conversation.item.create was sent here, and now response.create"]
    );
    let two = [
        (">", 0, message(None, "One")),
        (">", 0, message(None, "Two")),
        ("<", 0, said("answer")),
    ];
    let mut session = strict(&two);
    send(&mut session, &[message(None, "Two"), message(None, "One")]);
    assert!(
        differs(&session)[0].starts_with("line 1: item.content[0].text"),
        "{:?}",
        differs(&session)
    );
}

#[test]
fn ids_that_the_client_makes_up_are_told_as_it_made_them_up() {
    let mut recorded_message = message(Some("mine_1"), "Hello");
    recorded_message["event_id"] = "event_mine".into();
    recorded_message["previous_item_id"] = "root".into();
    let lines = [
        (
            "<",
            0,
            json!({ "type": "x", "item": { "id": "item_server" } }),
        ),
        (">", 0, recorded_message),
        (
            "<",
            0,
            json!({ "type": "x", "item": { "id": "mine_1" }, "previous_item_id": "item_server" }),
        ),
        (
            ">",
            0,
            json!({ "type": "conversation.item.delete", "item_id": "mine_1" }),
        ),
        (
            ">",
            0,
            json!({ "type": "conversation.item.delete", "item_id": "item_server" }),
        ),
        (
            "<",
            0,
            json!({ "type": "error", "error": { "event_id": "event_mine", "message": "No item mine_1." } }),
        ),
    ];
    let mut session = strict(&lines);
    let mut now = message(Some("of_today"), "Hello");
    now["event_id"] = "event_of_today".into();
    now["previous_item_id"] = "root".into();
    send(&mut session, &[now]);
    assert_eq!(heard(&mut session)[1]["item"]["id"], "of_today");
    let delete = |id: &str| json!({ "type": "conversation.item.delete", "item_id": id });
    send(&mut session, &[delete("of_today"), delete("item_server")]);
    let error = &heard(&mut session)[0]["error"];
    assert_eq!(
        *error,
        json!({ "event_id": "event_of_today", "message": "No item of_today." })
    );
    session.take_close();
    assert_eq!(differs(&session), [""; 0]);

    // An id of the server is one, and one of the client stays what it was.
    for (wrong, place) in [("of_today_", "line 4"), ("mine_1", "line 4")] {
        let mut session = strict(&lines);
        let mut first = message(Some("of_today"), "Hello");
        first["previous_item_id"] = "root".into();
        send(&mut session, &[first, delete(wrong)]);
        let told = differs(&session);
        assert!(
            told[0].starts_with(place) && told[0].contains("item_id in"),
            "{told:?}"
        );
    }
}

#[test]
fn audio_counts_by_how_much_it_is() {
    let lines = [
        (">", 0, append(3000)),
        (">", 0, append(3000)),
        ("<", 0, said("heard")),
        (">", 0, append(3000)),
        (">", 0, commit()),
        ("<", 0, said("committed")),
    ];
    let mut session = strict(&lines);
    for _ in 0..5 {
        send(&mut session, &[append(999)]);
        assert_eq!(ids(&mut session), [""; 0]);
    }
    send(&mut session, &[append(1005)]);
    assert_eq!(ids(&mut session), ["heard"]);
    send(&mut session, &[append(3000), commit()]);
    assert_eq!(ids(&mut session), ["committed"]);
    session.take_close();
    assert_eq!(differs(&session), [""; 0]);

    for (bytes, differs_) in [(3000, true), (6000, false), (12_000, false), (15_000, true)] {
        let mut session = strict(&lines);
        send(&mut session, &vec![append(3000); bytes / 3000]);
        send(&mut session, &[commit()]);
        let expected = format!(
            "line 5: before input_audio_buffer.commit, 9000 bytes of audio were appended, and now {bytes}"
        );
        assert_eq!(
            differs(&session),
            if differs_ { vec![expected] } else { vec![] }
        );
    }
}

#[test]
fn pauses_are_as_recorded_or_scaled() {
    let lines = [
        ("<", 100, said("created")),
        (">", 1_100, create()),
        ("<", 1_300, said("first")),
        ("<", 1_700, said("second")),
        ("close", 2_000, json!({ "code": 1001, "reason": "bye" })),
    ];
    let seconds = Duration::from_millis;
    for (speed, [first, second, close]) in [
        (Speed::Recorded, [200, 600, 900]),
        (Speed::Times(2.0), [100, 300, 450]),
        (Speed::Times(0.5), [400, 1_200, 1_800]),
        (Speed::Instant, [0, 0, 0]),
    ] {
        // The client takes its own time, here more than the recorded one.
        let asked = seconds(5_000);
        let mut session = Replay::of("test", &recorded(&lines)).speed(speed).session();
        assert!(session.poll(NOW).is_some());
        assert_eq!(
            session.deadline(),
            None,
            "nothing before the client has asked"
        );
        session.take_text(&create().to_string(), asked);
        for due in [first, second] {
            assert_eq!(session.deadline(), Some(asked + seconds(due)));
            if due > 0 {
                assert_eq!(session.poll(asked + seconds(due - 1)), None);
            }
            assert!(matches!(
                session.poll(asked + seconds(due)),
                Some(Replayed::Text(_))
            ));
        }
        assert_eq!(session.deadline(), Some(asked + seconds(close)));
        let end = session.poll(asked + seconds(close));
        let reason = "bye".to_owned();
        assert_eq!(end, Some(Replayed::Close { code: 1001, reason }));
        assert_eq!((session.deadline(), session.poll(asked * 2)), (None, None));
    }
}

#[test]
fn what_is_redacted_is_not_held_against_the_client() {
    let log = r#"{"t":0,"dir":"open","redacted":["audio","text"]}
{"t":0,"dir":"c2s","event":{"type":"session.update","session":{"type":"realtime","instructions":"xxx [redacted]"}}}
{"t":0,"dir":"s2c","event":{"type":"x","event_id":"updated"}}"#;
    let recording = Recording::parse("test", log.as_bytes()).unwrap();
    let replay = Replay::of("test", &recording.sessions[0]).strict(true);
    let mut session = replay.session();
    send(&mut session, &[update("Use [redacted]")]);
    assert_eq!(
        differs(&session).len(),
        1,
        "a key is redacted before letters are"
    );
    let log = log.replace("[redacted]", "1111");
    let recording = Recording::parse("test", log.as_bytes()).unwrap();
    let replay = Replay::of("test", &recording.sessions[0]).strict(true);
    let mut session = replay.session();
    send(&mut session, &[update("Ask 4711")]);
    assert_eq!(differs(&session), [""; 0]);
}

/// Each recorded client gets what it got then, from a replay of its own recording.
#[test]
fn real_sessions_are_their_own_replay() {
    for name in [
        "ga_audio_in_server_vad_turn",
        "ga_message_history_seeding",
        "ga_text_in_audio_out_turn",
        "ga_tool_call_round",
    ] {
        let Some(file) = crate::support::shared(&format!("recordings/{name}.jsonl")) else {
            return;
        };
        let recording = Recording::read(file).unwrap();
        let recorded = &recording.sessions[0];
        let mut session = Replay::of(name, recorded).strict(true).session();
        let mut told = Vec::new();
        for entry in &recorded.entries {
            match entry.by {
                Direction::Client => send(&mut session, std::slice::from_ref(&entry.event)),
                Direction::Server => {
                    let due = session.poll(NOW);
                    assert_eq!(due, Some(Replayed::Text(entry.event.to_string())), "{name}");
                    told.push(due);
                }
            }
        }
        session.take_close();
        assert_eq!(differs(&session), [""; 0], "{name}");
        assert!(!told.is_empty());
    }
}
