//! A bridge between the telephone and the model, in the size of one that is in use. It knows of the
//! Realtime API and of two carriers, and nothing of the mock.
//!
//! `call` is the whole of what it does, without a socket; `hold` runs it between two of them.

mod audiocodes;
mod call;
mod carrier;
mod guard;
mod line;
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
pub use guard::{Form, Guard};
pub use line::{FAREWELL, FromLine, Line, Lines};
pub use tools::{Outcome, Running, Shop, Tools};
pub use twilio::Twilio;

/// How long the model may take to be there. The caller hears nothing so long.
const PATIENCE: Duration = Duration::from_secs(10);

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
///
/// A carrier that comes back to a call whose line broke is handed over to it, by `lines`.
pub async fn hold<C, M, F>(
    caller: C,
    carrier: Box<dyn Carrier>,
    lines: &Lines<C>,
    tools: &dyn Tools,
    connect: impl FnOnce() -> F + Send,
) -> Result<(), Error>
where
    C: Socket,
    M: Socket,
    F: Future<Output = Result<M, Error>> + Send,
{
    let mut call = Call::new(carrier);
    let mut line = Line::new(caller, lines);
    while call.phase() == Phase::Ringing {
        let heard = line.next().await;
        take(&mut call, heard, tools);
        if let Some(conversation) = call.is_for() {
            if line.hand_over(&conversation) {
                return Ok(());
            }
            call.refuse("the conversation is not known any more");
        }
        flush_to_caller(&mut call, &mut line, tools).await;
    }
    let mut ended = Ok(());
    if call.phase() == Phase::Open {
        if let Some(conversation) = call.conversation() {
            line.can_be_taken_up(conversation);
        }
        match timeout(PATIENCE, connect()).await {
            Ok(Ok(mut model)) => {
                ended = talk(&mut call, &mut line, &mut model, tools).await;
                let _ = timeout(FAREWELL, model.close()).await;
            }
            Ok(Err(error)) => ended = Err(error),
            Err(_) => ended = Err(Error::Io(std::io::ErrorKind::TimedOut.into())),
        }
        if call.phase() == Phase::Open {
            call.model_left();
        }
    }
    flush_to_caller(&mut call, &mut line, tools).await;
    line.close().await;
    ended
}

/// Carries everything between the two until the call is over. An error is one of the model's socket.
async fn talk<C: Socket, M: Socket>(
    call: &mut Call,
    line: &mut Line<'_, C>,
    model: &mut M,
    tools: &dyn Tools,
) -> Result<(), Error> {
    let mut running = FuturesUnordered::new();
    while call.phase() == Phase::Open {
        flush_to_model(call, model).await?;
        flush_to_caller(call, line, tools).await;
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
            heard = line.next() => take(call, heard, tools),
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
fn take(call: &mut Call, heard: FromLine, tools: &dyn Tools) {
    match heard {
        FromLine::Frame(text) => call.carrier_sent(&text, tools, Instant::now()),
        FromLine::Broken => call.line_broke(),
        FromLine::TakenUp => call.taken_up(Instant::now()),
        FromLine::Closed => call.carrier_left(),
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

async fn flush_to_caller<C: Socket>(call: &mut Call, line: &mut Line<'_, C>, tools: &dyn Tools) {
    if let Err(gone) = line.send(|| call.next_frame()).await {
        take(call, gone, tools);
    }
}
