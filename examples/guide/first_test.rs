//! The first test: what the agent sends is expected, what the mock says is received.

use futures_util::{SinkExt, StreamExt};
use mock_realtime::protocol::realtime::ResponseCreate;
use mock_realtime::server::MockServer;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn the_agent_asks_once() -> Result<(), Box<dyn std::error::Error>> {
    let mock = MockServer::builder().say(["Good morning!"]).start().await;
    mock.expect::<ResponseCreate>().times(1); // checked when `mock` is dropped

    // In place of your agent, which connects to `mock.url()` or `mock.ws_url()` with any key:
    let (mut agent, _) = connect_async(mock.request()).await?;
    agent
        .send(Message::text(r#"{"type":"response.create"}"#))
        .await?;
    while let Some(frame) = agent.next().await {
        if frame?.to_text()?.contains("response.done") {
            break;
        }
    }
    Ok(())
}
