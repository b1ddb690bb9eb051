//! Server VAD: what is a turn, and when it is.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::sound::{append, hear, play, silence, sounds, wave};
use crate::support::{Session, answer, assert_valid_server_event, drain, types};
use mock_realtime::audio::Encoding;
use mock_realtime::engine::SessionOptions;
use serde_json::{Value, json};

/// A session in this input format, with these settings of turn detection; it does not respond.
fn session(encoding: Encoding, vad: &Value) -> Session {
    let mut turn_detection = json!({ "type": "server_vad", "create_response": false });
    let settings = turn_detection.as_object_mut().unwrap();
    settings.extend(vad.as_object().unwrap().clone());
    let format = match encoding {
        Encoding::Pcm16 => json!({ "type": "audio/pcm", "rate": 24000 }),
        Encoding::Mulaw => json!({ "type": "audio/pcmu" }),
        Encoding::Alaw => json!({ "type": "audio/pcma" }),
    };
    let mut session = Session::new(SessionOptions::default());
    update(
        &mut session,
        &json!({ "format": format, "turn_detection": turn_detection }),
    );
    session
}

fn update(session: &mut Session, input: &Value) {
    let frame = json!({
        "type": "session.update",
        "session": { "type": "realtime", "audio": { "input": input } },
    });
    let sent = answer(session, &frame.to_string());
    assert_eq!(types(&sent).last(), Some(&"session.updated"), "{sent:?}");
}

/// Beginnings and ends of the turns in what was sent.
fn times(sent: &[Value]) -> Vec<(&str, i64)> {
    sent.iter().for_each(assert_valid_server_event);
    let time = |event: &Value| match event["type"].as_str() {
        Some("input_audio_buffer.speech_started") => {
            Some(("start", event["audio_start_ms"].as_i64().unwrap()))
        }
        Some("input_audio_buffer.speech_stopped") => {
            Some(("end", event["audio_end_ms"].as_i64().unwrap()))
        }
        _ => None,
    };
    sent.iter().filter_map(time).collect()
}

#[test]
fn the_times_are_those_of_the_recording_in_every_format() {
    for encoding in [Encoding::Pcm16, Encoding::Mulaw, Encoding::Alaw] {
        let mut session = session(encoding, &json!({}));
        let sent = hear(&mut session, "silence 1760, speech 2272, silence 1000");
        assert_eq!(times(&sent), [("start", 1460), ("end", 4256)]);
        let order = [
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
        ];
        assert_eq!(types(&sent), order);
    }
}

#[test]
fn times_are_those_of_whole_windows() {
    for lead in [0, 1, 31, 32, 333, 777] {
        let mut session = session(Encoding::Pcm16, &json!({ "prefix_padding_ms": 0 }));
        let sent = hear(
            &mut session,
            &format!("silence {lead}, speech 501, silence 400"),
        );
        let start = lead / 32 * 32;
        let [("start", found), ("end", end)] = times(&sent)[..] else {
            panic!("{sent:?}")
        };
        assert_eq!(found, start);
        assert_eq!(end % 32, 0);
        assert!((lead + 501 + 200..lead + 501 + 300).contains(&end), "{end}");
    }
}

#[test]
fn the_clock_runs_on_from_turn_to_turn() {
    let mut session = session(Encoding::Mulaw, &json!({}));
    let first = hear(&mut session, "silence 640, speech 960, silence 640");
    let second = hear(&mut session, "silence 1280, speech 960, silence 640");
    assert_eq!(times(&first), [("start", 340), ("end", 1824)]);
    assert_eq!(times(&second), [("start", 3220), ("end", 4704)]);
}

#[test]
fn the_item_has_the_id_given_at_the_start() {
    let mut session = session(Encoding::Pcm16, &json!({}));
    let sent = hear(&mut session, "speech 640, silence 320");
    let id = &sent[0]["item_id"];
    assert!(id.as_str().unwrap().starts_with("item_"));
    assert!(sent[1..3].iter().all(|event| event["item_id"] == *id));
    assert!(sent[3..].iter().all(|event| event["item"]["id"] == *id));
}

#[test]
fn the_start_is_never_before_the_beginning() {
    let mut session = session(Encoding::Pcm16, &json!({ "prefix_padding_ms": 1000 }));
    let sent = hear(&mut session, "silence 320, speech 640");
    assert_eq!(times(&sent), [("start", 0)]);
}

#[test]
fn nobody_speaks_in_silence_or_faint_noise() {
    for encoding in [Encoding::Pcm16, Encoding::Mulaw, Encoding::Alaw] {
        let mut session = session(encoding, &json!({}));
        for audio in [silence(3000, encoding), wave(3000, encoding, 100.0)] {
            append(&mut session, &audio, Duration::ZERO);
            assert_eq!(drain(&mut session), [] as [Value; 0]);
        }
    }
}

#[test]
fn a_higher_threshold_asks_for_louder_speech() {
    for (threshold, expected) in [(0.3, true), (0.6, true), (0.7, false), (1.0, false)] {
        let mut session = session(Encoding::Pcm16, &json!({ "threshold": threshold }));
        // About -30 dB of full scale.
        let audio = wave(640, Encoding::Pcm16, 1_280.0);
        append(&mut session, &audio, Duration::ZERO);
        assert_eq!(!drain(&mut session).is_empty(), expected, "{threshold}");
    }
}

