//! The example bridge with faults that bridges have, planted from outside: around its carrier, its
//! model's socket and its tools.

use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::{Sink, Stream, StreamExt};
use hyper::header::AUTHORIZATION;
use hyper::{HeaderMap, StatusCode};
use mock_realtime::audio::Encoding;
use mock_realtime::client::MockSocket;
use mock_realtime::protocol::realtime::{AudioFormat, PcmFormat, Tool};
use mock_realtime::protocol::{audiocodes, decode, twilio};
use mock_realtime::server::{MockConnector, MockServer};
use mock_realtime::telephony::record::Carrier as Which;
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use crate::example::{
    AudioCodes, Carrier, Form, FromCaller, Guard, Lines, Running, Shop, Tools, Twilio, hold,
};

/// What is wrong with a bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    LateClear,
    LostMark,
    DoubleAudio,
    WrongTruncation,
    ClippedPadding,
    DeafAfterPlay,
    DtmfLost,
    ToolStall,
    NoHangUpCleanUp,
    WrongRate,
    DiesOfNonsense,
    DeafAfterNonsense,
    DiesOfDisorder,
    /// A carrier that comes back is not answered.
    NoAnswerToResume,
    /// A call that is taken up again does not go on.
    DeafAfterResume,
    /// No fault: a bridge may refuse to take calls up again.
    RefusesResume,
    /// No fault either: a call that is taken up again has another session of the model.
    AnotherSessionOnResume,
    /// The carrier's configuration screen is not answered.
    NoValidation,
    /// Who calls is not asked for a credential.
    LetsAnybodyIn,
    /// Only a credential that is shown is looked at.
    LetsInWhoShowsNothing,
    /// No fault: strangers are refused on the WebSocket.
    RefusesByClosing,
    /// Callers hear what was last said in any call.
    SharedPlayback,
    /// The model hears who spoke last in any call.
    SharedMicrophone,
}

/// What calls share that should not.
#[derive(Clone, Default)]
struct Shared {
    said: Arc<Mutex<Vec<u8>>>,
    played: Arc<Mutex<Vec<u8>>>,
}

/// What was put there before.
fn exchanged(shared: &Mutex<Vec<u8>>, audio: Vec<u8>) -> Vec<u8> {
    std::mem::replace(&mut *shared.lock().unwrap(), audio)
}

/// The secret that a guarded bridge shares with its carrier.
pub(crate) const TOKEN: &str = "a secret of the account";

/// Where the callers take the bridge to be.
const URL: &str = "ws://bridge.invalid/";

/// How late a late clear is.
const LATE: Duration = Duration::from_millis(1_500);

/// A bridge with this fault, which all calls of a test reach.
pub(crate) struct Bridge {
    carrier: Which,
    fault: Option<Fault>,
    guard: Guard,
    shared: Shared,
    lines: Arc<Lines<WebSocketStream<DuplexStream>>>,
}

impl Bridge {
    pub(crate) fn new(carrier: Which, fault: Option<Fault>) -> Self {
        Self {
            carrier,
            fault,
            guard: Guard::default(),
            shared: Shared::default(),
            lines: Arc::default(),
        }
    }

    /// The same bridge, which knows its carriers by [`TOKEN`].
    pub(crate) fn guarded(mut self) -> Self {
        self.guard = Guard {
            twilio_auth_token: Some(TOKEN.to_owned()),
            audiocodes_token: Some(TOKEN.to_owned()),
        };
        self
    }

    /// A connection to it, with this model behind it.
    #[allow(
        clippy::unnecessary_wraps,
        reason = "a connection may fail where it is asked for"
    )]
    pub(crate) fn open(&self, model: &MockServer) -> io::Result<DuplexStream> {
        let (ours, its) = tokio::io::duplex(1 << 20);
        let connector = model.connector();
        let (fault, lines) = (self.fault, Arc::clone(&self.lines));
        let carrier = match self.carrier {
            Which::Twilio => faulty(Twilio::default(), fault, self.shared.clone()),
            Which::AudioCodes => faulty(AudioCodes::default(), fault, self.shared.clone()),
        };
        let guard = self.guard.clone();
        let which = self.carrier;
        tokio::spawn(async move {
            let mut knows = true;
            #[allow(clippy::result_large_err, reason = "it is tungstenite's")]
            let admit = |request: &Request, response: Response| {
                knows = is_known(&guard, which, request.headers(), fault);
                if knows || fault == Some(Fault::RefusesByClosing) {
                    return Ok(response);
                }
                let mut refused = ErrorResponse::new(None);
                *refused.status_mut() = StatusCode::FORBIDDEN;
                Err(refused)
            };
            let Ok(mut socket) = accept_hdr_async(its, admit).await else {
                return;
            };
            if !knows {
                let frame = CloseFrame {
                    code: CloseCode::Policy,
                    reason: "a stranger".into(),
                };
                let _ = socket.close(Some(frame)).await;
                while let Some(Ok(_)) = socket.next().await {}
                return;
            }
            let tools: &dyn Tools = match fault {
                Some(Fault::ToolStall) => &Stalled,
                _ => &Shop,
            };
            // A model that is lost is part of what is tried.
            let _ = hold(socket, carrier, &lines, tools, || connect(connector, fault)).await;
        });
        Ok(ours)
    }
}

