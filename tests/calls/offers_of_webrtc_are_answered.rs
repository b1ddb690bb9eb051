//! `POST /v1/realtime/calls`: an offer is answered, and the call followed on a sideband socket.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use mock_realtime::server::MockServer;
use mock_realtime::server::calls::{CallKind, CallState, Outcome};
use serde_json::{Value, json};

use super::app::{Answer, App};

/// What a browser offers, shortened.
const OFFER: &str = "v=0\r\no=- 46117 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:EsAw\r\n\
    a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n\
    a=fingerprint:sha-256 D2:FA:0E:C3:22:59:5E:14:95:69:92:3D:13:B4:84:24:2C:C2:A2:C0:3E:FD:34:8E:5E:EA:6F:AF:52:CE:E6:0F\r\n\
    a=setup:actpass\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n\
    m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:EsAw\r\n\
    a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n\
    a=fingerprint:sha-256 D2:FA:0E:C3:22:59:5E:14:95:69:92:3D:13:B4:84:24:2C:C2:A2:C0:3E:FD:34:8E:5E:EA:6F:AF:52:CE:E6:0F\r\n\
    a=setup:actpass\r\na=mid:1\r\na=sctp-port:5000\r\n";

const FORM: &str = "multipart/form-data; boundary=edge";

fn form(parts: &[(&str, &str)]) -> String {
    let mut form = String::new();
    for (name, value) in parts {
        form.push_str("--edge\r\nContent-Disposition: form-data; name=\"");
        form.extend([name, "\"\r\n\r\n", value, "\r\n"]);
    }
    form + "--edge--\r\n"
}

fn id(answer: &Answer) -> &str {
    let location = answer.headers["location"].to_str().unwrap();
    location.strip_prefix("/v1/realtime/calls/").unwrap()
}

const CALLS: &str = "/v1/realtime/calls";

#[tokio::test(start_paused = true)]
async fn a_form_opens_a_call_with_its_settings() {
    let mock = MockServer::builder().say(["Hello!"]).start().await;
    let app = App::of(&mock);
    let session = json!({"type": "realtime", "model": "gpt-realtime", "instructions": "Be short."});
    let form = form(&[("sdp", OFFER), ("session", &session.to_string())]);
    let answer = app.ask(CALLS, FORM, form).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert!(answer.body.starts_with("v=0\r\n"), "{}", answer.body);
    assert!(
        answer.body.contains("a=rtpmap:111 opus/48000/2\r\n"),
        "{}",
        answer.body
    );
    assert!(
        answer
            .body
            .contains("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n")
    );
    let id = id(&answer);
    assert!(id.starts_with("rtc_u0_") && id.len() == 28, "{id}");

    let mut sideband = app.follow(id).await.unwrap();
    let update = json!({"type": "session.update", "session": {"type": "realtime"}});
    sideband.send(update).await;
    let updated = sideband.next().await.unwrap();
    assert_eq!(updated["session"]["instructions"], "Be short.");
    sideband.send(json!({"type": "response.create"})).await;
    let played = sideband.until("output_audio_buffer.stopped").await;
    let audio = played
        .iter()
        .find(|event| event["type"] == "response.output_audio.delta");
    assert_eq!(audio, None);

    let call = mock.switchboard().call(id).unwrap();
    assert_eq!(
        (call.record().kind, call.record().state),
        (CallKind::Webrtc, CallState::Active)
    );
    assert_eq!(app.operate(id, "hangup", None).await.status, 200);
    assert_eq!(u16::from(sideband.until_the_end().await.1.code), 1000);
    assert_eq!(call.ended().await.outcome, Some(Outcome::AppHungUp));
}

#[tokio::test(start_paused = true)]
async fn an_ephemeral_key_has_the_settings_of_an_offer_alone() {
    let mock = MockServer::start().await;
    let session =
        json!({"session": {"type": "realtime", "model": "gpt-realtime", "instructions": "Sing."}});
    let secrets = "/v1/realtime/client_secrets";
    let secret = App::of(&mock)
        .ask(secrets, "application/json", session.to_string())
        .await;
    let secret: Value = serde_json::from_str(&secret.body).unwrap();
    let browser = App {
        mock: &mock,
        key: secret["value"].as_str().unwrap().to_owned(),
    };
    let answer = browser.ask(CALLS, "application/sdp", OFFER).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let mut sideband = App::of(&mock).follow(id(&answer)).await.unwrap();
    sideband
        .send(json!({"type": "session.update", "session": {"type": "realtime"}}))
        .await;
    assert_eq!(
        sideband.next().await.unwrap()["session"]["instructions"],
        "Sing."
    );
}