#[test]
fn a_turn_lasts_through_shorter_silences() {
    let mut session = session(Encoding::Pcm16, &json!({ "silence_duration_ms": 640 }));
    let sent = hear(&mut session, "speech 320, silence 608, speech 320");
    assert_eq!(times(&sent), [("start", 0)]);
    let sent = hear(&mut session, "silence 608");
    assert_eq!(times(&sent), []);
    let sent = hear(&mut session, "silence 32");
    assert_eq!(times(&sent), [("end", 1888)]);
}

#[test]
fn several_turns_fit_into_one_append() {
    let mut session = session(Encoding::Pcm16, &json!({}));
    let turn = "speech 640, silence 640";
    let sent = hear(&mut session, &[turn; 3].join(", "));
    let starts = times(&sent);
    assert_eq!(starts.len(), 6);
    assert_eq!(starts[2], ("start", 980));
}

#[test]
fn a_detector_of_ones_own_decides() {
    let options = SessionOptions {
        speech_detector: Box::new(|window: &[i16], rate: u32| {
            assert_eq!((window.len(), rate), (768, 24_000));
            f64::from(window[0]) / 100.0
        }),
        ..SessionOptions::default()
    };
    let mut session = Session::new(options);
    drain(&mut session);
    let faint = Encoding::Pcm16.encode(&[51; 768]);
    append(&mut session, &faint, Duration::ZERO);
    assert_eq!(times(&drain(&mut session)), [("start", 0)]);
}

#[test]
fn a_new_format_goes_on_on_the_same_clock() {
    let mut session = session(Encoding::Pcm16, &json!({}));
    let mut sent = hear(&mut session, "silence 650, speech 300");
    update(&mut session, &json!({ "format": { "type": "audio/pcmu" } }));
    sent.extend(hear(&mut session, "speech 320, silence 1000"));
    update(&mut session, &json!({ "format": { "type": "audio/pcm" } }));
    sent.extend(hear(&mut session, "speech 320, silence 320"));
    let expected = [
        ("start", 640 - 300),
        ("end", 1504),
        ("start", 2240 - 300),
        ("end", 2816),
    ];
    assert_eq!(times(&sent), expected);
}

#[test]
fn turn_detection_can_change_while_somebody_speaks() {
    let mut session = session(Encoding::Pcm16, &json!({}));
    let mut sent = hear(&mut session, "speech 640");
    let patient = json!({ "turn_detection": { "type": "server_vad", "silence_duration_ms": 640 } });
    update(&mut session, &patient);
    sent.extend(hear(&mut session, "silence 608"));
    assert_eq!(times(&sent), [("start", 0)]);
    assert_eq!(times(&hear(&mut session, "silence 32")), [("end", 1280)]);
}

#[test]
fn without_turn_detection_the_turn_under_way_is_forgotten() {
    let mut session = session(Encoding::Pcm16, &json!({}));
    let started = hear(&mut session, "speech 640");
    assert_eq!(types(&started), ["input_audio_buffer.speech_started"]);
    update(&mut session, &json!({ "turn_detection": null }));
    assert_eq!(hear(&mut session, "silence 2000"), [] as [Value; 0]);
    let again = json!({ "turn_detection": { "type": "server_vad", "create_response": false } });
    update(&mut session, &again);
    play(&mut session, "silence 16, speech 640", Duration::ZERO);
    let sent = drain(&mut session);
    assert_eq!(times(&sent), [("start", 2656 - 300)]);
    assert_ne!(sent[0]["item_id"], started[0]["item_id"]);
}

#[test]
fn eagerness_says_how_much_silence_ends_a_semantic_turn() {
    for (eagerness, ms) in [
        ("low", 2016),
        ("medium", 1024),
        ("auto", 1024),
        ("high", 512),
    ] {
        let mut session = Session::new(SessionOptions::default());
        let vad =
            json!({ "type": "semantic_vad", "eagerness": eagerness, "create_response": false });
        update(&mut session, &json!({ "turn_detection": vad }));
        let started = hear(&mut session, "silence 640, speech 640");
        assert_eq!(times(&started), [("start", 340)]);
        append(
            &mut session,
            &silence(ms - 1, Encoding::Pcm16),
            Duration::ZERO,
        );
        assert_eq!(drain(&mut session), [] as [Value; 0], "{eagerness}");
        append(&mut session, &silence(1, Encoding::Pcm16), Duration::ZERO);
        let end = 1280 + i64::try_from(ms).unwrap();
        assert_eq!(times(&drain(&mut session)), [("end", end)]);
    }
}

#[test]
fn speech_that_goes_on_for_long_is_one_turn() {
    let mut session = session(Encoding::Mulaw, &json!({}));
    // With the pauses of a voice: a sound without any becomes part of the room.
    let minute = sounds("speech 960, silence 40", Encoding::Mulaw).repeat(60);
    for _ in 0..12 {
        append(&mut session, &minute, Duration::ZERO);
    }
    let sent = hear(&mut session, "silence 320");
    let expected = [("start", 0), ("end", 720_192)];
    assert_eq!(times(&sent), expected);
}