/// Whether the bridge lets this call in.
fn is_known(guard: &Guard, carrier: Which, headers: &HeaderMap, fault: Option<Fault>) -> bool {
    let shows_nothing =
        !headers.contains_key(AUTHORIZATION) && !headers.contains_key("x-twilio-signature");
    match (fault, carrier) {
        (Some(Fault::LetsAnybodyIn), _) => true,
        (Some(Fault::LetsInWhoShowsNothing), _) if shows_nothing => true,
        (_, Which::Twilio) => guard.knows_twilio(headers, URL, &Form::new()),
        (_, Which::AudioCodes) => guard.knows_audiocodes(headers),
    }
}

#[allow(clippy::unused_async, reason = "connecting is something to wait for")]
async fn connect(connector: MockConnector, fault: Option<Fault>) -> Result<FaultyModel, Error> {
    Ok(FaultyModel {
        socket: Some(connector.connect()?),
        fault,
    })
}

fn faulty(
    carrier: impl Carrier + 'static,
    fault: Option<Fault>,
    shared: Shared,
) -> Box<dyn Carrier> {
    Box::new(FaultyCarrier {
        carrier,
        fault,
        late: None,
        finished: 0,
        marks: 0,
        numbered: 0,
        is_deaf: false,
        was_taken_up: false,
        shared,
    })
}

struct FaultyCarrier<C> {
    carrier: C,
    fault: Option<Fault>,
    late: Option<Instant>,
    finished: usize,
    marks: usize,
    /// The number of the last frame, where they are numbered.
    numbered: u64,
    is_deaf: bool,
    was_taken_up: bool,
    shared: Shared,
}

impl<C: Carrier> FaultyCarrier<C> {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// Whether a frame does not follow the one before it.
    fn is_out_of_order(&mut self, frame: &str) -> bool {
        let frame: Value = serde_json::from_str(frame).unwrap_or_default();
        let number = frame["sequenceNumber"].as_str();
        let Some(number) = number.and_then(|number| number.parse().ok()) else {
            return false;
        };
        number != std::mem::replace(&mut self.numbered, number) + 1
    }
}

/// Whether no carrier says this.
fn is_nonsense(frame: &str) -> bool {
    decode::<twilio::CarrierMessage>(frame).is_err()
        && decode::<audiocodes::CarrierMessage>(frame).is_err()
}

impl<C: Carrier> Carrier for FaultyCarrier<C> {
    fn model_format(&self) -> AudioFormat {
        if self.has(Fault::WrongRate) {
            return AudioFormat::Pcm(PcmFormat { rate: Some(24_000) });
        }
        self.carrier.model_format()
    }

    fn read(&mut self, frame: &str) -> Vec<FromCaller> {
        if self.late.is_some_and(|late| late <= Instant::now()) {
            self.late = None;
            self.carrier.interrupt();
        }
        let dies = self.has(Fault::DiesOfNonsense) && is_nonsense(frame)
            || self.has(Fault::DiesOfDisorder) && self.is_out_of_order(frame);
        if dies {
            return vec![FromCaller::HungUp];
        }
        self.is_deaf |= self.has(Fault::DeafAfterNonsense) && is_nonsense(frame);
        if self.has(Fault::NoValidation) && frame.contains("connection.validate") {
            return Vec::new();
        }
        let mut heard = self.carrier.read(frame);
        if self.is_deaf {
            heard.retain(|what| !matches!(what, FromCaller::Said(_)));
        }
        if self.has(Fault::DeafAfterPlay) && self.finished > 0 {
            heard.retain(|what| !matches!(what, FromCaller::Said(_)));
        }
        if self.has(Fault::DeafAfterResume) && self.was_taken_up {
            heard.retain(|what| !matches!(what, FromCaller::Said(_)));
        }
        if self.has(Fault::NoAnswerToResume) {
            heard.retain(|what| !matches!(what, FromCaller::Returned(_)));
        }
        if self.has(Fault::AnotherSessionOnResume) && frame.contains(r#""session.resume""#) {
            let initiate = json!({
                "type": "session.initiate", "conversationId": "the same", "botName": "bot",
                "caller": "unknown", "expectAudioMessages": true,
                "supportedMediaFormats": ["raw/lpcm16"],
            });
            self.carrier.read(&initiate.to_string());
            return vec![FromCaller::Began(BTreeMap::new())];
        }
        if self.has(Fault::SharedMicrophone) {
            for what in &mut heard {
                if let FromCaller::Said(audio) = what {
                    *audio = exchanged(&self.shared.said, std::mem::take(audio));
                }
            }
        }
        if self.has(Fault::DtmfLost) {
            heard.retain(|what| !matches!(what, FromCaller::Pressed(_)));
        }
        heard
    }