#[tokio::test(start_paused = true)]
async fn azure_has_calls_at_addresses_of_its_own() {
    let mock = MockServer::start().await;
    let app = App::of(&mock);
    let path = "/openai/v1/realtime/calls?model=my-deployment";
    let answer = app.ask(path, "application/sdp", OFFER).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let location = answer.headers["location"].to_str().unwrap();
    let id = location.strip_prefix("/openai/v1/realtime/calls/").unwrap();
    let hangup = app
        .ask(&format!("{location}/hangup"), "application/json", "")
        .await;
    assert_eq!(hangup.status, 200);
    let call = mock.switchboard().call(id).unwrap();
    assert_eq!(call.ended().await.outcome, Some(Outcome::AppHungUp));
}

#[tokio::test(start_paused = true)]
async fn an_offer_that_is_wrong_is_told_where() {
    let mock = MockServer::start().await;
    let app = App::of(&mock);
    let session = json!({"type": "realtime", "model": "gpt-realtime", "voice": "ash"}).to_string();
    let realtime = json!({"type": "realtime", "model": "gpt-realtime"}).to_string();
    let broken = OFFER.replace("t=0 0", "t=now");
    let address = format!("{CALLS}?model=gpt-realtime");
    let cases = [
        (
            &*address,
            "application/sdp",
            broken.clone(),
            json!("sdp"),
            "line 4, 't=now'",
        ),
        (
            &address,
            "application/sdp",
            String::new(),
            json!("sdp"),
            "empty SDP",
        ),
        (
            CALLS,
            "application/sdp",
            OFFER.to_owned(),
            Value::Null,
            "must provide a model",
        ),
        (
            CALLS,
            "application/json",
            "{}".to_owned(),
            Value::Null,
            "'multipart/form-data'",
        ),
        (
            CALLS,
            FORM,
            form(&[("sdp", &broken), ("session", &realtime)]),
            json!("sdp"),
            "line 4",
        ),
        (
            CALLS,
            FORM,
            form(&[("session", &realtime)]),
            json!("sdp"),
            "Missing required parameter",
        ),
        (
            CALLS,
            FORM,
            form(&[("sdp", OFFER), ("session", &session)]),
            json!("session.voice"),
            "Unknown parameter",
        ),
        (
            CALLS,
            FORM,
            form(&[("sdp", OFFER), ("session", "{")]),
            Value::Null,
            "session: EOF",
        ),
        (
            CALLS,
            FORM,
            form(&[("sdp", OFFER), ("secret", "x")]),
            json!("secret"),
            "Unknown parameter",
        ),
        (
            CALLS,
            FORM,
            "--edge\r\nbroken".to_owned(),
            Value::Null,
            "multipart form",
        ),
    ];
    for (path, kind, body, param, message) in cases {
        let answer = app.ask(path, kind, body.clone()).await;
        assert_eq!(answer.status, 400, "{kind} {body}: {}", answer.body);
        let error = answer.error();
        assert_eq!(error["param"], param, "{error}");
        assert!(
            error["message"].as_str().unwrap().contains(message),
            "{error}"
        );
    }
    assert!(mock.switchboard().calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn only_telephone_calls_are_accepted_and_handed_on() {
    let mock = MockServer::start().await;
    let app = App::of(&mock);
    let path = format!("{CALLS}?model=gpt-realtime");
    let answer = app.ask(&path, "application/sdp", OFFER).await;
    let id = id(&answer);
    for (operation, body) in [
        ("accept", json!({"type": "realtime"})),
        ("refer", json!({"target_uri": "tel:+1"})),
    ] {
        let answer = app.operate(id, operation, Some(body)).await;
        assert_eq!(
            (answer.status, answer.error()["code"].as_str()),
            (400, Some("call_not_sip"))
        );
    }
}
