//! Bytes from one side to the other, both ways.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};

use crate::expect::Direction;
use crate::server::shutdown::{Phase, Stopping};

use super::frames::{Frames, going_away};
use super::watcher::Watcher;

/// The most bytes that are on their way in one direction. What is more waits with its sender.
const BUFFER: usize = 16 * 1024;

/// How long the second side has to say the rest, once the first is gone.
const FAREWELL: Duration = Duration::from_secs(10);

/// How long both sides have to answer the close of a proxy that ends.
const LAST_ANSWER: Duration = Duration::from_secs(1);

/// Carries bytes until both sides are gone, or the proxy is to end: then it closes the session both ways.
pub(super) async fn run(
    client: impl AsyncRead + AsyncWrite,
    server: impl AsyncRead + AsyncWrite,
    watcher: Watcher,
    mut stopping: Stopping,
) {
    let watcher = Mutex::new(watcher);
    let (from_client, to_client) = split(client);
    let (from_server, to_server) = split(server);
    let way = |by| Way {
        by,
        watcher: &watcher,
        stopping: stopping.clone(),
        frames: Frames::default(),
    };
    let mut upward = Box::pin(way(Direction::Client).carry(from_client, to_server));
    let mut downward = Box::pin(way(Direction::Server).carry(from_server, to_client));
    let first = tokio::select! {
        biased;
        () = stopping.reaches(Phase::Stopping) => None,
        result = &mut upward => Some((Direction::Client, result)),
        result = &mut downward => Some((Direction::Server, result)),
    };
    if let Some((by, result)) = &first {
        if let Err(error) = result {
            tracing::debug!(%error, side = by.as_str(), "a connection broke");
        }
        // What the other side has said, its close among it, is still to arrive.
        let rest = async {
            match by {
                Direction::Client => downward.await,
                Direction::Server => upward.await,
            }
        };
        tokio::select! {
            result = tokio::time::timeout(FAREWELL, rest) => {
                tracing::debug!(?result, "both sides are gone");
            }
            () = stopping.reaches(Phase::Stopping) => {}
        }
    } else {
        let both = async { tokio::join!(upward, downward) };
        let result = tokio::time::timeout(LAST_ANSWER, both).await;
        tracing::debug!(?result, "both sides were told that the proxy ends");
    }
    let watcher = watcher.into_inner().unwrap_or_else(PoisonError::into_inner);
    watcher.finish(first.map(|(by, _)| by));
}

/// The way from one side to the other.
struct Way<'a> {
    by: Direction,
    watcher: &'a Mutex<Watcher>,
    stopping: Stopping,
    frames: Frames,
}

impl Way<'_> {
    /// Carries bytes from a side until it says no more, or the proxy ends.
    async fn carry(
        mut self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
    ) -> io::Result<()> {
        let mut buffer = vec![0; BUFFER];
        loop {
            let read = tokio::select! {
                biased;
                // A frame that has begun comes to its end first.
                () = self.stopping.reaches(Phase::Stopping), if self.frames.is_between() => {
                    return self.close(from, to, &mut buffer).await;
                }
                read = from.read(&mut buffer) => read,
            };
            let length = match read {
                Ok(0) => return to.shutdown().await,
                Ok(length) => length,
                Err(error) => {
                    // Whoever is gone without a word is gone for the other side, too.
                    to.shutdown().await?;
                    return Err(error);
                }
            };
            let bytes = &buffer[..length];
            watch(self.watcher, self.by, bytes);
            self.frames.take(bytes);
            to.write_all(bytes).await?;
            to.flush().await?;
        }
    }

    /// Closes the session in the name of the side that bytes come from, and reads that side until it
    /// has closed as well: what is left unread would take the close with it.
    async fn close(
        mut self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
        buffer: &mut [u8],
    ) -> io::Result<()> {
        if !self.frames.has_closed() {
            to.write_all(&going_away(self.by)).await?;
            to.flush().await?;
        }
        while !self.frames.has_closed() {
            match from.read(buffer).await? {
                0 => break,
                length => self.frames.take(&buffer[..length]),
            }
        }
        to.shutdown().await
    }
}

