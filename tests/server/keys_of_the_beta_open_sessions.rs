//! Where the beta is spoken, a flat session is answered with the key that opens it.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::wire::{Running, read_frame};
use crate::support::{same, validator_of};
use mock_realtime::dialect::Choice;
use mock_realtime::protocol::beta;
use mock_realtime::server::ServerOptions;
use serde_json::{Value, json};

const SESSIONS: &str = "/v1/realtime/sessions";
const TRANSCRIPTION_SESSIONS: &str = "/v1/realtime/transcription_sessions";
const ASKS_FOR_BETA: &str = "OpenAI-Beta: realtime=v1\r\n";
const START: u64 = 1_800_000_000;
const HALF_AN_HOUR: u64 = 30 * 60;

async fn server(dialect: Choice) -> Running {
    Running::start(ServerOptions {
        started_at: Some(START),
        dialect,
        ..ServerOptions::default()
    })
    .await
}

/// Makes a key; returns the whole answer, which is a session as the beta's schema has it.
async fn made(server: &Running, path: &str, body: &Value) -> Value {
    let reply = server.post(path, &body.to_string()).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let session = reply.json();
    let definition = match path {
        SESSIONS => "Session",
        _ => "TranscriptionSession",
    };
    let validator = validator_of(beta::OBSERVED_SCHEMA, definition);
    let faults: Vec<String> = validator
        .iter_errors(&session)
        .map(|fault| fault.to_string())
        .collect();
    assert!(faults.is_empty(), "{session}\n{faults:?}");
    let secret = &session["client_secret"];
    assert!(secret["value"].as_str().unwrap().starts_with("ek_"));
    assert_eq!(secret["expires_at"], START + 60);
    assert_eq!(session["expires_at"], 0);
    session
}

fn bearer(made: &Value) -> String {
    let key = made["client_secret"]["value"].as_str().unwrap();
    format!("Authorization: Bearer {key}\r\n")
}

/// The first event of the session that a key opens.
async fn opened(server: &Running, path: &str, headers: &str) -> Value {
    let (reply, mut stream) = server.upgrade(path, headers).await;
    assert_eq!(reply.status, 101);
    let first = read_frame(&mut stream).await.unwrap();
    serde_json::from_slice(&first.payload).unwrap()
}

/// Whether a session is the one that was promised with its key: all but its id, its end and the key.
fn assert_promised(session: &Value, made: &Value) {
    let mut promised = made.clone();
    promised["id"] = session["id"].clone();
    promised["expires_at"] = json!(START + HALF_AN_HOUR);
    promised["client_secret"] = Value::Null;
    assert!(same(session, &promised), "{session}\n{promised}");
    assert_ne!(session["id"], made["id"]);
}

fn conversation() -> Value {
    json!({
        "model": "gpt-4o-realtime-preview",
        "modalities": ["text", "audio"],
        "instructions": "Be short.",
        "voice": "sage",
        "input_audio_format": "g711_ulaw",
        "input_audio_transcription": { "model": "whisper-1", "language": "en", "prompt": "names" },
        "turn_detection": null,
        "tools": [{ "type": "function", "name": "clock" }],
        "tool_choice": "required",
        "temperature": 0.7,
        "max_response_output_tokens": 200,
    })
}

#[tokio::test]
async fn a_conversation_as_it_was_described() {
    for (dialect, asks) in [(Choice::Beta, ""), (Choice::Auto, ASKS_FOR_BETA)] {
        let server = server(dialect).await;
        let made = made(&server, SESSIONS, &conversation()).await;
        for (field, value) in conversation().as_object().unwrap() {
            assert!(same(&made[field], value), "{field}: {made}");
        }
        let headers = format!("{}{asks}", bearer(&made));
        let created = opened(&server, "/v1/realtime", &headers).await;
        assert_eq!(created["type"], "session.created");
        crate::support::assert_valid_beta_event(&created);
        assert_promised(&created["session"], &made);
    }
}

