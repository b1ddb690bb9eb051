//! A key that is made on one server opens sessions, with its settings, on each that has the same
//! secret, until it expires.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use crate::support::wire::{Running, read_frame};
use crate::support::{same, validator};
use mock_realtime::server::ServerOptions;
use serde_json::{Value, json};

const SECRETS: &str = "/v1/realtime/client_secrets";
const TRANSLATION_SECRETS: &str = "/v1/realtime/translations/client_secrets";
const START: u64 = 1_800_000_000;

async fn server(secret: &str) -> Running {
    Running::start(ServerOptions {
        started_at: Some(START),
        secret: Some(secret.to_owned()),
        ..ServerOptions::default()
    })
    .await
}

/// Makes a key; returns the whole answer.
async fn made(server: &Running, path: &str, body: Value) -> Value {
    let reply = server.post(path, &body.to_string()).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    reply.json()
}

fn bearer(made: &Value) -> String {
    format!(
        "Authorization: Bearer {}\r\n",
        made["value"].as_str().unwrap()
    )
}

/// The session that a key opens.
async fn opened(server: &Running, path: &str, headers: &str) -> Value {
    let (reply, mut stream) = server.upgrade(path, headers).await;
    assert_eq!(reply.status, 101);
    let first = read_frame(&mut stream).await.unwrap();
    let event: Value = serde_json::from_slice(&first.payload).unwrap();
    assert_eq!(event["type"], "session.created", "{event}");
    event["session"].clone()
}

#[tokio::test]
async fn on_another_server_with_the_same_secret() {
    let (one, other) = (server("s3cret").await, server("s3cret").await);
    let session = json!({
        "type": "realtime",
        "model": "gpt-realtime-mini",
        "instructions": "Be short.",
        "audio": {
            "input": { "turn_detection": null, "transcription": { "model": "whisper-1" } },
            "output": { "voice": "cedar" },
        },
        "tools": [
            { "type": "function", "name": "clock" },
            { "type": "function", "name": "weather", "description": "Tells the weather." },
        ],
    });
    let body =
        json!({ "expires_after": { "anchor": "created_at", "seconds": 60 }, "session": session });
    let made = made(&one, SECRETS, body).await;
    let answers = validator("ClientSecretCreateResponse");
    assert!(answers.is_valid(&made), "{made}");
    assert!(made["value"].as_str().unwrap().starts_with("ek_"));
    assert_eq!(made["expires_at"], START + 60);
    assert_eq!(made["session"]["expires_at"], 0);
    // The reply says that a function has no description; the session says nothing, as it was told.
    let tools = &made["session"]["tools"];
    assert_eq!(tools[0].get("description"), Some(&Value::Null));
    assert_eq!(tools[1]["description"], "Tells the weather.");
    let mut promised = made["session"].clone();
    promised["tools"] = session["tools"].clone();
    assert_eq!(made["session"]["object"], "realtime.session");
    assert!(made["session"]["id"].as_str().unwrap().starts_with("sess_"));

    // More than once, with and without the model in the address, by header and as browsers do.
    let by_header = bearer(&made);
    let by_protocol = format!(
        "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.{}\r\n",
        made["value"].as_str().unwrap()
    );
    for (path, headers) in [
        ("/v1/realtime?model=gpt-realtime-mini", &by_header),
        ("/v1/realtime", &by_header),
        ("/v1/realtime?model=gpt-realtime-mini", &by_protocol),
    ] {
        let mut session = opened(&other, path, headers).await;
        assert_eq!(session["audio"]["output"]["voice"], "cedar");
        assert_eq!(
            session["audio"]["input"]["transcription"]["language"],
            Value::Null
        );
        assert_ne!(session["id"], made["session"]["id"]);
        session["id"] = made["session"]["id"].clone();
        session["expires_at"] = json!(0);
        assert!(same(&session, &promised), "{session}\n{promised}");
    }
    // What the address says goes before what the key says.
    let session = opened(&other, "/v1/realtime?model=gpt-realtime", &by_header).await;
    assert_eq!(session["model"], "gpt-realtime");
    assert_eq!(session["audio"]["output"]["voice"], "cedar");
}

