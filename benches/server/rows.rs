//! What is measured, row by row.

use std::env;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::process::Process;
use crate::recording::Recording;
use crate::table::{Bar, Row, Unit, microseconds_each};
use crate::traffic::{self, Ask};

/// How much is done.
pub(crate) struct Scale {
    clients: usize,
    text_turns: usize,
    paced_turns: usize,
    appends: usize,
    connections: usize,
    idle: usize,
    starts: usize,
    crowd: usize,
    /// Of all rounds, that with the least cost counts: nothing makes a server faster than it is.
    rounds: usize,
    /// Whether the numbers are large enough to say something.
    judged: bool,
}

pub(crate) const FULL: Scale = Scale {
    clients: 50,
    text_turns: 100,
    paced_turns: 10,
    appends: 400,
    connections: 3_000,
    idle: 2_000,
    starts: 20,
    crowd: 10_000,
    rounds: 3,
    judged: true,
};

pub(crate) const SMALL: Scale = Scale {
    clients: 2,
    text_turns: 1,
    paced_turns: 1,
    appends: 5,
    connections: 5,
    idle: 5,
    starts: 1,
    crowd: 20,
    rounds: 1,
    judged: false,
};

/// Clients that connect at a time. More would wait for the listener's queue.
const AT_A_TIME: usize = 64;

/// Starts the mock.
pub(crate) fn mock() -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mock-realtime"));
    Process::start(command.args(["serve", traffic::SCENARIO, "--port", "0"]))
}

/// What the server that only writes is to write.
struct Floor {
    recording: NamedTempFile,
}

impl Floor {
    fn start(&self) -> Process {
        let mut command = Command::new(env::current_exe().unwrap());
        Process::start(command.arg("floor").arg(self.recording.path()))
    }
}

/// Measures all rows, or those that `only` names; says whether all bars are held.
pub(crate) async fn measure(scale: &Scale, only: Option<&str>) -> bool {
    let most = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let recording = Recording::of(&mock()).await;
    let floor = Floor {
        recording: recording.saved(),
    };
    print!("{}", Row::heading());
    let mut all_held = true;
    let mut tell = |row: Row| {
        if scale.judged {
            println!("{row} {}", if row.is_held() { "held" } else { "MISSED" });
        } else {
            println!("{row}");
        }
        all_held &= row.is_held();
    };
    let wanted = |name: &str| only.is_none_or(|only| name.contains(only));
    if wanted("text") {
        tell(turns(&floor, scale, &TEXT).await);
    }
    if wanted("paced") {
        tell(turns(&floor, scale, &PACED).await);
    }
    if wanted("append") {
        tell(appends(&floor, scale).await);
    }
    if wanted("idle") {
        tell(idle_session(&floor, scale).await);
    }
    if wanted("connect") {
        tell(connections(&floor, scale).await);
    }
    if wanted("start") {
        tell(start(&floor, scale).await);
    }
    if wanted("crowd") {
        assert!(
            most > scale.crowd as u64 + 100,
            "{} sessions need as many open files; the system allows {most}",
            scale.crowd
        );
        tell(crowd(scale).await);
    }
    all_held
}

/// A turn that is held again and again.
struct Turn {
    what: &'static str,
    ask: Ask,
    times: fn(&Scale) -> usize,
    bar: f64,
}

const TEXT: Turn = Turn {
    what: "CPU an event, text turn, at once",
    ask: Ask::TEXT_TURN,
    times: |scale| scale.text_turns,
    bar: 3.0,
};

const PACED: Turn = Turn {
    what: "CPU an event, text turn, paced: a write each",
    ask: Ask::PACED_TURN,
    times: |scale| scale.paced_turns,
    bar: 1.3,
};

async fn turns(floor: &Floor, scale: &Scale, turn: &Turn) -> Row {
    let (ask, times) = (turn.ask, (turn.times)(scale));
    let cost = async |server: &Process| {
        let clients = warm(server, scale.clients).await;
        let before = server.cpu();
        let events = with_all(clients, move |mut client| async move {
            let mut events = 0;
            for _ in 0..times {
                events += client.count(ask).await.unwrap();
            }
            events
        });
        let events: usize = events.await.into_iter().sum();
        microseconds_each(server.cpu().saturating_sub(before), events)
    };
    Row {
        what: turn.what,
        unit: Unit::Microseconds,
        mock: least(scale.rounds, async || cost(&mock()).await).await,
        floor: Some(least(scale.rounds, async || cost(&floor.start()).await).await),
        bar: Bar::TimesTheFloor(turn.bar),
    }
}

async fn appends(floor: &Floor, scale: &Scale) -> Row {
    let append = traffic::quiet_append();
    let times = scale.appends;
    let cost = async |server: &Process| {
        let clients = warm(server, scale.clients).await;
        let before = server.cpu();
        let append = &append;
        with_all(clients, move |mut client| {
            let append = append.clone();
            async move {
                for _ in 0..times {
                    client.send(&[&append]).await.unwrap();
                }
                let answer = client.count(Ask::CLEAR).await.unwrap();
                assert_eq!(answer, 1, "nobody has spoken");
            }
        })
        .await;
        let cpu = server.cpu().saturating_sub(before);
        microseconds_each(cpu, times * scale.clients)
    };
    Row {
        what: "CPU an append of 100 ms; the mock decodes and listens",
        unit: Unit::Microseconds,
        mock: least(scale.rounds, async || cost(&mock()).await).await,
        floor: Some(least(scale.rounds, async || cost(&floor.start()).await).await),
        bar: Bar::TimesTheFloor(3.0),
    }
}

