//! A bridge between the telephone and the model, in the size of one that is in use. It knows of the
//! Realtime API and of two carriers, and nothing of the mock.
//!
//! `call` is the whole of what it does, without a socket; `hold` runs it between two of them.

mod audiocodes;
mod call;
mod carrier;
mod playout;
mod resample;
mod tools;
mod twilio;

use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use mock_realtime::protocol::decode;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{Error, Message};

pub use audiocodes::AudioCodes;
pub use call::{Call, Phase, ToolCall};
pub use carrier::{Carrier, FromCaller};
pub use tools::{Outcome, Running, Shop, Tools};
pub use twilio::Twilio;

/// How long the model may take to be there. The caller hears nothing so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a side may take to close. It is gone then all the same.
const FAREWELL: Duration = Duration::from_secs(1);

/// Any WebSocket.
pub trait Socket:
    Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin + Send
{
}

impl<S> Socket for S where
    S: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin + Send
{
}

/// Holds a call to its end. The model is called when the carrier says that there is somebody to talk
/// to, and both sockets are closed afterwards, whoever went first.
pub async fn hold<C, M, F>(
    mut caller: C,
    carrier: Box<dyn Carrier>,
    tools: &dyn Tools,
    connect: impl FnOnce() -> F + Send,
) -> Result<(), Error>
where
    C: Socket,
    M: Socket,
    F: Future<Output = Result<M, Error>> + Send,
{
    let mut call = Call::new(carrier);
    while call.phase() == Phase::Ringing {
        take(&mut call, caller.next().await, tools);
        flush_to_caller(&mut call, &mut caller).await;
    }
    let mut ended = Ok(());
    if call.phase() == Phase::Open {
        match timeout(PATIENCE, connect()).await {
            Ok(Ok(mut model)) => {
                ended = talk(&mut call, &mut caller, &mut model, tools).await;
                let _ = timeout(FAREWELL, model.close()).await;
            }
            Ok(Err(error)) => ended = Err(error),
            Err(_) => ended = Err(Error::Io(std::io::ErrorKind::TimedOut.into())),
        }
        if call.phase() == Phase::Open {
            call.model_left();
        }
    }
    flush_to_caller(&mut call, &mut caller).await;
    let _ = timeout(FAREWELL, caller.close()).await;
    ended
}

/// Carries everything between the two until the call is over. An error is one of the model's socket.
async fn talk<M: Socket>(
    call: &mut Call,
    caller: &mut impl Socket,
    model: &mut M,
    tools: &dyn Tools,
) -> Result<(), Error> {
    let mut running = FuturesUnordered::new();
    while call.phase() == Phase::Open {
        flush_to_model(call, model).await?;
        flush_to_caller(call, caller).await;
        while let Some(ToolCall {
            id,
            name,
            arguments,
        }) = call.next_tool_call()
        {
            let tool = tools.run(&name, arguments);
            running.push(async move { (id, tool.await) });
        }
        let deadline = call.deadline();
        tokio::select! {
            frame = caller.next() => take(call, frame, tools),
            frame = model.next() => match frame {
                Some(Ok(Message::Text(text))) => {
                    // What cannot be read may be newer than the bridge, and is no reason to hang up.
                    if let Ok(event) = decode(&text) {
                        call.model_sent(event, Instant::now());
                    }
                }
                Some(Ok(Message::Close(_))) | None => call.model_left(),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
            },
            Some((id, outcome)) = running.next() => call.tool_answered(id, outcome, Instant::now()),
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                call.wake(Instant::now());
            }
        }
    }
    Ok(())
}

/// Takes what came from the carrier.
fn take(call: &mut Call, frame: Option<Result<Message, Error>>, tools: &dyn Tools) {
    match frame {
        Some(Ok(Message::Text(text))) => call.carrier_sent(&text, tools, Instant::now()),
        Some(Ok(Message::Close(_)) | Err(_)) | None => call.carrier_left(),
        Some(Ok(_)) => {}
    }
}

async fn flush_to_model(call: &mut Call, model: &mut impl Socket) -> Result<(), Error> {
    while let Some(event) = call.next_event() {
        // Events are made of what JSON is made of.
        let text = serde_json::to_string(&event).unwrap_or_default();
        model.feed(Message::text(text)).await?;
    }
    model.flush().await
}

/// A caller whose socket is broken has hung up.
async fn flush_to_caller(call: &mut Call, caller: &mut impl Socket) {
    let mut sent = Ok(());
    while let (Ok(()), Some(frame)) = (&sent, call.next_frame()) {
        sent = caller.feed(Message::text(frame)).await;
    }
    if sent.is_err() || caller.flush().await.is_err() {
        call.carrier_left();
    }
}
