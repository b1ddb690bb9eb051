//! The crate `async-openai`: its types on a WebSocket, which it leaves to others to open, and its
//! client for what is asked over HTTP.

mod sound;

use std::env;
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::process::ExitCode;
use std::time::Duration;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::types::realtime::{
    RealtimeClientEvent, RealtimeCreateClientSecretRequest, RealtimeServerEvent,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{FutureExt, SinkExt, StreamExt};
use serde_json::{Value, json};
use sound::{silence, speech};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long a check may take.
const PATIENCE: Duration = Duration::from_secs(30);

// What tests/clients/scenarios/conversation.yaml says.
const HELLO: &str = "Hello, what can I do for you?";
const HEARD: &str = "Can you hear the microphone?";
const ANSWER_TO_HEARD: &str = "I can hear you well.";

type Done = Result<(), Box<dyn Error>>;
type Check = fn() -> Pin<Box<dyn Future<Output = Done>>>;

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set; tests/clients/run sets it"))
}

/// A session, by the library's types.
struct Session {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Session {
    async fn open(key: &str, settings: Value) -> Result<Self, Box<dyn Error>> {
        let url = format!(
            "{}/realtime?model=gpt-realtime",
            variable("MOCK_REALTIME_URL")
        );
        let mut request = url.into_client_request()?;
        let key = format!("Bearer {key}").parse()?;
        request.headers_mut().insert("authorization", key);
        let (socket, _) = connect_async(request).await?;
        let mut session = Self { socket };
        assert!(matches!(
            session.next().await?,
            RealtimeServerEvent::SessionCreated(_)
        ));
        let mut wanted = json!({ "type": "realtime" });
        if let (Some(wanted), Value::Object(settings)) = (wanted.as_object_mut(), settings) {
            wanted.extend(settings);
        }
        session
            .send(json!({ "type": "session.update", "session": wanted }))
            .await?;
        assert!(matches!(
            session.next().await?,
            RealtimeServerEvent::SessionUpdated(_)
        ));
        Ok(session)
    }

    /// Sends an event as the library writes it.
    async fn send(&mut self, event: Value) -> Done {
        let event: RealtimeClientEvent = serde_json::from_value(event)?;
        self.socket
            .send(Message::text(serde_json::to_string(&event)?))
            .await?;
        Ok(())
    }

    async fn write(&mut self, text: &str) -> Done {
        let content = json!([{ "type": "input_text", "text": text }]);
        let item = json!({ "type": "message", "role": "user", "content": content });
        self.send(json!({ "type": "conversation.item.create", "item": item }))
            .await
    }

    async fn speak(&mut self, audio: &[u8]) -> Done {
        for piece in audio.chunks(4_800) {
            let audio = STANDARD.encode(piece);
            self.send(json!({ "type": "input_audio_buffer.append", "audio": audio }))
                .await?;
        }
        Ok(())
    }

