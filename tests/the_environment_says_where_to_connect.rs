//! The connector: OpenAI or the mock behind one type, as variables say.
#![cfg(feature = "connect")]
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use futures_util::{SinkExt, StreamExt};
use mock_realtime::connect::{ConnectError, Target};
use mock_realtime::faults::Fault;
use mock_realtime::server::MockServer;
use tokio_tungstenite::tungstenite::Message;

fn target(variables: &[(&str, &str)]) -> Result<Target, ConnectError> {
    Target::from_variables(|name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

fn address(variables: &[(&str, &str)]) -> String {
    match target(variables).unwrap() {
        Target::Service(service) => service.address("gpt-realtime"),
        Target::Mock { .. } => panic!("that is the mock"),
    }
}

const KEY: (&str, &str) = ("OPENAI_API_KEY", "sk-secret");

#[test]
fn without_anything_but_a_key_it_is_openai() {
    let openai = "wss://api.openai.com/v1/realtime?model=gpt-realtime";
    assert_eq!(address(&[KEY]), openai);
    assert_eq!(
        address(&[KEY, ("MOCK_REALTIME", "0"), ("OPENAI_BASE_URL", "")]),
        openai
    );
}

#[test]
fn a_base_url_is_taken_with_any_usual_scheme() {
    let of = |url| address(&[KEY, ("OPENAI_BASE_URL", url)]);
    assert_eq!(
        of("https://x.org/v1/"),
        "wss://x.org/v1/realtime?model=gpt-realtime"
    );
    assert_eq!(
        of("ws://127.0.0.1:80/v1"),
        "ws://127.0.0.1:80/v1/realtime?model=gpt-realtime"
    );
}

#[test]
fn the_mock_comes_before_the_base_url() {
    let mock = target(&[
        ("MOCK_REALTIME", "True"),
        ("OPENAI_BASE_URL", "https://x.org/v1"),
        KEY,
    ]);
    assert_eq!(mock.unwrap(), Target::Mock { scenario: None });
}

#[test]
fn mistakes_are_told_with_what_to_do() {
    let text = |variables| target(variables).unwrap_err().to_string();
    assert!(text(&[]).contains("OPENAI_API_KEY is not set"));
    assert!(text(&[("OPENAI_API_KEY", "two\nlines")]).contains("or is no key"));
    assert!(text(&[("MOCK_REALTIME", "maybe")]).contains("MOCK_REALTIME is \"maybe\""));
    assert!(text(&[KEY, ("OPENAI_BASE_URL", "api.openai.com")]).contains("it has to be like"));
}

#[test]
fn the_key_is_not_printed() {
    let printed = format!("{:?}", target(&[KEY]).unwrap());
    assert!(!printed.contains("sk-secret"), "{printed}");
}

#[tokio::test(start_paused = true)]
async fn the_mock_and_a_service_are_one_type() {
    let mock = MockServer::builder().verify().start().await;
    let service = target(&[KEY, ("OPENAI_BASE_URL", mock.url())]).unwrap();
    let in_process = target(&[("MOCK_REALTIME", "1")]).unwrap();
    for (target, is_mock) in [(service, false), (in_process, true)] {
        let mut socket = target.connect("gpt-realtime-mini").await.unwrap();
        assert_eq!(socket.is_mock(), is_mock);
        let created = socket.next().await.unwrap().unwrap();
        assert!(
            created
                .to_text()
                .unwrap()
                .contains(r#""model":"gpt-realtime-mini""#)
        );
        let clear = Message::text(r#"{"type":"input_audio_buffer.clear"}"#);
        socket.send(clear).await.unwrap();
        let cleared = socket.next().await.unwrap().unwrap();
        assert!(
            cleared
                .to_text()
                .unwrap()
                .contains("input_audio_buffer.cleared")
        );
        socket.close().await.unwrap();
        while socket.next().await.is_some_and(|frame| frame.is_ok()) {}
        assert!(socket.send(Message::text("{}")).await.is_err());
    }
    assert_eq!(mock.sessions().len(), 1, "one connection is one session");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_refuses_is_told_with_its_words() {
    let refuse = Fault::refuse_handshake(401);
    let mock = MockServer::builder().verify().faults(refuse).start().await;
    let target = target(&[KEY, ("OPENAI_BASE_URL", mock.url())]).unwrap();
    let error = target
        .connect("gpt-realtime")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("refuses the connection: 401 Unauthorized"),
        "{error}"
    );
}

#[cfg(not(feature = "scenario"))]
#[tokio::test(start_paused = true)]
async fn a_scenario_needs_its_feature() {
    let mock = target(&[
        ("MOCK_REALTIME", "1"),
        ("MOCK_REALTIME_SCENARIO", "tea.yaml"),
    ])
    .unwrap();
    let error = mock.connect("gpt-realtime").await.unwrap_err().to_string();
    assert!(error.contains("has not the feature `scenario`"), "{error}");
}

#[cfg(feature = "scenario")]
#[tokio::test(start_paused = true)]
async fn a_scenario_is_followed() {
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(
        file.path(),
        "name: Tea\nresponses:\n  tea:\n    answer: Tea is ready.\n",
    )
    .unwrap();
    let file = file.path().to_str().unwrap();
    let mock = target(&[("MOCK_REALTIME", "1"), ("MOCK_REALTIME_SCENARIO", file)]).unwrap();
    let mut socket = mock.connect("gpt-realtime").await.unwrap();
    let respond = Message::text(r#"{"type":"response.create"}"#);
    socket.send(respond).await.unwrap();
    let said = loop {
        let frame = socket.next().await.unwrap().unwrap();
        let text = frame.to_text().unwrap();
        if text.contains("response.output_audio_transcript.done") {
            break text.to_owned();
        }
    };
    assert!(said.contains("Tea is ready."), "{said}");
}

#[cfg(feature = "scenario")]
#[tokio::test(start_paused = true)]
async fn a_scenario_that_is_not_there_is_told_by_its_name() {
    let mock = target(&[
        ("MOCK_REALTIME", "1"),
        ("MOCK_REALTIME_SCENARIO", "none.yaml"),
    ])
    .unwrap();
    let error = mock.connect("gpt-realtime").await.unwrap_err().to_string();
    assert!(
        error.contains("none.yaml, which cannot be followed"),
        "{error}"
    );
}
