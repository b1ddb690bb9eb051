//! Reads what it is sent and reports each event, for `mock-realtime exercise --reports`.

use std::env;
use std::error::Error;
use std::io::{Write, stdout};

use async_openai::types::realtime::RealtimeServerEvent;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = format!("{}/realtime?model=gpt-realtime", env::var("MOCK_REALTIME_URL")?);
    loop {
        let (mut socket, _) = connect_async(url.as_str()).await?;
        while let Some(Ok(frame)) = socket.next().await {
            if let Ok(text) = frame.to_text()
                && frame.is_text()
            {
                writeln!(stdout(), "{}", report(text)?)?;
            }
        }
    }
}

fn report(text: &str) -> Result<Value, serde_json::Error> {
    let event: Value = serde_json::from_str(text)?;
    Ok(match serde_json::from_str::<RealtimeServerEvent>(text) {
        Ok(_) => json!({ "type": event["type"], "ok": true }),
        Err(error) => {
            // Where in the line is another place each time.
            let error = error.to_string();
            let error = error.split(" at line ").next().unwrap_or_default();
            json!({ "type": event["type"], "ok": false, "error": error })
        }
    })
}
