//! Bridges for Twilio in a few lines: what a voice agent does between a carrier and a model, right or
//! wrong as a test asks for.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use mock_realtime::audio::{Clip, Encoding};
use mock_realtime::telephony::{Call, CallResult, dial_over};
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

type Socket = WebSocketStream<DuplexStream>;

/// A bridge that greets, answers whoever has spoken, and stops when it is interrupted.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    /// What it says first.
    pub(crate) greeting: Option<Clip>,
    /// What it answers.
    pub(crate) answer: Clip,
    /// How long it thinks, in slices of 20 ms.
    pub(crate) thinks: u32,
    /// Whether a caller can interrupt it.
    pub(crate) yields: bool,
    /// Closes the connection after so many answers.
    pub(crate) hangs_up_after: Option<usize>,
}

impl Agent {
    pub(crate) fn new(greeting: Clip, answer: Clip) -> Self {
        Self {
            greeting: Some(greeting),
            answer,
            thinks: 10,
            yields: true,
            hangs_up_after: None,
        }
    }

    /// Holds a call with this agent, on tokio's time.
    pub(crate) async fn take(&self, call: Call) -> CallResult {
        let connect = async || {
            let (carrier, bridge) = tokio::io::duplex(1 << 20);
            let agent = self.clone();
            tokio::spawn(async move { agent.run(bridge).await });
            Ok(carrier)
        };
        dial_over("ws://bridge/media", call, connect).await.unwrap()
    }

    async fn run(self, stream: DuplexStream) -> Option<()> {
        let mut socket = accept_async(stream).await.ok()?;
        let mut stream_sid = String::new();
        // In slices: since the caller began to speak, and since the caller stopped.
        let (mut spoken, mut silent, mut answers) = (0_u32, 0_u32, 0);
        while let Some(Ok(message)) = socket.next().await {
            let Message::Text(text) = message else {
                continue;
            };
            let message: Value = serde_json::from_str(&text).ok()?;
            match message["event"].as_str()? {
                "start" => {
                    stream_sid = message["streamSid"].as_str()?.to_owned();
                    if let Some(greeting) = &self.greeting {
                        say(&mut socket, &stream_sid, greeting).await?;
                    }
                }
                "media" => {
                    let payload = STANDARD
                        .decode(message["media"]["payload"].as_str()?)
                        .ok()?;
                    if is_loud(&payload) {
                        spoken += 1;
                        silent = 0;
                        if spoken == 5 && self.yields {
                            let clear = json!({"event": "clear", "streamSid": stream_sid});
                            socket.send(clear.to_string().into()).await.ok()?;
                        }
                    } else if spoken > 0 {
                        silent += 1;
                    }
                    if spoken > 0 && silent == 25 + self.thinks {
                        (spoken, silent) = (0, 0);
                        say(&mut socket, &stream_sid, &self.answer).await?;
                        answers += 1;
                        if self.hangs_up_after == Some(answers) {
                            tokio::time::sleep(self.answer.duration()).await;
                            socket.close(None).await.ok()?;
                        }
                    }
                }
                _ => {}
            }
        }
        Some(())
    }
}

async fn say(socket: &mut Socket, stream_sid: &str, clip: &Clip) -> Option<()> {
    for piece in clip.encoded(Encoding::Mulaw).chunks(3_200) {
        let payload = STANDARD.encode(piece);
        let media =
            json!({"event": "media", "streamSid": stream_sid, "media": {"payload": payload}});
        socket.feed(media.to_string().into()).await.ok()?;
    }
    let mark = json!({"event": "mark", "streamSid": stream_sid, "mark": {"name": "said"}});
    socket.send(mark.to_string().into()).await.ok()
}

fn is_loud(payload: &[u8]) -> bool {
    let samples = Encoding::Mulaw.decode(payload);
    samples.iter().any(|sample| sample.unsigned_abs() > 1_000)
}

/// A tone of so many milliseconds.
pub(crate) fn tone(milliseconds: u64) -> Clip {
    Clip::tone(440.0, Duration::from_millis(milliseconds))
}
