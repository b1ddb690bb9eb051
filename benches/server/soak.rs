//! Many conversations for a long time: turns, audio, cancels and connections that break.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error;

use crate::client::Client;
use crate::process::Process;
use crate::rows::mock;
use crate::traffic::{self, Ask};

/// Nothing takes a server that long.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often memory is looked at.
pub(crate) const LOOKS: u32 = 20;

/// What memory may grow by from the second quarter to the last, in bytes and as a part of it.
/// Allocators give back what they please.
const SLACK: u64 = 4 << 20;
const GROWTH: f64 = 1.1;

#[derive(Default)]
struct Tally {
    text: AtomicUsize,
    audio: AtomicUsize,
    cancelled: AtomicUsize,
    broken_off: AtomicUsize,
    closed: AtomicUsize,
    lost: AtomicUsize,
}

impl Tally {
    fn lose(&self, why: &str) {
        if self.lost.fetch_add(1, Ordering::Relaxed) < 10 {
            println!("  lost a session: {why}");
        }
    }
}

/// Holds conversations; says whether memory stayed flat and no session was lost.
pub(crate) async fn run(time: Duration, sessions: usize) -> bool {
    let server = mock();
    let tally = Arc::new(Tally::default());
    let end = Instant::now() + time;
    let spoken = Arc::new(traffic::spoken_turn());
    let mut tasks = JoinSet::new();
    for seed in 0..sessions as u64 {
        let caller = Caller {
            address: server.address,
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            spoken: Arc::clone(&spoken),
            tally: Arc::clone(&tally),
        };
        tasks.spawn(caller.call_until(end));
    }
    println!(
        "{sessions} conversations at a time, for {:.1} minutes",
        time.as_secs_f64() / 60.0
    );
    let memory = watch(&server, &tally, time).await;
    tasks.join_all().await;
    judge(&memory, &tally)
}

/// Looks at the server while it works.
async fn watch(server: &Process, tally: &Tally, time: Duration) -> Vec<u64> {
    println!("  minute   memory   text turns  audio turns  cancelled  broken off  closed  lost");
    let start = Instant::now();
    let mut memory = Vec::new();
    for look in 1..=LOOKS {
        tokio::time::sleep_until((start + time * look / LOOKS).into()).await;
        memory.push(server.memory());
        let [text, audio, cancelled, broken_off, closed, lost] = [
            &tally.text,
            &tally.audio,
            &tally.cancelled,
            &tally.broken_off,
            &tally.closed,
            &tally.lost,
        ]
        .map(|count| count.load(Ordering::Relaxed));
        println!(
            "  {:>6.1} {:>4.1} MiB {text:>12} {audio:>12} {cancelled:>10} {broken_off:>11} {closed:>7} {lost:>5}",
            start.elapsed().as_secs_f64() / 60.0,
            memory.last().map_or(0.0, |bytes| to_mebibytes(*bytes)),
        );
    }
    memory
}

fn judge(memory: &[u64], tally: &Tally) -> bool {
    let lost = tally.lost.load(Ordering::Relaxed);
    println!("sessions lost: {lost}");
    is_flat(memory) && lost == 0
}

/// Whether memory stayed as it was, as looked at from the beginning to the end.
pub(crate) fn is_flat(memory: &[u64]) -> bool {
    let quarter = memory.len() / 4;
    let most = |part: &[u64]| part.iter().copied().max().unwrap_or(0);
    let (early, late) = (
        most(&memory[quarter..2 * quarter]),
        most(&memory[3 * quarter..]),
    );
    let flat = to_mebibytes(late) <= to_mebibytes(early) * GROWTH + to_mebibytes(SLACK);
    println!(
        "memory: {:.1} MiB at most in the second quarter, {:.1} MiB in the last: {}",
        to_mebibytes(early),
        to_mebibytes(late),
        if flat { "flat" } else { "GROWING" }
    );
    flat
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
pub(crate) fn to_mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Who calls again and again.
struct Caller {
    address: std::net::SocketAddr,
    random: Xoshiro256PlusPlus,
    spoken: Arc<Vec<String>>,
    tally: Arc<Tally>,
}

impl Caller {
    async fn call_until(mut self, end: Instant) {
        while Instant::now() < end {
            match timeout(PATIENCE, self.call()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => self.tally.lose(&error.to_string()),
                Err(_) => self.tally.lose("nothing came any more"),
            }
        }
    }

    /// A conversation of a few turns, which is closed or breaks off.
    async fn call(&mut self) -> Result<(), Error> {
        let mut client = Client::connect(self.address).await?;
        for _ in 0..=self.random.next_u64() % 4 {
            match self.random.next_u64() % 4 {
                0 => {
                    client.count(Ask::TEXT_TURN).await?;
                    count(&self.tally.text);
                }
                1 => {
                    client.count(Ask::AUDIO_TURN).await?;
                    count(&self.tally.audio);
                }
                2 => {
                    client.send(&self.spoken).await?;
                    client.until("rate_limits.updated").await?;
                    count(&self.tally.audio);
                }
                _ => {
                    client.send(Ask::LONG_TURN.frames).await?;
                    client.until("response.output_text.delta").await?;
                    client.send(&[traffic::CANCEL]).await?;
                    client.until("rate_limits.updated").await?;
                    count(&self.tally.cancelled);
                }
            }
        }
        if self.random.next_u64().is_multiple_of(4) {
            client.send(Ask::LONG_TURN.frames).await?;
            client.until("response.output_text.delta").await?;
            client.break_off();
            count(&self.tally.broken_off);
        } else {
            client.close().await?;
            count(&self.tally.closed);
        }
        Ok(())
    }
}

fn count(of: &AtomicUsize) {
    of.fetch_add(1, Ordering::Relaxed);
}
