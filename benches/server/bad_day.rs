//! Many conversations with a server on which everything goes wrong now and then. Each session has to
//! end as the faults explain that the server tells of it, and no other way.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use mock_realtime::protocol::realtime::{ResponseStatus, ServerEvent, ServerEventKind};
use mock_realtime::protocol::{EventKind, decode};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::process::Process;
use crate::soak::{LOOKS, is_flat, to_mebibytes};
use crate::traffic::{self, Ask, type_of};

/// How long a client waits for the end of a turn. Whole machines are slower than any fault.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long the server's log may be behind.
const LOG: Duration = Duration::from_secs(10);

const STORY: &[&str] = &[
    r#"{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"Tell me a story"}]}}"#,
    r#"{"type":"response.create","response":{"output_modalities":["text"]}}"#,
];

/// How a session went, as its client saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// All was said, and the client said goodbye.
    Finished,
    /// There was no session.
    Refused,
    /// The server closed, or the connection broke.
    Ended,
    /// A turn did not come to its end.
    Silent,
}

/// What a client saw besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sight {
    Error,
    NoEvent,
    Unfinished,
}

/// Kinds of faults that explain how a session went; none of them, nothing else.
fn explained(fate: Fate) -> &'static [&'static str] {
    match fate {
        Fate::Finished => &[],
        Fate::Refused => &["refuse_handshake"],
        Fate::Ended => &["disconnect", "service_error"],
        Fate::Silent => &[
            "drop",
            "truncate",
            "malform",
            "break_schema",
            "stuck_response",
            "service_error",
            "reorder",
        ],
    }
}

/// The same for what a client saw.
fn explains(sight: Sight) -> &'static [&'static str] {
    match sight {
        Sight::Error => &[
            "service_error",
            "fail_response",
            "stuck_response",
            "reorder",
            "duplicate",
            "delay",
        ],
        Sight::NoEvent => &["truncate", "malform", "break_schema", "unknown_event"],
        Sight::Unfinished => &["fail_response", "incomplete_response"],
    }
}

/// The faults of each connection, by the client's port.
type Told = Arc<Mutex<HashMap<u16, Vec<String>>>>;

#[derive(Default)]
struct Tally {
    fates: BTreeMap<Fate, usize>,
    sights: BTreeMap<Sight, usize>,
    faults: BTreeMap<String, usize>,
    unexplained: usize,
}

/// Holds conversations; says whether memory stayed flat and the faults explain every end.
pub(crate) async fn run(time: Duration, sessions: usize, pause: Duration) -> bool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mock-realtime"));
    command
        .args([
            "serve",
            "--port",
            "0",
            "--preset",
            "bad-day",
            "--log-format",
            "json",
            "--log",
        ])
        .arg("warn,mock_realtime::server=info,mock_realtime::faults=info")
        .stderr(Stdio::piped());
    let mut server = Process::start(&mut command);
    let told = Told::default();
    let errors = server.errors().expect("it is piped");
    let listening = Arc::clone(&told);
    std::thread::spawn(move || listen(errors, &listening));
    let tally = Arc::new(Mutex::new(Tally::default()));
    let end = Instant::now() + time;
    let spoken = Arc::new(traffic::spoken_turn());
    let mut tasks = JoinSet::new();
    for seed in 0..sessions as u64 {
        let caller = Caller {
            address: server.address,
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            spoken: Arc::clone(&spoken),
            told: Arc::clone(&told),
            tally: Arc::clone(&tally),
            pause,
        };
        tasks.spawn(caller.call_until(end));
    }
    println!(
        "a bad day: {sessions} conversations at a time, for {:.1} minutes",
        time.as_secs_f64() / 60.0
    );
    let memory = watch(&server, &tally, time).await;
    tasks.join_all().await;
    let tally = tally.lock().unwrap();
    let flat = is_flat(&memory);
    println!("ends: {:?}", tally.fates);
    println!("seen: {:?}", tally.sights);
    println!("faults: {:?}", tally.faults);
    println!(
        "sessions whose end no fault explains: {}",
        tally.unexplained
    );
    flat && tally.unexplained == 0
}

/// Takes down what the server tells.
fn listen(errors: ChildStderr, told: &Told) {
    for line in BufReader::new(errors).lines().map_while(Result::ok) {
        let Ok(line) = serde_json::from_str::<Value>(&line) else {
            println!("  {line}");
            continue;
        };
        let mut peer = line["spans"].as_array().into_iter().flatten();
        let peer = peer.find_map(|span| span["peer"].as_str());
        let port = peer
            .and_then(|peer| peer.parse::<SocketAddr>().ok())
            .map(|peer| peer.port());
        if let (Some(fault), Some(port)) = (line["fault"].as_str(), port) {
            let mut told = told.lock().unwrap();
            told.entry(port).or_default().push(fault.to_owned());
        }
    }
}

async fn watch(server: &Process, tally: &Mutex<Tally>, time: Duration) -> Vec<u64> {
    let start = Instant::now();
    let mut memory = Vec::new();
    for look in 1..=LOOKS {
        tokio::time::sleep_until((start + time * look / LOOKS).into()).await;
        memory.push(server.memory());
        let tally = tally.lock().unwrap();
        println!(
            "  {:>6.1} min {:>6.1} MiB  {:?}  unexplained: {}",
            start.elapsed().as_secs_f64() / 60.0,
            memory.last().map_or(0.0, |bytes| to_mebibytes(*bytes)),
            tally.fates,
            tally.unexplained
        );
    }
    memory
}

