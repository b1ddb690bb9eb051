//! Faults: responses fail, handshakes are refused, frames are late or lost, as a test asks for.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use mock_realtime::client::{MockRealtimeClient, MockSocket};
use mock_realtime::engine::SessionOptions;
use mock_realtime::expect::Direction;
use mock_realtime::faults::{Fault, Faults};
use mock_realtime::protocol::realtime::{
    InputAudioBufferClear, InputAudioBufferCleared, ResponseCreate, ResponseStatus, SessionCreated,
};
use mock_realtime::server::MockServer;
use tokio::time::Instant;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::{Error, Message};

const MS: Duration = Duration::from_millis(1);

fn client(faults: &Faults) -> MockRealtimeClient {
    MockRealtimeClient::with_faults(SessionOptions::default(), faults).verifying()
}

#[tokio::test(start_paused = true)]
async fn the_nth_response_fails_and_what_it_would_have_said_comes_after() {
    let mut client = client(
        &Fault::fail_response("server_error", "rate_limit_exceeded")
            .nth(2..=2)
            .into(),
    );
    client.say("one");
    assert_eq!(client.collect_response().await.transcript, "You said: one");
    client.say("two");
    let failed = client.collect_response().await.response;
    assert_eq!(failed.status, Some(ResponseStatus::Failed));
    let error = serde_json::to_value(&failed.status_details).unwrap();
    assert_eq!(error["error"]["code"], "rate_limit_exceeded");
    client.send(ResponseCreate::default());
    assert_eq!(client.collect_response().await.transcript, "You said: two");
}

#[tokio::test]
async fn handshakes_are_refused_with_a_status() {
    let faults = Fault::refuse_handshake(429);
    let mock = MockServer::builder()
        .verify()
        .faults_for(1..=1, faults)
        .start()
        .await;
    connect_async(mock.request()).await.unwrap();
    let Err(Error::Http(response)) = connect_async(mock.request()).await else {
        panic!("it was not refused");
    };
    assert_eq!(response.status(), 429);
    mock.connect().unwrap();
    assert_eq!((mock.connections(), mock.sessions().len()), (3, 2));
    let down = MockServer::builder()
        .verify()
        .faults(Fault::refuse_handshake(503))
        .start()
        .await;
    let Err(Error::Http(response)) = down.connect() else {
        panic!("it was not refused");
    };
    assert_eq!(response.status(), 503);
}

#[tokio::test(start_paused = true)]
async fn in_process_a_refused_handshake_is_a_broken_connection() {
    let mut client = client(&Fault::refuse_handshake(500).into());
    assert!(client.next_event().await.is_none());
    assert_eq!(client.closed().unwrap().code, None);
}

#[tokio::test]
async fn connections_are_closed_as_soon_as_they_are_open() {
    let faults = Fault::close(4000, "bad origin");
    let mock = MockServer::builder().verify().faults(faults).start().await;
    let (over_tcp, _) = connect_async(mock.request()).await.unwrap();
    assert_is_closed_at_once(over_tcp).await;
    assert_is_closed_at_once(mock.connect().unwrap()).await;
}

async fn assert_is_closed_at_once<S>(mut socket: S)
where
    S: futures_util::Stream<Item = Result<Message, Error>> + Unpin,
{
    let Some(Ok(Message::Close(Some(close)))) = socket.next().await else {
        panic!("no close");
    };
    assert_eq!(u16::from(close.code), 4000);
    assert_eq!(close.reason.as_str(), "bad origin");
}

#[tokio::test(start_paused = true)]
async fn frames_of_the_server_come_late() {
    let mut client = client(&Fault::delay(100 * MS..=100 * MS).into());
    let start = Instant::now();
    assert!(client.try_next_event().is_none());
    client.recv_until::<SessionCreated>().await;
    assert_eq!(start.elapsed(), 100 * MS);
}

