//! The example's voice URL: only Twilio is told by it where calls go.
#![cfg(all(feature = "connect", feature = "telephony"))]
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

#[path = "../examples/bridge/main.rs"]
#[allow(dead_code, reason = "its command line is of no use here")]
mod example;

use example::Server;
use example::bridge::Guard;
use mock_realtime::connect::Target;
use mock_realtime::server::MockServer;
use mock_realtime::telephony::script::CallScript;
use mock_realtime::telephony::twilio::{
    FormError, PlaceError, PlacedCall, TwilioOptions, VoiceWebhook,
};
use tokio::net::TcpListener;

/// Calls the example, which knows Twilio by a secret, from a number whose account signs with `token`.
async fn place(token: Option<&str>) -> Result<PlacedCall, PlaceError> {
    let mock = MockServer::builder().say(["Good morning!"]).start().await;
    let variable = |name: &str| match name {
        "OPENAI_BASE_URL" => Some(mock.url().to_owned()),
        "OPENAI_API_KEY" => Some("key".to_owned()),
        _ => None,
    };
    let guard = Guard {
        twilio_auth_token: Some("secret".to_owned()),
        audiocodes_token: None,
    };
    let server = Server::new(Target::from_variables(variable).unwrap(), guard);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/voice?line=1", listener.local_addr().unwrap());
    let serving = tokio::spawn(server.serve(listener));
    let webhook = VoiceWebhook {
        url,
        from: "+15550100".to_owned(),
        to: "+15550111".to_owned(),
    };
    let options = TwilioOptions {
        auth_token: token.map(str::to_owned),
        ..TwilioOptions::default()
    };
    let script = CallScript::new("hello").silent_ms(100).hang_up();
    let placed = webhook.call(options, &script).await;
    serving.abort();
    placed
}

#[tokio::test]
async fn who_signs_with_the_secret_is_connected() {
    let placed = place(Some("secret")).await.unwrap();
    assert!(placed.stream.url.ends_with("/twilio"), "{placed:?}");
    assert!(placed.result.is_success(), "{placed:?}");
}

#[tokio::test]
async fn who_signs_with_another_or_not_at_all_is_refused() {
    for token in [Some("another"), None] {
        let refused = place(token).await.unwrap_err();
        let PlaceError::Webhook(FormError::Status(status)) = refused else {
            panic!("{refused}");
        };
        assert_eq!(status, 403);
    }
}
