//! The model calls a function, and speaks of what it gave.

use mock_realtime::client::MockRealtimeClient;
use mock_realtime::engine::SessionOptions;
use mock_realtime::generators::{ResponsePlan, Scripted};
use mock_realtime::protocol::realtime::ConversationItemCreate;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_function_is_called_and_answered() {
    let mut client = MockRealtimeClient::new(SessionOptions {
        generator: Box::new(Scripted::of([
            ResponsePlan::call("weather", r#"{"city":"Oslo"}"#),
            ResponsePlan::message("It rains in Oslo."),
        ])),
        ..SessionOptions::default()
    });
    client
        .expect::<ConversationItemCreate>()
        .with(json!({"item": {"type": "function_call_output", "output": "rain"}}));

    client.say("How is the weather in Oslo?");
    let call = client.collect_response().await.calls.remove(0);
    assert_eq!(call.arguments, r#"{"city":"Oslo"}"#);

    client.answer(&call, "rain");
    assert_eq!(
        client.collect_response().await.transcript,
        "It rains in Oslo."
    );
}