#[tokio::test(start_paused = true)]
async fn frames_of_the_client_come_late_and_all_that_follows() {
    let delayed = Faults::new()
        .with(Fault::delay(300 * MS..=300 * MS).from(Direction::Client))
        .with(Fault::delay(50 * MS..=50 * MS));
    let mut socket = MockSocket::with_faults(SessionOptions::default(), &delayed).verifying();
    let start = Instant::now();
    let clear = Message::text(r#"{"type":"input_audio_buffer.clear"}"#);
    socket.send(clear).await.unwrap();
    socket.next().await.unwrap().unwrap();
    assert_eq!(start.elapsed(), 50 * MS);
    let cleared = socket.next().await.unwrap().unwrap();
    assert!(cleared.to_text().unwrap().contains("cleared"));
    assert_eq!(start.elapsed(), 350 * MS);
}

#[tokio::test(start_paused = true)]
async fn a_close_does_not_overtake_what_was_sent_before() {
    let faults = Fault::delay(100 * MS..=200 * MS).into();
    let mut client = client(&faults);
    client.control().close(1001, "");
    assert!(matches!(
        client.next_event().await,
        Some(mock_realtime::protocol::realtime::ServerEvent::SessionCreated(_))
    ));
    assert!(client.next_event().await.is_none());
    assert_eq!(client.closed().unwrap().code, Some(1001));
}

#[tokio::test(start_paused = true)]
async fn lost_frames_are_seen_as_lost() {
    let mut client = client(&Fault::lose().into());
    client.send(InputAudioBufferClear::default());
    assert!(client.try_next_event().is_none());
    let timeline = client.journal().timeline();
    assert!(
        timeline.contains("◀── mock  input_audio_buffer.cleared  (lost)"),
        "{timeline}"
    );
    assert!(!timeline.contains("clear  (lost)"), "{timeline}");
}

#[tokio::test(start_paused = true)]
async fn what_the_client_sends_and_is_lost_has_no_effect() {
    let mut client = client(&Fault::lose().from(Direction::Client).into());
    client.expect::<InputAudioBufferClear>().times(1);
    client.send(InputAudioBufferClear::default());
    assert_eq!(client.journal().received::<InputAudioBufferCleared>(), []);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_loses_the_same_and_another_loses_others() {
    let lost = |seed| {
        let lost = Fault::lose().from(Direction::Client).chance(0.5);
        let faults = Faults::new().seed(seed).with(lost);
        let mut client = client(&faults);
        for _ in 0..50 {
            client.send(InputAudioBufferClear::default());
        }
        let entries = client.journal().entries();
        entries.iter().map(|entry| entry.lost).collect::<Vec<_>>()
    };
    assert_eq!(lost(1), lost(1));
    assert_ne!(lost(1), lost(2));
}

#[test]
#[should_panic(expected = "a chance is from 0.0 to 1.0, not 20")]
fn a_chance_is_no_percentage() {
    let _ = Fault::lose().chance(20.0);
}

#[test]
#[should_panic(expected = "a handshake is refused with a status from 400 to 599, not 200")]
fn success_refuses_nothing() {
    let _ = Fault::refuse_handshake(200);
}

#[test]
#[should_panic(expected = "`fail_response` is about a response, which has no `after_bytes`")]
fn a_response_has_no_bytes() {
    let fault = Fault::fail_response("server_error", "internal_error").after_bytes(1);
    let _ = Faults::new().with(fault);
}

#[tokio::test(start_paused = true)]
async fn more_goes_wrong_in_a_session_that_runs() {
    let mut client = MockRealtimeClient::new(SessionOptions::default());
    client.recv_until::<SessionCreated>().await;
    client.wait(500 * MS).await;
    client
        .control()
        .add_faults(Fault::close(1012, "restart").after(200 * MS));
    let start = Instant::now();
    assert!(client.next_event().await.is_none());
    assert_eq!(start.elapsed(), 200 * MS);
    let [fired] = &client.journal().faults(0)[..] else {
        panic!("{}", client.journal().timeline());
    };
    assert_eq!(fired.to_string(), "disconnect: closed with 1012");
}

#[tokio::test(start_paused = true)]
async fn what_went_wrong_can_be_cleared() {
    let mut client = client(&Fault::lose().into());
    client.control().clear_faults();
    client.send(InputAudioBufferClear::default());
    client.recv_until::<InputAudioBufferCleared>().await;
}
