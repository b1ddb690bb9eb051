//! A voice agent for a restaurant's telephone, in the size of one that is in use: it knows of the
//! Realtime API and of its caller, and nothing of the mock.
//!
//! It is generic over how it connects, which is all a test needs.

mod speaker;

use std::collections::VecDeque;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

pub use speaker::{Sound, Speaker};

/// How often it tries to connect before it gives up, and how long it waits before the second time;
/// twice as long before each further one.
const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// How often in a row it asks for a response that failed.
const RETRIES: u32 = 2;

/// What the agent does for the model: the functions it may call.
pub trait Tools {
    /// Their definitions, as in `session.update`.
    fn definitions(&self) -> Value;
    /// Calls one; an error is told to the model.
    fn call(&mut self, name: &str, arguments: Value) -> Result<Value, String>;
}

/// The caller: what they say, and where they hear the answer.
pub struct Caller {
    /// Pieces of audio, 16-bit samples at 24 kHz. The channel is closed when the caller hangs up.
    pub microphone: mpsc::UnboundedReceiver<Vec<u8>>,
    pub speaker: Speaker,
}

/// A sentence of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    Caller(String),
    Agent(String),
}

/// How a call went.
#[derive(Debug, Default)]
pub struct Summary {
    pub lines: Vec<Line>,
    /// What the server said was wrong.
    pub errors: Vec<String>,
    /// How often it had to connect again.
    pub reconnects: usize,
}

/// Why a call could not be held to its end.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// No connection after so many attempts.
    NoConnection(String),
    /// The service will not go on, such as where the account has no money left.
    Refused(String),
}

/// How a connection ended.
enum End {
    /// The caller has hung up.
    HungUp,
    /// The session is over or the connection broke; the call is not over.
    Lost,
}

/// An agent that holds one call.
pub struct Agent<C, T> {
    connect: C,
    tools: T,
    instructions: String,
    summary: Summary,
    retries: u32,
}

/// Any WebSocket.
pub trait Socket:
    Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin
{
}

impl<S> Socket for S where
    S: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin
{
}

