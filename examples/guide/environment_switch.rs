//! `MOCK_REALTIME=1` puts the mock in the place of OpenAI.

use futures_util::{SinkExt, StreamExt};
use mock_realtime::connect::{RealtimeSocket, Target};
use tokio_tungstenite::tungstenite::{Error, Message};

/// In place of your application, which begins with `connect("gpt-realtime").await?`.
async fn converse(socket: &mut RealtimeSocket) -> Result<bool, Error> {
    socket
        .send(Message::text(r#"{"type":"response.create"}"#))
        .await?;
    while let Some(frame) = socket.next().await {
        if frame?.to_text()?.contains("response.done") {
            return Ok(true);
        }
    }
    Ok(false)
}

#[tokio::test(start_paused = true)]
async fn it_runs_on_the_mock() -> Result<(), Box<dyn std::error::Error>> {
    // A test gives the variables itself; `Target::from_env` reads those of the process.
    let target = Target::from_variables(|name| (name == "MOCK_REALTIME").then(|| "1".into()))?;
    let mut socket = target.connect("gpt-realtime").await?;
    assert!(socket.is_mock());
    assert!(converse(&mut socket).await?);
    Ok(())
}