fn watch(watcher: &Mutex<Watcher>, by: Direction, bytes: &[u8]) {
    let mut watcher = watcher.lock().unwrap_or_else(PoisonError::into_inner);
    watcher.take(by, bytes);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicU64;

    use tokio::io::{DuplexStream, duplex};
    use tokio::task::JoinHandle;
    use tokio::time::Instant;

    use super::*;
    use crate::proxy::{ProxyOptions, Shared, Upstream};
    use crate::server::shutdown::{self, Stopper};

    /// How much each pipe holds.
    const PIPE: usize = 1024;

    struct Carried {
        client: DuplexStream,
        server: DuplexStream,
        stopper: Stopper,
        running: JoinHandle<()>,
        shared: Arc<Shared>,
    }

    fn carried() -> Carried {
        let options = ProxyOptions {
            check: true,
            ..ProxyOptions::to(Upstream::new("ws://mock").unwrap())
        };
        let shared = Arc::new(Shared {
            options,
            sessions: AtomicU64::new(0),
            summary: Mutex::default(),
        });
        let watcher = Watcher::new(Arc::clone(&shared), None, false);
        let (client, client_end) = duplex(PIPE);
        let (server, server_end) = duplex(PIPE);
        let (stopper, stopping) = shutdown::serving();
        let running = tokio::spawn(run(client_end, server_end, watcher, stopping));
        Carried {
            client,
            server,
            stopper,
            running,
            shared,
        }
    }

    /// How many bytes can be written before everything stands still.
    async fn fill(to: &mut (impl AsyncWrite + Unpin)) -> usize {
        let mut written = 0;
        // A frame of this length in the form of each side; the bytes after its head are its payload.
        let head = [0x82, 0x7f, 0, 0, 0, 0, 0x10, 0, 0, 0];
        let mut chunk: &[u8] = &head;
        // Time stands still too, until nothing else can go on.
        while let Ok(length) = tokio::time::timeout(Duration::from_secs(1), to.write(chunk)).await {
            written += length.unwrap();
            chunk = &[0; 700];
        }
        written
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_holds_up_who_writes() {
        let mut carried = carried();
        let room = 2 * PIPE + BUFFER;
        let from_server = fill(&mut carried.server).await;
        assert!((PIPE..=room).contains(&from_server), "{from_server}");
        let from_client = fill(&mut carried.client).await;
        assert!((PIPE..=room).contains(&from_client), "{from_client}");
        // What was held up arrives once it is read.
        let mut first = vec![0; from_server];
        carried.client.read_exact(&mut first).await.unwrap();
        assert!(fill(&mut carried.server).await > 0);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_gone_is_gone_for_the_other_side() {
        let Carried {
            client,
            mut server,
            running,
            stopper: _serving,
            ..
        } = carried();
        drop(client);
        let mut rest = Vec::new();
        server.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"");
        drop(server);
        running.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_side_that_stays_is_left_in_time() {
        let Carried {
            client,
            mut server,
            running,
            stopper: _serving,
            ..
        } = carried();
        let began = Instant::now();
        drop(server.shutdown().await);
        running.await.unwrap();
        assert_eq!(began.elapsed(), FAREWELL);
        drop((client, server));
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_the_proxy_is_the_end_of_sessions() {
        let Carried {
            mut client,
            server: _silent,
            stopper,
            running,
            shared,
            ..
        } = carried();
        let began = Instant::now();
        stopper.enter(Phase::Stopping);
        running.await.unwrap();
        stopper.all_gone().await;
        // Nobody has answered.
        assert_eq!(began.elapsed(), LAST_ANSWER);
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, going_away(Direction::Server));
        assert_eq!(shared.summary.lock().unwrap().incomplete, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_frame_that_has_begun_ends_before_the_close_of_the_proxy() {
        let Carried {
            mut client,
            mut server,
            stopper,
            running,
            ..
        } = carried();
        let began = Instant::now();
        let (half, rest) = (&[0x82, 4, 1, 2], &[3, 4]);
        server.write_all(half).await.unwrap();
        let mut heard = vec![0; half.len()];
        client.read_exact(&mut heard).await.unwrap();
        stopper.enter(Phase::Stopping);
        let close = going_away(Direction::Client);
        let mut told = vec![0; close.len()];
        server.read_exact(&mut told).await.unwrap();
        assert_eq!(told, close);
        server.write_all(rest).await.unwrap();
        let expected = [&rest[..], &going_away(Direction::Server)].concat();
        let mut heard = vec![0; expected.len()];
        client.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, expected);
        // Once both have answered nobody is waited for.
        client.write_all(&close).await.unwrap();
        let answer = going_away(Direction::Server);
        server.write_all(&answer).await.unwrap();
        running.await.unwrap();
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
