//! Who may not come in, or asks for what there is not, gets a WebSocket all the same: with one error
//! on it, and a close.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use crate::support::wire::{Running, read_frame};
use futures_util::StreamExt;
use mock_realtime::expect::{Direction, Frame};
use mock_realtime::server::{MockServer, ServerOptions};
use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::ClientRequestBuilder;

const MODEL: &str = "/v1/realtime?model=gpt-realtime";
const KEY: &str = "Authorization: Bearer sk-proj-0123456789\r\n";

const NO_KEY: &str = "Missing bearer or basic authentication in header";
const WRONG_KEY: &str = "Incorrect API key provided: sk-proj-*******6789. You can find your API key \
                     at https://platform.openai.com/account/api-keys.";
const BETA: &str = "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA \
                API.";
const NO_MODEL: &str = "You must provide a model parameter, for example \
                    wss://api.openai.com/v1/realtime?model=gpt-realtime-1.5";
const WHISPER: &str = "Model 'gpt-realtime-whisper' is a transcription model and cannot be used as \
                   the realtime session model. Use a realtime model for the session model. Pass \
                   this transcription model as audio.input.transcription.model instead.";
const TRANSCRIPTION: &str = "You must not provide a model parameter for transcription sessions";
const TRANSLATE: &str = "Model \"gpt-realtime-translate\" is not supported in realtime mode.";

async fn strict() -> Running {
    Running::start(ServerOptions {
        api_keys: vec!["sk-proj-0123456789".to_owned()],
        ..ServerOptions::default()
    })
    .await
}

#[tokio::test]
async fn the_reason_is_an_error_and_the_close_after_it() {
    let server = strict().await;
    let beta_header = format!("{KEY}OpenAI-Beta: realtime=v1\r\n");
    let beta_protocol = "Sec-WebSocket-Protocol: realtime, \
                         openai-insecure-api-key.sk-proj-0123456789, openai-beta.realtime-v1\r\n";
    let cases = [
        (MODEL, "", 3000, None, NO_KEY),
        (
            MODEL,
            "Authorization: sk-proj-0123456789\r\n",
            3000,
            None,
            NO_KEY,
        ),
        (MODEL, "Authorization: Bearer \r\n", 3000, None, NO_KEY),
        (MODEL, "Authorization: Basic !\r\n", 3000, None, NO_KEY),
        (
            MODEL,
            "Authorization: Bearer sk-proj-01234566789\r\n",
            3000,
            Some("invalid_api_key"),
            WRONG_KEY,
        ),
        (
            MODEL,
            "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.sk-proj-01234566789\r\n",
            3000,
            Some("invalid_api_key"),
            WRONG_KEY,
        ),
        (
            MODEL,
            &beta_header,
            4000,
            Some("beta_api_shape_disabled"),
            BETA,
        ),
        (
            MODEL,
            beta_protocol,
            4000,
            Some("beta_api_shape_disabled"),
            BETA,
        ),
        ("/v1/realtime", KEY, 4000, Some("missing_model"), NO_MODEL),
        (
            "/v1/realtime?model=",
            KEY,
            4000,
            Some("missing_model"),
            NO_MODEL,
        ),
        (
            "/v1/realtime/translations",
            KEY,
            4000,
            Some("missing_model"),
            NO_MODEL,
        ),
        (
            "/v1/realtime?model=gpt-realtime-whisper",
            KEY,
            4000,
            Some("invalid_model"),
            WHISPER,
        ),
        (
            "/v1/realtime?model=gpt-realtime-translate",
            KEY,
            4000,
            Some("invalid_model"),
            TRANSLATE,
        ),
        (
            "/v1/realtime?intent=transcription&model=whisper-1",
            KEY,
            4000,
            None,
            TRANSCRIPTION,
        ),
    ];
    for (path, headers, close, code, message) in cases {
        let refusal = server.refusal(path, headers).await;
        let error = json!({
            "type": "invalid_request_error", "code": code, "message": message,
            "param": null, "event_id": null,
        });
        assert_eq!(refusal.error, error, "{path} {headers}");
        let code = code.map(|code| format!(".{code}")).unwrap_or_default();
        assert_eq!(refusal.reason, format!("invalid_request_error{code}"));
        assert_eq!(refusal.code, close, "{path} {headers}");
    }
}

