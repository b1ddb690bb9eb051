//! Frames that are cut on the network, as faults ask for.

use std::time::Duration;

use futures_util::SinkExt;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::faults::Pieces;

use super::connection::in_time;
use super::ending::End;

/// Sends a text in pieces, after what was fed to the socket before. Each piece may take so long.
pub(super) async fn send<S>(
    socket: &mut WebSocketStream<S>,
    text: String,
    pieces: Pieces,
    limit: Duration,
) -> Result<(), End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match pieces {
        Pieces::Fragments { bytes } => {
            let mut parts = text.as_bytes().chunks(bytes.max(1)).peekable();
            let mut opcode = OpCode::Data(Data::Text);
            while let Some(part) = parts.next() {
                let frame = Frame::message(part.to_vec(), opcode, parts.peek().is_none());
                in_time(limit, socket.feed(Message::Frame(frame))).await?;
                opcode = OpCode::Data(Data::Continue);
            }
            Ok(())
        }
        Pieces::Packets { bytes, pause } => {
            in_time(limit, socket.flush()).await?;
            let frame = Frame::message(text, OpCode::Data(Data::Text), true);
            let mut written = Vec::with_capacity(frame.len());
            if frame.format(&mut written).is_err() {
                return Ok(());
            }
            let mut packets = written.chunks(bytes.max(1)).peekable();
            while let Some(packet) = packets.next() {
                in_time(limit, write(socket.get_mut(), packet)).await?;
                if packets.peek().is_some() && !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
            }
            Ok(())
        }
    }
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, packet: &[u8]) -> Result<(), Error> {
    stream.write_all(packet).await?;
    Ok(stream.flush().await?)
}