impl<C, F, S, T> Agent<C, T>
where
    C: FnMut() -> F,
    F: Future<Output = Result<S, Error>>,
    S: Socket,
    T: Tools,
{
    pub fn new(instructions: impl Into<String>, tools: T, connect: C) -> Self {
        Self {
            connect,
            tools,
            instructions: instructions.into(),
            summary: Summary::default(),
            retries: 0,
        }
    }

    /// Holds a call until the caller hangs up.
    pub async fn hold(mut self, mut caller: Caller) -> Result<Summary, Failure> {
        loop {
            let mut socket = self.open().await?;
            match self.talk(&mut socket, &mut caller).await {
                Ok(End::HungUp) => {
                    let code = CloseCode::Normal;
                    let reason = "the caller has hung up".into();
                    let _ = socket
                        .send(Message::Close(Some(CloseFrame { code, reason })))
                        .await;
                    return Ok(self.summary);
                }
                Ok(End::Lost) | Err(Stop::Connection(_)) => {
                    caller.speaker.stop();
                    self.summary.reconnects += 1;
                }
                Err(Stop::Failure(failure)) => return Err(failure),
            }
        }
    }

    async fn open(&mut self) -> Result<S, Failure> {
        let mut pause = FIRST_PAUSE;
        let mut last = String::new();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            match (self.connect)().await {
                Ok(socket) => return Ok(socket),
                Err(error) => last = error.to_string(),
            }
        }
        Err(Failure::NoConnection(last))
    }

    async fn talk(&mut self, socket: &mut S, caller: &mut Caller) -> Result<End, Stop> {
        // What was said before the connection was lost the new session has to be told.
        let mut first_messages = VecDeque::from([self.session_update()]);
        first_messages.extend(self.summary.lines.iter().map(remembered));
        for message in first_messages {
            send(socket, message).await?;
        }
        loop {
            tokio::select! {
                piece = caller.microphone.recv() => match piece {
                    Some(audio) => {
                        let audio = BASE64.encode(audio);
                        send(socket, json!({"type": "input_audio_buffer.append", "audio": audio})).await?;
                    }
                    None => return Ok(End::HungUp),
                },
                frame = socket.next() => match frame {
                    Some(Ok(Message::Text(text))) => {
                        // What cannot be read is the server's mistake, and no reason to hang up.
                        if let Ok(event) = serde_json::from_str(&text) {
                            self.handle(&event, socket, caller).await?;
                        }
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(End::Lost),
                    Some(Ok(_)) => {}
                },
            }
        }
    }

    async fn handle(
        &mut self,
        event: &Value,
        socket: &mut S,
        caller: &mut Caller,
    ) -> Result<(), Stop> {
        let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
        match event["type"].as_str().unwrap_or_default() {
            "response.output_audio.delta" => {
                if let Ok(audio) = BASE64.decode(text("delta")) {
                    caller.speaker.play(&text("item_id"), audio);
                }
            }
            "input_audio_buffer.speech_started" => {
                // The caller has heard the answer up to here, and no more.
                if let Some((item_id, heard)) = caller.speaker.stop() {
                    let ms = u64::try_from(heard.as_millis()).unwrap_or(u64::MAX);
                    let truncate = json!({
                        "type": "conversation.item.truncate", "item_id": item_id,
                        "content_index": 0, "audio_end_ms": ms,
                    });
                    send(socket, truncate).await?;
                }
            }
            "conversation.item.input_audio_transcription.completed" => {
                self.summary.lines.push(Line::Caller(text("transcript")));
            }
            "response.output_audio_transcript.done" => {
                self.summary.lines.push(Line::Agent(text("transcript")));
            }
            "response.done" => self.finish_response(&event["response"], socket).await?,
            "error" => {
                let message = event["error"]["message"].as_str().unwrap_or_default();
                self.summary.errors.push(message.to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    /// Answers the calls of a response; asks again for one that failed.
    async fn finish_response(&mut self, response: &Value, socket: &mut S) -> Result<(), Stop> {
        if response["status"] == "failed" {
            return self
                .retry(&response["status_details"]["error"], socket)
                .await;
        }
        self.retries = 0;
        let items = response["output"].as_array().into_iter().flatten();
        let calls: Vec<&Value> = items
            .filter(|item| item["type"] == "function_call" && item["status"] == "completed")
            .collect();
        for call in &calls {
            let output = self.answer(call);
            let item = json!({
                "type": "function_call_output", "call_id": call["call_id"], "output": output.to_string(),
            });
            send(
                socket,
                json!({"type": "conversation.item.create", "item": item}),
            )
            .await?;
        }
        if !calls.is_empty() {
            send(socket, json!({"type": "response.create"})).await?;
        }
        Ok(())
    }

    fn answer(&mut self, call: &Value) -> Value {
        let name = call["name"].as_str().unwrap_or_default();
        let arguments = call["arguments"].as_str().unwrap_or_default();
        let result = serde_json::from_str(arguments)
            .map_err(|error| format!("the arguments are not JSON: {error}"))
            .and_then(|arguments| self.tools.call(name, arguments));
        result.unwrap_or_else(|error| json!({ "error": error }))
    }

    async fn retry(&mut self, error: &Value, socket: &mut S) -> Result<(), Stop> {
        let code = error["code"].as_str().unwrap_or("unknown");
        if code == "insufficient_quota" || self.retries == RETRIES {
            return Err(Stop::Failure(Failure::Refused(code.to_owned())));
        }
        self.retries += 1;
        send(socket, json!({"type": "response.create"})).await?;
        Ok(())
    }

    fn session_update(&self) -> Value {
        json!({
            "type": "session.update",
            "session": {
                "type": "realtime",
                "instructions": self.instructions,
                "tools": self.tools.definitions(),
                "audio": {"input": {"transcription": {"model": "gpt-4o-mini-transcribe"}}},
            },
        })
    }
}

/// Why the agent cannot go on with a connection.
enum Stop {
    Connection(#[allow(dead_code, reason = "told to those who debug")] Error),
    Failure(Failure),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Connection(error)
    }
}

fn remembered(line: &Line) -> Value {
    let (role, content_type, text) = match line {
        Line::Caller(text) => ("user", "input_text", text),
        Line::Agent(text) => ("assistant", "output_text", text),
    };
    let content = json!([{"type": content_type, "text": text}]);
    json!({
        "type": "conversation.item.create",
        "item": {"type": "message", "role": role, "content": content},
    })
}

async fn send(socket: &mut impl Socket, event: Value) -> Result<(), Error> {
    socket.send(Message::text(event.to_string())).await
}