#[tokio::test]
async fn in_ga_for_who_does_not_ask_for_the_beta() {
    let server = server(Choice::Auto).await;
    let made = made(&server, SESSIONS, &conversation()).await;
    let created = opened(&server, "/v1/realtime", &bearer(&made)).await;
    crate::support::assert_valid_server_event(&created);
    let session = &created["session"];
    assert_eq!(session["audio"]["output"]["voice"], "sage");
    assert_eq!(session["audio"]["input"]["format"]["type"], "audio/pcmu");
    assert_eq!(session["max_output_tokens"], 200);
    assert_eq!(session["temperature"], Value::Null);
}

#[tokio::test]
async fn a_conversation_of_which_nothing_was_said() {
    let server = server(Choice::Beta).await;
    let made = made(&server, SESSIONS, &json!({})).await;
    assert_eq!(made["model"], "gpt-realtime");
    assert_eq!(made["temperature"], 0.8);
    let created = opened(&server, "/v1/realtime", &bearer(&made)).await;
    assert_promised(&created["session"], &made);
}

#[tokio::test]
async fn a_transcription() {
    let server = server(Choice::Auto).await;
    let body = json!({
        "input_audio_format": "g711_alaw",
        "input_audio_transcription": { "model": "gpt-4o-transcribe", "language": "de" },
        "turn_detection": { "type": "server_vad", "threshold": 0.7 },
        "input_audio_noise_reduction": { "type": "near_field" },
    });
    let made = made(&server, TRANSCRIPTION_SESSIONS, &body).await;
    assert_eq!(made["object"], "realtime.transcription_session");
    assert_eq!(made["input_audio_format"], "g711_alaw");
    assert_eq!(made["turn_detection"]["silence_duration_ms"], 200);

    let key = bearer(&made);
    let headers = format!("{key}{ASKS_FOR_BETA}");
    for path in ["/v1/realtime", "/v1/realtime?intent=transcription"] {
        let created = opened(&server, path, &headers).await;
        assert_eq!(created["type"], "transcription_session.created");
        crate::support::assert_valid_beta_event(&created);
        let mut session = created["session"].clone();
        session["client_secret"] = Value::Null;
        assert_promised(&session, &made);
    }
    let path = "/v1/realtime?model=gpt-realtime";
    assert_eq!(server.refusal(path, &key).await.code, 4000);
}

#[tokio::test(start_paused = true)]
async fn for_a_minute() {
    let server = server(Choice::Beta).await;
    let key = bearer(&made(&server, SESSIONS, &json!({})).await);
    tokio::time::advance(Duration::from_secs(59)).await;
    let created = opened(&server, "/v1/realtime", &key).await;
    assert_eq!(created["type"], "session.created");
    tokio::time::advance(Duration::from_secs(1)).await;
    let refusal = server.refusal("/v1/realtime", &key).await;
    assert_eq!(refusal.reason, "invalid_request_error.invalid_api_key");
}

#[tokio::test]
async fn what_is_wrong_is_named_as_in_the_beta() {
    let server = server(Choice::Beta).await;
    let cases = [
        (json!({ "voice": 7 }), "invalid_type", "voice"),
        (
            json!({ "temperature": 2 }),
            "decimal_above_max_value",
            "temperature",
        ),
        (
            json!({ "input_audio_format": "mp3" }),
            "invalid_value",
            "input_audio_format",
        ),
        (
            json!({ "turn_detection": { "type": "server_vad", "threshold": "high" } }),
            "invalid_type",
            "turn_detection.threshold",
        ),
        (
            json!({ "session": { "type": "realtime" } }),
            "unknown_parameter",
            "session",
        ),
        (json!({ "audio": {} }), "unknown_parameter", "audio"),
        (json!({ "model": "whisper-1" }), "invalid_model", "model"),
    ];
    for (body, code, param) in cases {
        let reply = server.post(SESSIONS, &body.to_string()).await;
        assert_eq!(reply.status, 400, "{body}");
        let error = reply.error();
        assert_eq!(
            (&error["code"], &error["param"]),
            (&json!(code), &json!(param)),
            "{error}"
        );
        assert_eq!(error["type"], "invalid_request_error");
        let message = error["message"].as_str().unwrap();
        assert!(!message.contains("audio.input"), "{message}");
    }
    let body = json!({ "temperature": 0.7 }).to_string();
    let error = server.post(TRANSCRIPTION_SESSIONS, &body).await.error();
    assert_eq!(error["code"], "unknown_parameter");
    assert_eq!(error["param"], "temperature");
}