async fn idle_session(floor: &Floor, scale: &Scale) -> Row {
    let cost = async |server: &Process| {
        let first = connected(server, scale.idle / 10 + 1).await;
        let before = server.memory();
        let clients = connected(server, scale.idle).await;
        let grown = server.memory().saturating_sub(before);
        drop((first, clients));
        #[expect(clippy::cast_precision_loss, reason = "a measurement")]
        let each = grown as f64 / scale.idle as f64;
        each / 1024.0
    };
    Row {
        what: "memory of an idle session",
        unit: Unit::Kibibytes,
        mock: cost(&mock()).await,
        floor: Some(cost(&floor.start()).await),
        bar: Bar::AtMost(10.0),
    }
}

async fn connections(floor: &Floor, scale: &Scale) -> Row {
    let each = scale.connections / scale.clients.min(AT_A_TIME);
    let cost = async |server: &Process| {
        drop(connected(server, AT_A_TIME).await);
        let address = server.address;
        let before = server.cpu();
        let mut tasks = JoinSet::new();
        for _ in 0..scale.clients.min(AT_A_TIME) {
            tasks.spawn(async move {
                for _ in 0..each {
                    let client = Client::connect(address).await.unwrap();
                    client.close().await.unwrap();
                }
                each
            });
        }
        let connections = tasks.join_all().await.into_iter().sum();
        microseconds_each(server.cpu().saturating_sub(before), connections)
    };
    Row {
        what: "CPU of connect, session.created, close",
        unit: Unit::Microseconds,
        mock: least(scale.rounds, async || cost(&mock()).await).await,
        floor: Some(least(scale.rounds, async || cost(&floor.start()).await).await),
        bar: Bar::TimesTheFloor(2.0),
    }
}

/// By the clock: how long who starts the server has to wait.
async fn start(floor: &Floor, scale: &Scale) -> Row {
    let cost = async |start: &dyn Fn() -> Process| {
        let server = start();
        let connecting = Instant::now();
        TcpStream::connect(server.address).await.unwrap();
        1e3 * (server.started_in + connecting.elapsed()).as_secs_f64()
    };
    Row {
        what: "from the start to the first connection",
        unit: Unit::Milliseconds,
        mock: least(scale.starts, async || cost(&|| mock()).await).await,
        floor: Some(least(scale.starts, async || cost(&|| floor.start()).await).await),
        bar: Bar::AtMost(10.0),
    }
}

/// All sessions are open at the same time, and each is asked for a turn in writing and one in speech.
async fn crowd(scale: &Scale) -> Row {
    let server = mock();
    let start = Instant::now();
    let clients = connected(&server, scale.crowd).await;
    let (connecting, idle) = (start.elapsed(), server.memory());
    let start = Instant::now();
    let talked = with_all(clients, |mut client| async move {
        for ask in [Ask::TEXT_TURN, Ask::AUDIO_TURN] {
            client.count(ask).await?;
        }
        Ok::<_, tokio_tungstenite::tungstenite::Error>(client)
    })
    .await;
    let talking = start.elapsed();
    let sessions = talked.iter().filter(|client| client.is_ok()).count();
    println!(
        "  {sessions} sessions, connected in {:.1} s and {} MiB, two turns each in {:.1} s and {} MiB",
        connecting.as_secs_f64(),
        idle >> 20,
        talking.as_secs_f64(),
        server.memory() >> 20,
    );
    #[expect(clippy::cast_precision_loss, reason = "a measurement")]
    let (mock, all) = (sessions as f64, scale.crowd as f64);
    Row {
        what: "crowd: sessions at once, a text and an audio turn each",
        unit: Unit::Sessions,
        mock,
        floor: None,
        bar: Bar::AtLeast(all),
    }
}

/// The least of what this gives so many times.
async fn least(rounds: usize, mut cost: impl AsyncFnMut() -> f64) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..rounds {
        least = least.min(cost().await);
    }
    least
}

async fn connected(server: &Process, clients: usize) -> Vec<Client> {
    let address = server.address;
    let mut open = Vec::with_capacity(clients);
    while open.len() < clients {
        let mut tasks = JoinSet::new();
        for _ in 0..AT_A_TIME.min(clients - open.len()) {
            tasks.spawn(async move { Client::connect(address).await.unwrap() });
        }
        open.extend(tasks.join_all().await);
    }
    open
}

/// Clients that have been answered once, and a server that has stopped working for it.
async fn warm(server: &Process, clients: usize) -> Vec<Client> {
    let clients = connected(server, clients).await;
    let clients = with_all(clients, |mut client| async move {
        client.count(Ask::TEXT_TURN).await.unwrap();
        client
    });
    let clients = clients.await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    clients
}

/// Lets all clients do this at the same time.
async fn with_all<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    clients: Vec<Client>,
    work: impl Fn(Client) -> F,
) -> Vec<T> {
    let mut tasks = JoinSet::new();
    for client in clients {
        tasks.spawn(work(client));
    }
    tasks.join_all().await
}