    /// The next event as the library reads it. It cannot read spoken items of the user, whose
    /// transcript is null before it is known: on the real server, too.
    async fn next(&mut self) -> Result<RealtimeServerEvent, Box<dyn Error>> {
        loop {
            let frame = self
                .socket
                .next()
                .await
                .ok_or("the connection is closed")??;
            let text = frame.to_text()?;
            match serde_json::from_str(text) {
                Ok(event) => return Ok(event),
                Err(_) if text.contains(r#""transcript":null"#) => {}
                Err(error) => return Err(format!("{error} in {text}").into()),
            }
        }
    }

    /// The events up to the first for which `last` holds.
    async fn until(
        &mut self,
        last: fn(&RealtimeServerEvent) -> bool,
    ) -> Result<Vec<RealtimeServerEvent>, Box<dyn Error>> {
        let mut events = vec![self.next().await?];
        while !events.last().is_some_and(last) {
            if let Some(RealtimeServerEvent::Error(error)) = events.last() {
                return Err(format!("{error:?}").into());
            }
            events.push(self.next().await?);
        }
        Ok(events)
    }

    /// Asks for a response; gives its events.
    async fn respond(&mut self) -> Result<Vec<RealtimeServerEvent>, Box<dyn Error>> {
        self.send(json!({ "type": "response.create" })).await?;
        self.until(is_done).await
    }
}

fn is_done(event: &RealtimeServerEvent) -> bool {
    matches!(event, RealtimeServerEvent::ResponseDone(_))
}

fn is_audio(event: &RealtimeServerEvent) -> bool {
    matches!(event, RealtimeServerEvent::ResponseOutputAudioDelta(_))
}

/// What the events say, in writing or as a transcript.
fn said(events: &[RealtimeServerEvent]) -> String {
    let deltas = events.iter().filter_map(|event| match event {
        RealtimeServerEvent::ResponseOutputTextDelta(delta) => Some(delta.delta.as_str()),
        RealtimeServerEvent::ResponseOutputAudioTranscriptDelta(delta) => {
            Some(delta.delta.as_str())
        }
        _ => None,
    });
    deltas.collect()
}

/// The end of the response that is done.
fn response(events: &[RealtimeServerEvent]) -> Result<Value, Box<dyn Error>> {
    match events.last() {
        Some(RealtimeServerEvent::ResponseDone(done)) => Ok(serde_json::to_value(&done.response)?),
        other => Err(format!("not done: {other:?}").into()),
    }
}

fn key() -> String {
    variable("OPENAI_API_KEY")
}

async fn text_turn() -> Done {
    let mut session = Session::open(&key(), json!({ "output_modalities": ["text"] })).await?;
    session.write("Hello").await?;
    let events = session.respond().await?;
    assert_eq!(said(&events), HELLO);
    assert_eq!(response(&events)?["status"], "completed");
    Ok(())
}

async fn audio_turn() -> Done {
    let mut session = Session::open(&key(), json!({})).await?;
    session.write("Hello").await?;
    let events = session.respond().await?;
    assert_eq!(said(&events), HELLO);
    let mut bytes = 0;
    for event in &events {
        if let RealtimeServerEvent::ResponseOutputAudioDelta(delta) = event {
            bytes += STANDARD.decode(&delta.delta)?.len();
        }
    }
    assert!((24_000..480_000).contains(&bytes), "{bytes} bytes");
    Ok(())
}

fn by_voice(detection: Value) -> Value {
    let format = json!({ "type": "audio/pcm", "rate": 24_000 });
    let transcription = json!({ "model": "gpt-4o-transcribe" });
    let input =
        json!({ "format": format, "transcription": transcription, "turn_detection": detection });
    let output = json!({ "format": format, "voice": "marin", "speed": 1.0 });
    json!({ "audio": { "input": input, "output": output } })
}

async fn manual_commit() -> Done {
    let mut session = Session::open(&key(), by_voice(Value::Null)).await?;
    session.speak(&speech(1.0)).await?;
    session
        .send(json!({ "type": "input_audio_buffer.commit" }))
        .await?;
    let events = session.until(is_heard).await?;
    assert_eq!(heard(&events), [HEARD]);
    assert_eq!(said(&session.respond().await?), ANSWER_TO_HEARD);
    Ok(())
}

fn is_heard(event: &RealtimeServerEvent) -> bool {
    matches!(
        event,
        RealtimeServerEvent::ConversationItemInputAudioTranscriptionCompleted(_)
    )
}

/// What the user is heard to have said.
fn heard(events: &[RealtimeServerEvent]) -> Vec<&str> {
    let heard = events.iter().filter_map(|event| match event {
        RealtimeServerEvent::ConversationItemInputAudioTranscriptionCompleted(heard) => {
            Some(heard.transcript.as_str())
        }
        _ => None,
    });
    heard.collect()
}

async fn server_vad_turn() -> Done {
    let detection = json!({ "type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 300 });
    let mut session = Session::open(&key(), by_voice(detection)).await?;
    session
        .speak(&[silence(0.5), speech(1.0), silence(1.0)].concat())
        .await?;
    let events = session.until(is_done).await?;
    let turn: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            RealtimeServerEvent::InputAudioBufferSpeechStarted(_) => Some("started"),
            RealtimeServerEvent::InputAudioBufferSpeechStopped(_) => Some("stopped"),
            RealtimeServerEvent::InputAudioBufferCommitted(_) => Some("committed"),
            RealtimeServerEvent::ResponseCreated(_) => Some("response"),
            _ => None,
        })
        .collect();
    assert_eq!(turn, ["started", "stopped", "committed", "response"]);
    assert_eq!(heard(&events), [HEARD]);
    assert_eq!(said(&events), ANSWER_TO_HEARD);
    Ok(())
}

async fn function_call_round() -> Done {
    let parameters = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
    let tool = json!({ "type": "function", "name": "get_weather", "description": "The weather in a city.", "parameters": parameters });
    let settings = json!({ "output_modalities": ["text"], "tools": [tool] });
    let mut session = Session::open(&key(), settings).await?;
    session.write("What is the weather like?").await?;
    let events = session.respond().await?;
    let call = events.iter().find_map(|event| match event {
        RealtimeServerEvent::ResponseFunctionCallArgumentsDone(done) => Some(done),
        _ => None,
    });
    let call = call.ok_or("no function was called")?;
    assert_eq!(
        serde_json::from_str::<Value>(&call.arguments)?,
        json!({ "city": "Oslo" })
    );
    let item = json!({ "type": "function_call_output", "call_id": call.call_id, "output": "sunny", "status": "completed" });
    session
        .send(json!({ "type": "conversation.item.create", "item": item }))
        .await?;
    assert_eq!(said(&session.respond().await?), "In Oslo it is sunny.");
    Ok(())
}

async fn cancel() -> Done {
    let mut session = Session::open(&key(), json!({})).await?;
    session.write("Tell me a story").await?;
    session.send(json!({ "type": "response.create" })).await?;
    session.until(is_audio).await?;
    session.send(json!({ "type": "response.cancel" })).await?;
    let response = response(&session.until(is_done).await?)?;
    assert_eq!(response["status"], "cancelled");
    assert_eq!(response["status_details"]["reason"], "client_cancelled");
    Ok(())
}

async fn error_names_its_event() -> Done {
    let mut session = Session::open(&key(), json!({})).await?;
    let event =
        json!({ "type": "conversation.item.delete", "item_id": "nobody", "event_id": "mine" });
    session.send(event).await?;
    let RealtimeServerEvent::Error(event) = session.next().await? else {
        return Err("this is an error".into());
    };
    assert_eq!(event.error.event_id.as_deref(), Some("mine"));
    assert_eq!(
        event.error.code.as_deref(),
        Some("item_delete_invalid_item_id")
    );
    session.write("Hello").await?;
    assert_eq!(said(&session.respond().await?), HELLO);
    Ok(())
}

async fn client_secret() -> Done {
    let http = variable("MOCK_REALTIME_URL").replacen("ws", "http", 1);
    let config = OpenAIConfig::new().with_api_base(http).with_api_key(key());
    let session =
        json!({ "type": "realtime", "model": "gpt-realtime", "output_modalities": ["text"] });
    let request = RealtimeCreateClientSecretRequest {
        session: serde_json::from_value(session)?,
        expires_after: None,
    };
    let client = Client::with_config(config);
    let secret = client.realtime().create_client_secret(request).await?;
    assert!(secret.value.starts_with("ek_"), "{}", secret.value);
    let mut session = Session::open(&secret.value, json!({})).await?;
    session.write("Hello").await?;
    let events = session.respond().await?;
    assert_eq!(said(&events), HELLO);
    assert!(
        !events.iter().any(is_audio),
        "the key's session is in writing"
    );
    Ok(())
}

/// Whether the check does what it should; says what was wrong otherwise.
async fn passes(name: &str, check: Check) -> bool {
    let check = AssertUnwindSafe(check()).catch_unwind();
    match tokio::time::timeout(PATIENCE, check).await {
        Ok(Ok(Ok(()))) => {
            println!("ok      {name}");
            return true;
        }
        Ok(Ok(Err(error))) => println!("FAILED  {name}: {error}"),
        // The panic has told why.
        Ok(Err(_)) => println!("FAILED  {name}"),
        Err(_) => println!("FAILED  {name}: not done after {PATIENCE:?}"),
    }
    false
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let checks: [(&str, Check); 8] = [
        ("text_turn", || text_turn().boxed_local()),
        ("audio_turn", || audio_turn().boxed_local()),
        ("manual_commit", || manual_commit().boxed_local()),
        ("server_vad_turn", || server_vad_turn().boxed_local()),
        ("function_call_round", || {
            function_call_round().boxed_local()
        }),
        ("cancel", || cancel().boxed_local()),
        ("client_secret", || client_secret().boxed_local()),
        ("error_names_its_event", || {
            error_names_its_event().boxed_local()
        }),
    ];
    let mut failed = 0;
    for (name, check) in checks {
        if !passes(name, check).await {
            failed += 1;
        }
    }
    println!(
        "async-openai: {} passed, {failed} failed",
        checks.len() - failed
    );
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
