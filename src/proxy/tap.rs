//! From bytes on their way to the messages in them.

use std::io::{self, Read, Write};

use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket};

use crate::expect::Direction;

/// Reads the messages that one side sends, and never writes anything.
pub(super) struct Tap {
    socket: WebSocket<Passing>,
}

impl Tap {
    /// What `by` sends, in messages of no more bytes than this.
    pub(super) fn new(by: Direction, most: usize) -> Self {
        // The role is that of whoever reads.
        let role = match by {
            Direction::Client => Role::Server,
            Direction::Server => Role::Client,
        };
        let config = WebSocketConfig::default()
            .max_message_size(Some(most))
            .max_frame_size(Some(most));
        Self {
            socket: WebSocket::from_raw_socket(Passing::default(), role, Some(config)),
        }
    }

    /// Takes bytes, and gives each message that is whole by now to `take`.
    ///
    /// After an error, and after a close, there is nothing more to read.
    pub(super) fn take(
        &mut self,
        bytes: &[u8],
        mut take: impl FnMut(Message),
    ) -> Result<(), Error> {
        self.socket.get_mut().waiting.extend_from_slice(bytes);
        loop {
            match self.socket.read() {
                Ok(message) => take(message),
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(Error::ConnectionClosed | Error::AlreadyClosed) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

/// The bytes that have passed and are not read yet.
#[derive(Default)]
struct Passing {
    waiting: Vec<u8>,
}

impl Read for Passing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.waiting.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let length = buffer.len().min(self.waiting.len());
        buffer[..length].copy_from_slice(&self.waiting[..length]);
        self.waiting.drain(..length);
        Ok(length)
    }
}

/// The library answers pings and closes. So do those they are meant for.
impl Write for Passing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
