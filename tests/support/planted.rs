//! The example bridge with faults that bridges have, planted from outside: around its carrier, its
//! model's socket and its tools.

use std::future::pending;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::{Sink, Stream};
use mock_realtime::audio::Encoding;
use mock_realtime::client::MockSocket;
use mock_realtime::protocol::realtime::{AudioFormat, PcmFormat, Tool};
use mock_realtime::protocol::{audiocodes, decode, twilio};
use mock_realtime::server::{MockConnector, MockServer};
use mock_realtime::telephony::record::Carrier as Which;
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio::time::Instant;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::example::{AudioCodes, Carrier, FromCaller, Running, Shop, Tools, Twilio, hold};

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
}

/// How late a late clear is.
const LATE: Duration = Duration::from_millis(1_500);

/// A connection to a bridge of its own, with this model and this fault.
#[allow(
    clippy::unnecessary_wraps,
    reason = "a connection may fail where it is asked for"
)]
pub(crate) fn open(
    carrier: Which,
    model: &MockServer,
    fault: Option<Fault>,
) -> io::Result<DuplexStream> {
    let (ours, its) = tokio::io::duplex(1 << 20);
    let connector = model.connector();
    tokio::spawn(async move {
        let Ok(socket) = accept_async(its).await else {
            return;
        };
        let carrier = match carrier {
            Which::Twilio => faulty(Twilio::default(), fault),
            Which::AudioCodes => faulty(AudioCodes::default(), fault),
        };
        let tools: &dyn Tools = match fault {
            Some(Fault::ToolStall) => &Stalled,
            _ => &Shop,
        };
        // A model that is lost is part of what is tried.
        let _ = hold(socket, carrier, tools, || connect(connector, fault)).await;
    });
    Ok(ours)
}

#[allow(clippy::unused_async, reason = "connecting is something to wait for")]
async fn connect(connector: MockConnector, fault: Option<Fault>) -> Result<FaultyModel, Error> {
    Ok(FaultyModel {
        socket: Some(connector.connect()?),
        fault,
    })
}

fn faulty(carrier: impl Carrier + 'static, fault: Option<Fault>) -> Box<dyn Carrier> {
    Box::new(FaultyCarrier {
        carrier,
        fault,
        late: None,
        finished: 0,
        marks: 0,
        numbered: 0,
        is_deaf: false,
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
        let mut heard = self.carrier.read(frame);
        if self.is_deaf {
            heard.retain(|what| !matches!(what, FromCaller::Said(_)));
        }
        if self.has(Fault::DeafAfterPlay) && self.finished > 0 {
            heard.retain(|what| !matches!(what, FromCaller::Said(_)));
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
