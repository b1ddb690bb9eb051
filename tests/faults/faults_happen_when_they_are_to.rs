//! The conditions of faults: which connection, side, event, how often, by what chance, after what.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use mock_realtime::client::MockRealtimeClient;
use mock_realtime::engine::{Pacing, SessionOptions};
use mock_realtime::expect::{Direction, Frame};
use mock_realtime::faults::{Fault, Faults};
use mock_realtime::protocol::realtime::{
    ClientEventKind, InputAudioBufferClear, ResponseDone, ServerEventKind,
};
use mock_realtime::server::MockServer;

use super::examples::options;

const MS: Duration = Duration::from_millis(1);

/// The numbers, from 1, of the client's clears that are lost, of 20 that come 10 ms apart.
async fn lost(faults: impl Into<Faults>) -> Vec<usize> {
    let mut client = MockRealtimeClient::with_faults(SessionOptions::default(), &faults.into());
    for _ in 0..20 {
        client.wait(10 * MS).await;
        client.send(InputAudioBufferClear::default());
    }
    let entries = client.journal().entries();
    let sent = entries
        .iter()
        .filter(|entry| matches!(entry.frame, Frame::Client(_)));
    let numbered = sent.enumerate().filter(|(_, entry)| entry.lost);
    numbered.map(|(number, _)| number + 1).collect()
}

fn lose() -> Fault {
    Fault::lose().from(Direction::Client)
}

#[tokio::test(start_paused = true)]
async fn by_number() {
    assert_eq!(lost(lose().nth(3..=3)).await, [3]);
    assert_eq!(lost(lose().nth(18..)).await, [18, 19, 20]);
    assert_eq!(lost(lose().every(6)).await, [6, 12, 18]);
    assert_eq!(lost(lose().every(6).times(2)).await, [6, 12]);
    assert_eq!(lost(lose().every(2).nth(5..9)).await, [6, 8]);
}

#[tokio::test(start_paused = true)]
async fn by_time_and_bytes() {
    assert_eq!(lost(lose().after(185 * MS)).await, [19, 20]);
    let a_clear = r#"{"type":"input_audio_buffer.clear"}"#.len() as u64;
    assert_eq!(lost(lose().after_bytes(a_clear * 19)).await, [19, 20]);
    assert_eq!(
        lost(lose().after_bytes(a_clear * 2 + 1).times(1)).await,
        [3]
    );
}

#[tokio::test(start_paused = true)]
async fn by_chance_of_its_own() {
    let alone = lost(Faults::new().seed(5).with(lose().chance(0.4))).await;
    assert!((3..14).contains(&alone.len()), "{alone:?}");
    assert_ne!(
        lost(Faults::new().seed(6).with(lose().chance(0.4))).await,
        alone
    );
    // What another fault draws shifts nothing.
    let delayed = Fault::delay(Duration::ZERO..=3 * MS)
        .from(Direction::Client)
        .chance(0.5);
    let beside = Faults::new().seed(5).with(lose().chance(0.4)).with(delayed);
    assert_eq!(lost(beside).await, alone);
}

#[tokio::test(start_paused = true)]
async fn by_event_and_side() {
    let none: [usize; 0] = [];
    let cleared = ServerEventKind::InputAudioBufferCleared;
    assert_eq!(lost(Fault::lose().on(cleared)).await, none);
    let all: Vec<usize> = (1..=20).collect();
    assert_eq!(
        lost(Fault::lose().on(ClientEventKind::InputAudioBufferClear)).await,
        all
    );
    assert_eq!(
        lost(
            Fault::lose()
                .on("input_audio_buffer.*"
                    .parse::<mock_realtime::faults::EventType>()
                    .unwrap())
                .from(Direction::Client)
        )
        .await,
        all
    );
    assert_eq!(lost(Fault::lose()).await, none);
}

#[tokio::test]
async fn by_connection() {
    let fault = Fault::refuse_handshake(503).in_connections(1..=2);
    let mock = MockServer::builder().faults(fault).start().await;
    let opened: Vec<bool> = (0..4).map(|_| mock.connect().is_ok()).collect();
    assert_eq!(opened, [true, false, false, true]);
    assert_eq!(mock.journal().faults(1).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_names_no_frame_happens_by_time() {
    let fault = Fault::disconnect().after(700 * MS);
    let paced = SessionOptions {
        pacing: Pacing {
            first: 400 * MS,
            text: 250 * MS,
            ..Pacing::REALISTIC
        },
        ..options()
    };
    let mut client = MockRealtimeClient::with_faults(paced, &fault.into());
    client.say("Hello");
    let mut seen = 0;
    while client.next_event().await.is_some() {
        seen += 1;
    }
    assert!(seen > 3, "{seen}");
    assert_eq!(client.closed().unwrap().code, None);
    let entries = client.journal().entries();
    let [.., fault, close] = &entries[..] else {
        panic!()
    };
    assert_eq!((&fault.frame, fault.at), (&Frame::Fault, 700 * MS));
    assert_eq!(close.at, 700 * MS);
}

#[tokio::test(start_paused = true)]
async fn late_drivers_change_nothing() {
    let run = |step: u64| async move {
        let fault = Fault::close(1012, "restart").after(700 * MS);
        let paced = SessionOptions {
            pacing: Pacing::REALISTIC,
            ..options()
        };
        let mut client = MockRealtimeClient::with_faults(paced, &fault.into());
        client.say("Hello");
        for _ in 0..3_000 / step {
            tokio::time::advance(Duration::from_millis(step)).await;
            while client.try_next_event().is_some() {}
            client.wait(Duration::ZERO).await;
        }
        let entries = client.journal().entries();
        entries
            .iter()
            .map(|entry| (entry.frame.name(), entry.lost))
            .collect::<Vec<_>>()
    };
    assert_eq!(run(10).await, run(1_000).await);
}

#[tokio::test(start_paused = true)]
async fn the_clock_may_be_put_forward_past_a_fault() {
    let fault = Fault::close(1012, "restart").after(Duration::from_secs(600));
    let mut client = MockRealtimeClient::with_faults(options(), &fault.into());
    client.control().advance(Duration::from_secs(1_000));
    while client.next_event().await.is_some() {}
    assert_eq!(client.closed().unwrap().code, Some(1012));
}

#[tokio::test(start_paused = true)]
async fn the_timeline_says_what_went_wrong() {
    let faults = Faults::new()
        .with(Fault::delay(50 * MS..=50 * MS).on(ServerEventKind::ResponseDone))
        .with(Fault::fail_response("server_error", "internal_error"));
    let mut client = MockRealtimeClient::with_faults(options(), &faults);
    client.say("Hello");
    client.recv_until::<ResponseDone>().await;
    let timeline = client.journal().timeline();
    for line in [
        "(fault)  ⚡ fail_response: the response fails: internal_error",
        "response.done  ⚡ delay: 50 ms late",
    ] {
        assert!(timeline.contains(line), "{timeline}");
    }
}