#[tokio::test]
async fn whoever_has_a_key_comes_in() {
    let server = strict().await;
    let basic = "Authorization: Basic OnNrLXByb2otMDEyMzQ1Njc4OQ==\r\n";
    let browser = "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.sk-proj-0123456789, \
                   openai-organization.org-1, openai-project.proj_1\r\n";
    let with_more = format!(
        "{KEY}OpenAI-Organization: org-1\r\nOpenAI-Project: proj_1\r\nOpenAI-Safety-Identifier: me\r\n"
    );
    for headers in [KEY, basic, browser, &with_more] {
        let (reply, mut stream) = server.upgrade(MODEL, headers).await;
        assert_eq!(reply.status, 101);
        let protocol = headers.contains("Protocol").then_some("realtime");
        assert_eq!(reply.header("sec-websocket-protocol"), protocol);
        let first = read_frame(&mut stream).await.unwrap();
        assert_eq!(first.event_type(), "session.created", "{headers}");
    }
}

#[tokio::test]
async fn without_a_list_any_key_will_do_and_any_model_that_is_not_for_something_else() {
    let server = Running::start(ServerOptions::default()).await;
    for model in ["gpt-realtime", "gpt-realtime-9", "my-own"] {
        let path = format!("/v1/realtime?model={model}");
        let (_, mut stream) = server.upgrade(&path, "Authorization: Bearer x\r\n").await;
        let first = read_frame(&mut stream).await.unwrap();
        assert_eq!(first.event_type(), "session.created", "{model}");
        assert!(String::from_utf8(first.payload).unwrap().contains(model));
    }
}

#[tokio::test]
async fn with_a_list_of_models_no_other_will_do() {
    let server = Running::start(ServerOptions {
        models: vec!["gpt-realtime".to_owned()],
        ..ServerOptions::default()
    })
    .await;
    let refusal = server.refusal("/v1/realtime?model=gpt-nope", KEY).await;
    assert_eq!(refusal.error["code"], "invalid_model");
    let (_, mut stream) = server.upgrade(MODEL, KEY).await;
    let first = read_frame(&mut stream).await.unwrap();
    assert_eq!(first.event_type(), "session.created");
}

#[tokio::test]
async fn a_call_that_is_not_there_is_not_found() {
    let server = strict().await;
    let path = "/v1/realtime?call_id=rtc_u0_0123456789abcdefghijk";
    let (reply, _) = server.upgrade(path, KEY).await;
    assert_eq!((reply.status, reply.body.as_str()), (404, ""));
    assert_eq!(server.refusal(path, "").await.code, 3000);
}

#[tokio::test]
async fn a_test_sees_in_the_journal_who_was_not_let_in() {
    let mock = MockServer::builder()
        .verify()
        .api_key("sk-right")
        .start()
        .await;
    connect_async(mock.request()).await.unwrap();
    connect_async(mock.ws_url()).await.unwrap();
    mock.journal().until_closed(1).await;
    let entries = mock.journal().of_session(1);
    let [error, close] = &entries[..] else {
        panic!("{entries:?}");
    };
    assert_eq!(error.frame.name(), "error");
    let Frame::Close { by, code, reason } = &close.frame else {
        panic!("{close:?}");
    };
    assert_eq!((*by, *code), (Direction::Server, Some(3000)));
    assert_eq!(reason, "invalid_request_error");
    assert_eq!(
        mock.journal().of_session(0)[0].frame.name(),
        "session.created"
    );
}

#[tokio::test]
async fn a_test_says_which_models_there_are() {
    let mock = MockServer::builder()
        .verify()
        .models(["whisper-1", "my-own"])
        .start()
        .await;
    assert!(
        mock.ws_url().ends_with("?model=my-own"),
        "{}",
        mock.ws_url()
    );
    connect_async(mock.request()).await.unwrap();
    let of_session = |number| mock.journal().of_session(number);
    mock.session(0).await;
    let mut in_process = mock.connect().unwrap();
    let created = in_process.next().await.unwrap().unwrap();
    assert!(created.to_text().unwrap().contains(r#""model":"my-own""#));

    let other = mock.ws_url().replace("my-own", "gpt-realtime");
    let request = ClientRequestBuilder::new(other.parse().unwrap())
        .with_header("Authorization", "Bearer mock");
    connect_async(request).await.unwrap();
    mock.journal().until_closed(2).await;
    assert_eq!(of_session(2)[0].frame.name(), "error");
}
