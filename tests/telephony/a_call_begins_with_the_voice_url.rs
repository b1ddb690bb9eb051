//! The leg before the stream: the form to the voice URL, TwiML, signatures on both requests, and what
//! the status callback is told.

use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use mock_realtime::telephony::script::CallScript;
use mock_realtime::telephony::twilio::{
    PlaceError, SIGNATURE_HEADER, TwilioOptions, VoiceWebhook, signature,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

const TOKEN: &str = "a secret of the account";

/// A form as the server got it.
#[derive(Clone, Debug, Default)]
struct Form {
    path: String,
    signature: Option<String>,
    fields: Vec<(String, String)>,
}

impl Form {
    fn get(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|(key, _)| key == name);
        &field.unwrap_or_else(|| panic!("no {name} in {self:?}")).1
    }

    fn is_signed_for(&self, url: &str) -> bool {
        let fields = self.fields.iter();
        let fields = fields.map(|(name, value)| (name.as_str(), value.as_str()));
        self.signature.as_deref() == Some(signature(TOKEN, url, fields).as_str())
    }
}

/// A server that answers every form with this, and keeps them.
async fn http_server(status: &'static str, answer: String) -> (String, Arc<Mutex<Vec<Form>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let forms = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&forms);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            if let Some(form) = read_form(&mut stream).await {
                kept.lock().unwrap().push(form);
            }
            let length = answer.len();
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{answer}");
            stream.write_all(head.as_bytes()).await.unwrap();
        }
    });
    (url, forms)
}

async fn read_form(stream: &mut TcpStream) -> Option<Form> {
    let mut bytes = Vec::new();
    loop {
        stream.read_buf(&mut bytes).await.ok()?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
            found.next().map(|(_, value)| value.to_owned())
        };
        let length: usize = header("content-length").map_or(0, |it| it.parse().unwrap());
        if body.len() < length {
            continue;
        }
        return Some(Form {
            path: head.split(' ').nth(1)?.to_owned(),
            signature: header(SIGNATURE_HEADER),
            fields: form_urlencoded::parse(body.as_bytes())
                .into_owned()
                .collect(),
        });
    }
}

/// A bridge that lets only signed requests in, gives the parameters of the stream away, and sends a
/// message that is wrong, twice.
async fn bridge() -> (String, tokio::task::JoinHandle<serde_json::Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/media", listener.local_addr().unwrap());
    let expected = signature(TOKEN, &url, []);
    let task = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        #[allow(clippy::result_large_err, reason = "it is tungstenite's")]
        let check = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
            match request.headers().get(SIGNATURE_HEADER) {
                Some(found) if found.as_bytes() == expected.as_bytes() => Ok(response),
                _ => Err(ErrorResponse::new(Some("not signed".to_owned()))),
            }
        };
        let mut socket = accept_hdr_async(stream, check).await.unwrap();
        let mut start = serde_json::Value::Null;
        while let Some(Ok(message)) = socket.next().await {
            let Ok(text) = message.to_text() else {
                continue;
            };
            let Ok(message) = serde_json::from_str::<serde_json::Value>(text) else {
                continue;
            };
            if message["event"] == "start" {
                start = message["start"].clone();
                for _ in 0..2 {
                    futures_util::SinkExt::send(&mut socket, "{}".into())
                        .await
                        .unwrap();
                }
            }
        }
        start
    });
    (url, task)
}

fn webhook(url: &str) -> VoiceWebhook {
    VoiceWebhook {
        url: format!("{url}/voice?tenant=1"),
        from: "+15555550100".to_owned(),
        to: "+15555550199".to_owned(),
    }
}

fn signed() -> TwilioOptions {
    TwilioOptions {
        auth_token: Some(TOKEN.to_owned()),
        ..TwilioOptions::default()
    }
}

#[tokio::test]
async fn the_stream_of_the_answer_is_opened_with_its_parameters() {
    let (bridge_url, bridge) = bridge().await;
    let (status_url, told) = http_server("204 No Content", String::new()).await;
    let twiml = format!(
        r#"<Response><Connect><Stream url="{bridge_url}" name="orders" statusCallback="{status_url}/status">
            <Parameter name="FirstName" value="Jane &amp; John"/></Stream></Connect></Response>"#
    );
    let (voice_url, asked) = http_server("200 OK", twiml).await;
    let script = CallScript::new("short").silent_ms(50).hang_up();
    let placed = webhook(&voice_url).call(signed(), &script).await.unwrap();
    assert!(placed.result.is_success());
    assert!(placed.untold.is_empty());

    let start = bridge.await.unwrap();
    assert_eq!(start["customParameters"]["FirstName"], "Jane & John");
    let form = asked.lock().unwrap()[0].clone();
    assert!(
        form.is_signed_for(&format!("{voice_url}/voice?tenant=1")),
        "{form:?}"
    );
    assert_eq!(form.path, "/voice?tenant=1");
    assert_eq!(form.get("CallSid"), start["callSid"]);
    assert_eq!(
        (form.get("From"), form.get("CallStatus")),
        ("+15555550100", "ringing")
    );
    assert_eq!(form.get("CallerCity"), "");

    let told = told.lock().unwrap().clone();
    let events: Vec<&str> = told.iter().map(|form| form.get("StreamEvent")).collect();
    // The same code is told once.
    assert_eq!(events, ["stream-started", "stream-error", "stream-stopped"]);
    for form in &told {
        assert!(form.is_signed_for(&format!("{status_url}/status")));
        assert_eq!(form.get("StreamSid"), start["streamSid"]);
        assert_eq!(form.get("StreamName"), "orders");
    }
    assert!(told[1].get("StreamError").contains("31951"), "{told:?}");
}

#[tokio::test]
async fn an_answer_without_a_stream_is_no_call() {
    let script = CallScript::new("short");
    let call = async |status, answer: &str| {
        let (url, _) = http_server(status, answer.to_owned()).await;
        webhook(&url).call(signed(), &script).await.unwrap_err()
    };
    let error = call("200 OK", "<Response><Hangup/></Response>").await;
    assert!(matches!(error, PlaceError::Twiml(_)), "{error}");
    let error = call("404 Not Found", "").await;
    assert_eq!(
        error.to_string(),
        "the voice URL: the server answered 404 Not Found"
    );
    let error = call("200 OK", &"x".repeat(100_000)).await;
    assert!(error.to_string().contains("cannot be read"), "{error}");
    let error = webhook("ftp://nowhere")
        .call(signed(), &script)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("no URL with http or https"),
        "{error}"
    );
}

#[tokio::test]
async fn a_bridge_that_wants_a_signature_lets_nobody_else_in() {
    let (bridge_url, _) = bridge().await;
    let script = CallScript::new("short").silent_ms(50);
    let options = TwilioOptions {
        auth_token: Some("another".to_owned()),
        ..TwilioOptions::default()
    };
    let call = mock_realtime::telephony::Call::twilio(options, &script).unwrap();
    let result = mock_realtime::telephony::dial(&bridge_url, call)
        .await
        .unwrap();
    assert_eq!(result.notes.ended.unwrap().code, Some(31920));
}