/// Who calls again and again.
struct Caller {
    address: SocketAddr,
    random: Xoshiro256PlusPlus,
    spoken: Arc<Vec<String>>,
    told: Told,
    tally: Arc<Mutex<Tally>>,
    /// How long the caller thinks between two turns.
    pause: Duration,
}

impl Caller {
    async fn call_until(mut self, end: Instant) {
        while Instant::now() < end {
            let Ok(stream) = TcpStream::connect(self.address).await else {
                continue;
            };
            let port = stream.local_addr().unwrap().port();
            // Of a session before that had the same port.
            self.told.lock().unwrap().remove(&port);
            let mut sights = Vec::new();
            let fate = self.call(stream, &mut sights).await;
            self.judge(port, fate, &sights).await;
        }
    }

    /// A conversation of a few turns.
    async fn call(&mut self, stream: TcpStream, sights: &mut Vec<Sight>) -> Fate {
        let url = format!("ws://{}/v1/realtime?model=gpt-realtime", self.address);
        let request = ClientRequestBuilder::new(url.parse().unwrap())
            .with_header("authorization", "Bearer sk-load");
        let mut socket = match client_async(request, stream).await {
            Ok((socket, _)) => socket,
            Err(Error::Http(_)) => return Fate::Refused,
            Err(_) => return Fate::Ended,
        };
        for _ in 0..=self.random.next_u64() % 4 {
            let asked = match self.random.next_u64() % 3 {
                0 => send(&mut socket, STORY).await,
                1 => send(&mut socket, Ask::AUDIO_TURN.frames).await,
                _ => send(&mut socket, &self.spoken).await,
            };
            if asked.is_err() {
                return Fate::Ended;
            }
            match tokio::time::timeout(PATIENCE, turn(&mut socket, sights)).await {
                Ok(Ok(())) => {}
                Ok(Err(())) => return Fate::Ended,
                Err(_) => return Fate::Silent,
            }
            // Half as long as asked for at least, and half as long again at most.
            let part = Duration::from_millis(500 + self.random.next_u64() % 1_000);
            tokio::time::sleep(part.mul_f64(self.pause.as_secs_f64())).await;
        }
        // However the connection ends now, the client has asked for it.
        let goodbye = async {
            let _ = socket.close(None).await;
            while let Some(Ok(_)) = socket.next().await {}
        };
        match tokio::time::timeout(PATIENCE, goodbye).await {
            Ok(()) => Fate::Finished,
            Err(_) => Fate::Silent,
        }
    }

    /// Whether what the server tells explains what was seen. Its log may come later.
    async fn judge(&self, port: u16, fate: Fate, sights: &[Sight]) {
        let needed: Vec<&[&str]> = [explained(fate)]
            .into_iter()
            .chain(sights.iter().map(|sight| explains(*sight)))
            .filter(|kinds| !kinds.is_empty())
            .collect();
        let start = Instant::now();
        let (faults, is_explained) = loop {
            let faults = self
                .told
                .lock()
                .unwrap()
                .get(&port)
                .cloned()
                .unwrap_or_default();
            let has = |kinds: &&[&str]| faults.iter().any(|fault| kinds.contains(&fault.as_str()));
            let is_explained = needed.iter().all(has);
            if is_explained || start.elapsed() > LOG {
                break (faults, is_explained);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        self.told.lock().unwrap().remove(&port);
        let mut tally = self.tally.lock().unwrap();
        *tally.fates.entry(fate).or_default() += 1;
        for sight in sights {
            *tally.sights.entry(*sight).or_default() += 1;
        }
        for fault in &faults {
            *tally.faults.entry(fault.clone()).or_default() += 1;
        }
        if !is_explained {
            tally.unexplained += 1;
            if tally.unexplained <= 20 {
                println!("  unexplained: {fate:?} {sights:?} with {faults:?}");
            }
        }
    }
}

type Socket = WebSocketStream<TcpStream>;

async fn send(socket: &mut Socket, frames: &[impl AsRef<str>]) -> Result<(), Error> {
    for frame in frames {
        socket.feed(Message::text(frame.as_ref())).await?;
    }
    socket.flush().await
}

/// Reads to the end of a turn.
async fn turn(socket: &mut Socket, sights: &mut Vec<Sight>) -> Result<(), ()> {
    loop {
        let text = match socket.next().await {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(()),
            Some(Ok(_)) => continue,
        };
        match decode::<ServerEvent>(&text) {
            Err(_) => sights.push(Sight::NoEvent),
            Ok(ServerEvent::Error(_)) => {
                sights.push(Sight::Error);
                // What was asked for may not be coming.
                return Ok(());
            }
            Ok(ServerEvent::ResponseDone(done)) => {
                let status = done.response.status;
                if let Some(ResponseStatus::Failed | ResponseStatus::Incomplete) = status {
                    sights.push(Sight::Unfinished);
                }
                return Ok(());
            }
            Ok(_) => {}
        }
        if type_of(&text) == Some(ServerEventKind::ResponseDone.as_str()) {
            // One that is wrong ends the turn as well.
            return Ok(());
        }
    }
}