#[tokio::test]
async fn of_the_kind_they_were_made_for() {
    let server = server("s3cret").await;
    let nothing = made(&server, SECRETS, json!({})).await;
    assert_eq!(nothing["session"]["model"], "gpt-realtime");
    assert_eq!(nothing["expires_at"], START + 600);
    let session = opened(&server, "/v1/realtime", &bearer(&nothing)).await;
    assert_eq!(session["type"], "realtime");

    let body = json!({ "session": { "type": "transcription", "audio": { "input": { "transcription": { "model": "whisper-1" } } } } });
    let transcription = made(&server, SECRETS, body).await;
    for path in ["/v1/realtime", "/v1/realtime?intent=transcription"] {
        let session = opened(&server, path, &bearer(&transcription)).await;
        assert_eq!(session["type"], "transcription");
        assert_eq!(
            session["audio"]["input"]["transcription"]["model"],
            "whisper-1"
        );
    }

    let body = json!({ "session": { "model": "gpt-realtime-translate", "audio": { "output": { "language": "es" } } } });
    let translation = made(&server, TRANSLATION_SECRETS, body).await;
    let answers = validator("TranslationClientSecretCreateResponse");
    assert!(answers.is_valid(&translation), "{translation}");
    let session = opened(&server, "/v1/realtime/translations", &bearer(&translation)).await;
    assert_eq!(session["type"], "translation");
    assert_eq!(session["audio"]["output"]["language"], "es");

    for (path, key) in [
        ("/v1/realtime?intent=transcription", &nothing),
        ("/v1/realtime/translations", &nothing),
        ("/v1/realtime?model=gpt-realtime", &transcription),
        ("/v1/realtime", &translation),
    ] {
        let refusal = server.refusal(path, &bearer(key)).await;
        assert_eq!(refusal.code, 4000, "{path}: {refusal:?}");
        assert_eq!(refusal.reason, "invalid_request_error");
    }
}

#[tokio::test]
async fn but_none_that_nobody_made() {
    let (one, other) = (server("s3cret").await, server("another").await);
    let key = bearer(&made(&one, SECRETS, json!({})).await);
    let forged = key.replace("ek_A", "ek_B");
    assert_ne!(key, forged);
    for (server, key) in [
        (&other, &*key),
        (&one, &forged),
        (&one, "Authorization: Bearer ek_0123456789abcdef\r\n"),
    ] {
        let refusal = server.refusal("/v1/realtime?model=gpt-realtime", key).await;
        assert_eq!(refusal.reason, "invalid_request_error.invalid_api_key");
        assert_eq!(refusal.code, 3000);
    }
}

#[tokio::test(start_paused = true)]
async fn and_none_that_has_expired() {
    let server = server("s3cret").await;
    let body = json!({ "expires_after": { "seconds": 10 } });
    let key = bearer(&made(&server, SECRETS, body).await);
    let path = "/v1/realtime?model=gpt-realtime";
    tokio::time::advance(Duration::from_secs(9)).await;
    opened(&server, path, &key).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    let refusal = server.refusal(path, &key).await;
    assert_eq!(refusal.reason, "invalid_request_error.invalid_api_key");
}

#[tokio::test]
async fn and_are_the_same_for_the_same_seed() {
    let mut runs = Vec::new();
    for seed in [3, 3, 4] {
        let server = Running::start(ServerOptions {
            seed,
            started_at: Some(START),
            ..ServerOptions::default()
        })
        .await;
        let first = made(&server, SECRETS, json!({})).await;
        let second = made(&server, SECRETS, json!({})).await;
        assert_ne!(first["value"], second["value"]);
        assert_ne!(first["session"]["id"], second["session"]["id"]);
        runs.push((first, second));
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0].0["value"], runs[2].0["value"]);
}

#[tokio::test]
async fn settings_that_are_wrong_are_refused_at_their_place() {
    let server = server("s3cret").await;
    let cases = [
        (
            json!({ "expires_after": { "seconds": 9 } }),
            "integer_below_min_value",
            "expires_after.seconds",
        ),
        (
            json!({ "expires_after": { "seconds": 7201 } }),
            "integer_above_max_value",
            "expires_after.seconds",
        ),
        (
            json!({ "expires_after": { "anchor": "now" } }),
            "invalid_value",
            "expires_after.anchor",
        ),
        (
            json!({ "expires_in": 60 }),
            "unknown_parameter",
            "expires_in",
        ),
        (
            json!({ "session": {} }),
            "missing_required_parameter",
            "session.type",
        ),
        (
            json!({ "session": { "type": "realtime", "voice": "cedar" } }),
            "unknown_parameter",
            "session.voice",
        ),
        (
            json!({ "session": { "type": "realtime", "audio": { "input": { "format": { "type": "audio/pcm", "rate": 8000 } } } } }),
            "integer_below_min_value",
            "session.audio.input.format.rate",
        ),
        (
            json!({ "session": { "type": "realtime", "model": "whisper-1" } }),
            "invalid_model",
            "session.model",
        ),
    ];
    for (body, code, param) in cases {
        let reply = server.post(SECRETS, &body.to_string()).await;
        assert_eq!(reply.status, 400, "{body}");
        let error = reply.error();
        assert_eq!(
            (&error["code"], &error["param"]),
            (&json!(code), &json!(param)),
            "{error}"
        );
        assert_eq!(error["type"], "invalid_request_error");
    }
    let whisper = json!({ "session": { "type": "transcription", "audio": { "input": {
        "transcription": { "model": "gpt-realtime-whisper" },
        "turn_detection": { "type": "server_vad" },
    } } } });
    let error = server.post(SECRETS, &whisper.to_string()).await.error();
    assert_eq!(
        error["message"],
        "Turn detection is not supported for this transcription model."
    );
    let error = server.post(TRANSLATION_SECRETS, "{}").await.error();
    assert_eq!(error["param"], "session");
}
