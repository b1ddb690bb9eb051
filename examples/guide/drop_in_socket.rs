//! Code that is generic over its socket runs on the mock without a network.

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use mock_realtime::server::MockServer;
use tokio_tungstenite::tungstenite::{Error, Message};

/// In place of your agent.
async fn first_event<S>(mut socket: S) -> Result<String, Error>
where
    S: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin,
{
    let first = socket.next().await.ok_or(Error::ConnectionClosed)??;
    socket.close().await?;
    Ok(first.to_text()?.to_owned())
}

#[tokio::test(start_paused = true)]
async fn the_session_is_there() -> Result<(), Error> {
    let mock = MockServer::start().await;
    let event = first_event(mock.connect()?).await?; // or of `connect_async`
    assert!(event.contains("session.created"));
    Ok(())
}
