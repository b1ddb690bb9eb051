//! The service or the mock, as one type.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{Sink, Stream};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::client::MockSocket;

/// A connection to the service or to the mock: a stream and a sink of messages.
#[derive(Debug)]
pub struct RealtimeSocket {
    end: End,
}

type ServiceSocket = WebSocketStream<MaybeTlsStream<TcpStream>>;

#[derive(Debug)]
enum End {
    Service(Box<ServiceSocket>),
    Mock(Box<MockSocket>),
}

impl RealtimeSocket {
    pub(super) fn service(socket: ServiceSocket) -> Self {
        Self {
            end: End::Service(Box::new(socket)),
        }
    }

    pub(super) fn mock(socket: MockSocket) -> Self {
        Self {
            end: End::Mock(Box::new(socket)),
        }
    }

    /// Whether the mock is at the other end, in this process.
    pub fn is_mock(&self) -> bool {
        matches!(self.end, End::Mock(_))
    }
}

impl Stream for RealtimeSocket {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.end {
            End::Service(socket) => Pin::new(&mut **socket).poll_next(context),
            End::Mock(socket) => Pin::new(&mut **socket).poll_next(context),
        }
    }
}

impl Sink<Message> for RealtimeSocket {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match &mut self.end {
            End::Service(socket) => Pin::new(&mut **socket).poll_ready(context),
            End::Mock(socket) => Pin::new(&mut **socket).poll_ready(context),
        }
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        match &mut self.end {
            End::Service(socket) => Pin::new(&mut **socket).start_send(message),
            End::Mock(socket) => Pin::new(&mut **socket).start_send(message),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match &mut self.end {
            End::Service(socket) => Pin::new(&mut **socket).poll_flush(context),
            End::Mock(socket) => Pin::new(&mut **socket).poll_flush(context),
        }
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match &mut self.end {
            End::Service(socket) => Pin::new(&mut **socket).poll_close(context),
            End::Mock(socket) => Pin::new(&mut **socket).poll_close(context),
        }
    }
}
