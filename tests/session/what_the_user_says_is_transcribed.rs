//! Transcription of the user's turns, beyond its golden transcripts.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::sound::{hear, play};
use crate::support::{Session, answer, assert_valid_server_event, drain, types};
use mock_realtime::audio::Encoding;
use mock_realtime::engine::{
    Heard, Input, ScriptedTranscriber, SessionOptions, Transcriber, Transcript,
    TranscriptionFailure, TranscriptionPace,
};
use mock_realtime::protocol::ItemId;
use serde_json::{Value, json};

fn session(transcriber: impl Transcriber + 'static, input: &Value) -> Session {
    let mut session = Session::new(SessionOptions {
        transcriber: Box::new(transcriber),
        ..SessionOptions::default()
    });
    update(&mut session, input);
    session
}

fn update(session: &mut Session, input: &Value) {
    let mut input = input.clone();
    input["turn_detection"] = json!({ "type": "server_vad", "create_response": false });
    let frame = json!({
        "type": "session.update",
        "session": { "type": "realtime", "audio": { "input": input } },
    });
    answer(session, &frame.to_string());
}

fn transcription(model: &str) -> Value {
    json!({ "transcription": { "model": model } })
}

/// What one turn gives, without the events of the turn itself.
fn turn(session: &mut Session) -> Vec<Value> {
    let sent = hear(session, "silence 480, speech 640, silence 320");
    sent.iter().for_each(assert_valid_server_event);
    sent[5..].to_vec()
}

fn deltas(sent: &[Value]) -> Vec<&str> {
    sent.iter()
        .filter_map(|event| event["delta"].as_str())
        .collect()
}

#[test]
fn the_deltas_are_the_transcript() {
    let models = [
        "gpt-4o-transcribe",
        "gpt-4o-mini-transcribe",
        "gpt-live-transcribe",
        "whisper-1",
    ];
    for model in models {
        let text =
            "Hello, I should like to order Donaudampfschifffahrtsgesellschaftskapitänsmützen.";
        let mut session = session(ScriptedTranscriber::new([text]), &transcription(model));
        let sent = turn(&mut session);
        assert_eq!(deltas(&sent).concat(), text, "{model}");
        assert_eq!(sent.last().unwrap()["transcript"], text);
    }
}

#[test]
fn delta_and_padding_have_16_characters() {
    let mut session = session(
        ScriptedTranscriber::new(["Grüße aus Köln, mein Lieber!"]),
        &transcription("gpt-4o-transcribe"),
    );
    let sent = turn(&mut session);
    let characters = |event: &Value, field: &str| event[field].as_str().unwrap().chars().count();
    for event in sent.iter().filter(|event| event.get("delta").is_some()) {
        assert_eq!(
            characters(event, "delta") + characters(event, "obfuscation"),
            16
        );
    }
}

#[test]
fn nothing_said_is_an_empty_transcript() {
    for model in [
        "whisper-1",
        "gpt-realtime-whisper",
        "gpt-4o-transcribe-diarize",
    ] {
        let mut session = session(ScriptedTranscriber::new([""]), &transcription(model));
        let sent = turn(&mut session);
        assert_eq!(
            types(&sent),
            ["conversation.item.input_audio_transcription.completed"]
        );
        assert_eq!(sent[0]["transcript"], "");
    }
}

#[test]
fn without_transcription_nobody_is_told_but_all_is_heard() {
    let mut session = session(ScriptedTranscriber::new(["one", "two"]), &json!({}));
    assert_eq!(turn(&mut session), [] as [Value; 0]);
    update(&mut session, &transcription("whisper-1"));
    assert_eq!(deltas(&turn(&mut session)), ["two"]);
}

#[test]
fn when_the_script_is_at_its_end_there_is_speech() {
    let mut session = session(ScriptedTranscriber::default(), &transcription("whisper-1"));
    assert_eq!(deltas(&turn(&mut session)), ["(speech)"]);
}

#[test]
fn a_transcriber_hears_the_turn() {
    let transcriber = |heard: Heard<'_>| {
        assert_eq!(heard.encoding, Encoding::Mulaw);
        assert_eq!(heard.audio.len(), (1344 - 180) * 8);
        assert_eq!(heard.duration, Duration::from_millis(1344 - 180));
        let language = heard.config.unwrap().language.value();
        Ok(Transcript::from(format!("in {}", language.unwrap())))
    };
    let input = json!({
        "format": { "type": "audio/pcmu" },
        "transcription": { "model": "whisper-1", "language": "de" },
    });
    let mut session = session(transcriber, &input);
    assert_eq!(deltas(&turn(&mut session)), ["in de"]);
}

#[test]
fn a_failure_says_what_the_transcriber_says() {
    let transcriber = |_: Heard<'_>| {
        Err(TranscriptionFailure {
            code: None,
            message: Some("No luck.".to_owned()),
        })
    };
    let mut session = session(transcriber, &transcription("whisper-1"));
    let sent = turn(&mut session);
    assert_eq!(
        types(&sent),
        ["conversation.item.input_audio_transcription.failed"]
    );
    let expected = json!({ "type": "server_error", "message": "No luck.", "param": null });
    assert_eq!(sent[0]["error"], expected);
    // The next turn is another one.
    assert_eq!(turn(&mut session).len(), 1);
}

#[test]
fn a_manual_turn_is_transcribed_too() {
    let mut session = session(
        ScriptedTranscriber::new(["Hello."]),
        &transcription("whisper-1"),
    );
    hear(&mut session, "silence 640");
    let sent = answer(&mut session, r#"{"type":"input_audio_buffer.commit"}"#);
    assert_eq!(deltas(&sent), ["Hello."]);
}

#[test]
fn the_item_keeps_its_transcript() {
    let mut session = session(
        ScriptedTranscriber::new(["Hello."]),
        &transcription("whisper-1"),
    );
    let sent = turn(&mut session);
    let id = sent[0]["item_id"].as_str().unwrap();
    assert_eq!(
        session.conversation().heard(&ItemId::from(id)),
        Some("Hello.")
    );
    let frame = json!({ "type": "conversation.item.retrieve", "item_id": id });
    let retrieved = answer(&mut session, &frame.to_string());
    assert_eq!(retrieved[0]["item"]["content"][0]["transcript"], "Hello.");
}

#[test]
fn transcripts_of_two_turns_come_each_at_its_time() {
    let mut session = Session::new(SessionOptions {
        transcriber: Box::new(ScriptedTranscriber::new(["one two", "three"])),
        transcription_pace: TranscriptionPace {
            first: Duration::from_millis(100),
            next: Duration::from_millis(100),
        },
        ..SessionOptions::default()
    });
    update(&mut session, &transcription("gpt-4o-transcribe"));
    let sounds = "speech 640, silence 320";
    play(&mut session, sounds, Duration::ZERO);
    play(&mut session, sounds, Duration::from_millis(50));
    drain(&mut session);
    let mut heard = Vec::new();
    while let Some(next) = session
        .deadline()
        .filter(|next| *next < Duration::from_secs(60))
    {
        session.handle(Input::Time, next);
        for event in drain(&mut session) {
            let what = event["delta"].as_str().or(event["transcript"].as_str());
            heard.push((next.as_millis(), what.unwrap().to_owned()));
        }
    }
    let expected = [
        (100, "one"),
        (150, "three"),
        (200, " two"),
        (250, "three"),
        (300, "one two"),
    ];
    assert_eq!(heard, expected.map(|(at, what)| (at, what.to_owned())));
}