    fn play(&mut self, item: &str, audio: &[u8]) {
        if self.has(Fault::WrongRate) && matches!(self.carrier.model_format(), AudioFormat::Pcmu(_))
        {
            let samples = Encoding::Pcm16.decode(audio);
            return self.carrier.play(item, &Encoding::Mulaw.encode(&samples));
        }
        if self.has(Fault::SharedPlayback) {
            let other = exchanged(&self.shared.played, audio.to_vec());
            return self.carrier.play(item, &other);
        }
        self.carrier.play(item, audio);
        if self.has(Fault::DoubleAudio) {
            self.carrier.play(item, audio);
        }
    }

    fn finish(&mut self, item: &str) {
        if self.has(Fault::ClippedPadding) {
            self.carrier.play(item, &[0x80; 120]);
        }
        self.finished += 1;
        self.carrier.finish(item);
    }

    fn interrupt(&mut self) {
        if self.has(Fault::LateClear) {
            self.late = Some(Instant::now() + LATE);
        } else {
            self.carrier.interrupt();
        }
    }

    fn hang_up(&mut self) {
        self.carrier.hang_up();
    }

    fn conversation(&self) -> Option<&str> {
        let ends = self.has(Fault::RefusesResume) || self.has(Fault::AnotherSessionOnResume);
        self.carrier.conversation().filter(|_| !ends)
    }

    fn taken_up(&mut self) {
        self.was_taken_up = true;
        self.carrier.taken_up();
    }

    fn refuse(&mut self, why: &str) {
        self.carrier.refuse(why);
    }

    fn next_frame(&mut self) -> Option<String> {
        let frame = self.carrier.next_frame()?;
        if self.has(Fault::LostMark) && frame.contains(r#""event":"mark""#) {
            self.marks += 1;
            // The first one comes.
            if self.marks > 1 {
                return self.next_frame();
            }
        }
        Some(frame)
    }
}

/// Functions that never come to an end.
struct Stalled;

impl Tools for Stalled {
    fn definitions(&self) -> Vec<Tool> {
        Shop.definitions()
    }

    fn run(&self, _: &str, _: Value) -> Running {
        Box::pin(pending())
    }
}

struct FaultyModel {
    socket: Option<MockSocket>,
    fault: Option<Fault>,
}

impl FaultyModel {
    fn socket(&mut self) -> Pin<&mut MockSocket> {
        Pin::new(
            self.socket
                .as_mut()
                .expect("it is there until it is dropped"),
        )
    }
}

impl Stream for FaultyModel {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(self.socket().poll_next(context));
        Poll::Ready(next)
    }
}

impl Sink<Message> for FaultyModel {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.socket().poll_ready(context)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        let message = match self.fault {
            Some(Fault::WrongTruncation) => wrongly_truncating(message),
            _ => message,
        };
        self.socket().start_send(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.socket().poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.fault == Some(Fault::NoHangUpCleanUp) {
            return Poll::Ready(Ok(()));
        }
        self.socket().poll_close(context)
    }
}

impl Drop for FaultyModel {
    fn drop(&mut self) {
        if self.fault == Some(Fault::NoHangUpCleanUp) {
            let socket = self.socket.take();
            tokio::spawn(async move {
                pending::<()>().await;
                drop(socket);
            });
        }
    }
}

/// Says that nothing was heard.
fn wrongly_truncating(message: Message) -> Message {
    let Ok(mut event) = serde_json::from_str::<Value>(message.to_text().unwrap_or_default()) else {
        return message;
    };
    if event["type"] == "conversation.item.truncate" {
        event["audio_end_ms"] = json!(0);
        return Message::text(event.to_string());
    }
    message
}
