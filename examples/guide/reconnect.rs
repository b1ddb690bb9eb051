//! The session ends after its time, and the agent opens another.

use futures_util::StreamExt;
use mock_realtime::server::MockServer;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Error, Message};

/// In place of your agent: opens a session again and again, as long as the last was only over.
async fn agent(request: ClientRequestBuilder) -> Result<usize, Error> {
    for sessions in 1.. {
        let (mut socket, _) = connect_async(request.clone()).await?;
        while let Some(frame) = socket.next().await {
            match frame? {
                Message::Close(Some(close)) if u16::from(close.code) == 1001 => break,
                Message::Close(_) => return Ok(sessions),
                _ => {}
            }
        }
    }
    Ok(0)
}

#[tokio::test]
async fn a_session_that_is_over_is_followed_by_another() {
    let mock = MockServer::start().await;
    let agent = tokio::spawn(agent(mock.request()));
    mock.session(0)
        .await
        .close(1001, "Your session hit the maximum duration of 60 minutes.");
    mock.session(1).await.close(1000, "that is all");
    assert_eq!(agent.await.expect("no panic").expect("no error"), 2);
}
