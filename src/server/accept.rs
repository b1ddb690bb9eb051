//! From a port to the connections on it, and to the requests on them.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tracing::Instrument;

#[cfg(feature = "admin")]
use super::admin;
use super::shutdown::{Phase, Stopping};
use super::{Shared, probes, routes};

/// How long to wait before the next connection is accepted, when the machine has no room for one.
const NO_ROOM_PAUSE: Duration = Duration::from_millis(100);

/// A stream that a session can run on: TCP, TLS over it, or a pipe.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for S {}

/// Serves every connection to a port, for ever.
pub(super) async fn accept_all(
    listener: &TcpListener,
    shared: &Arc<Shared>,
    stopping: &Stopping,
    handshakes: &Arc<Semaphore>,
) {
    // Nobody closes the semaphore.
    while let Ok(handshake) = Arc::clone(handshakes).acquire_owned().await {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                if !is_of_the_client(&error) {
                    tokio::time::sleep(NO_ROOM_PAUSE).await;
                }
                continue;
            }
        };
        tracing::debug!(%peer, "connected");
        let accepted = Accepted {
            shared: Arc::clone(shared),
            peer,
            stopping: stopping.clone(),
        };
        let serving = async move {
            accepted.serve(stream).await;
            drop(handshake);
        };
        tokio::spawn(serving.instrument(tracing::info_span!("connection", %peer)));
    }
}

/// Whether one client is gone again, rather than the machine out of room.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// What a connection knows before it has said anything.
#[derive(Clone, Debug)]
pub(super) struct Accepted {
    pub(super) shared: Arc<Shared>,
    pub(super) peer: SocketAddr,
    pub(super) stopping: Stopping,
}

impl Accepted {
    /// Serves the connection until it is over or has become a session, in TLS if the server has it.
    async fn serve(self, stream: TcpStream) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.shared.options.tls {
            let limit = self.shared.options.limits.handshake;
            match tokio::time::timeout(limit, tls.accept(stream)).await {
                Ok(Ok(stream)) => self.serve_http(stream).await,
                Ok(Err(error)) => tracing::debug!(peer = %self.peer, %error, "no TLS"),
                Err(_) => tracing::debug!(peer = %self.peer, "the TLS handshake took too long"),
            }
            return;
        }
        self.serve_http(stream).await;
    }

    async fn answer<S: Stream>(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        #[cfg(feature = "admin")]
        let request = match admin::answer(request, self).await {
            Ok(answer) => return answer,
            Err(request) => request,
        };
        let answer = match probes::answer(&request, self) {
            Some(answer) => answer,
            None => routes::answer::<S>(request, &self.shared, &self.stopping).await,
        };
        answer.map(Full::from)
    }

    /// Answers the requests on a stream until it is over or has become a session.
    pub(super) async fn serve_http<S: Stream>(self, stream: S) {
        let limits = &self.shared.options.limits;
        let service = service_fn(|request| self.answer::<S>(request).map(Ok::<_, Infallible>));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.handshake)
            .max_header_size(limits.header)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut stopping = self.stopping.clone();
        tokio::select! {
            result = connection => if let Err(error) = result {
                tracing::debug!(peer = %self.peer, %error, "an HTTP connection broke");
            },
            // A connection that has not become a session holds nothing worth waiting for.
            () = stopping.reaches(Phase::Stopping) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::task::JoinHandle;
    use tokio::time::Instant;

    use super::*;
    use crate::faults::{Fault, Faults};
    use crate::server::shutdown::{self, Stopper};
    use crate::server::{Limits, ServerOptions};

    /// A connection to a server of its own, over a pipe.
    struct Connection {
        client: DuplexStream,
        served: JoinHandle<()>,
        stopper: Stopper,
    }

    fn connect(limits: Limits) -> Connection {
        connect_to(ServerOptions {
            limits,
            ..ServerOptions::default()
        })
    }

    fn connect_to(options: ServerOptions) -> Connection {
        let (stopper, stopping) = shutdown::serving();
        let accepted = Accepted {
            shared: Arc::new(Shared::new(options, None)),
            peer: SocketAddr::from(([127, 0, 0, 1], 1)),
            stopping,
        };
        let (client, server) = duplex(64 * 1024);
        Connection {
            client,
            served: tokio::spawn(accepted.serve_http(server)),
            stopper,
        }
    }

    /// Sends a request, and reads the answer to its end.
    async fn ask(connection: &mut Connection, request: &str) -> String {
        let client = &mut connection.client;
        // What is too much may be answered before it is read.
        let _ = client.write_all(request.as_bytes()).await;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        answer
    }

    fn get(path: &str) -> String {
        format!("GET {path} HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n\r\n")
    }

    #[tokio::test(start_paused = true)]
    async fn a_header_that_comes_byte_by_byte_has_to_be_whole_in_time() {
        let mut connection = connect(Limits::default());
        let began = Instant::now();
        let mut request = get("/healthz").into_bytes().into_iter().cycle();
        while !connection.served.is_finished() {
            let byte = [request.next().unwrap_or(b' ')];
            let _ = connection.client.write_all(&byte[..]).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let limit = Limits::default().handshake;
        assert!(began.elapsed() <= limit + Duration::from_secs(1));
        assert!(began.elapsed() >= limit);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_on_which_nothing_comes_is_closed_in_time() {
        let mut connection = connect(Limits::default());
        let began = Instant::now();
        let mut answer = Vec::new();
        connection.client.read_to_end(&mut answer).await.unwrap();
        assert_eq!(began.elapsed(), Limits::default().handshake);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_kept_for_more_requests_is_closed_in_time() {
        let mut connection = connect(Limits::default());
        let began = Instant::now();
        let request = "GET /healthz HTTP/1.1\r\nHost: mock\r\n\r\n";
        let answer = ask(&mut connection, request).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert_eq!(began.elapsed(), Limits::default().handshake);
    }

    #[tokio::test(start_paused = true)]
    async fn a_header_that_is_too_long_is_answered_with_431() {
        let limits = Limits {
            header: 1_000,
            ..Limits::default()
        };
        for length in [900, 1_000, 100_000] {
            let mut connection = connect(limits.clone());
            let long = format!("\r\nX-Long: {}\r\n\r\n", "x".repeat(length));
            let request = get("/healthz").replace("\r\n\r\n", &long);
            let answer = ask(&mut connection, &request).await;
            let status = if length < 950 { "200" } else { "431" };
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{answer}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_is_to_end_lives_but_is_not_ready() {
        for (phase, status) in [(Phase::Serving, "200"), (Phase::Draining, "503")] {
            let mut connection = connect(Limits::default());
            connection.stopper.enter(phase);
            let answer = ask(&mut connection, &get("/readyz")).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{answer}"
            );
            let mut connection = connect(Limits::default());
            connection.stopper.enter(phase);
            let answer = ask(&mut connection, &get("/healthz")).await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_handshake_is_answered_as_late_as_a_fault_asks_for() {
        let late = Duration::from_millis(300);
        let mut connection = connect_to(ServerOptions {
            faults: Arc::new(move || {
                let refused = Fault::refuse_handshake_with(429, [("retry-after", "7")]);
                Faults::from(Fault::slow_accept(late)).with(refused)
            }),
            ..ServerOptions::default()
        });
        let began = Instant::now();
        let request = "GET /v1/realtime?model=gpt-realtime HTTP/1.1\r\nHost: mock\r\n\
             Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        connection
            .client
            .write_all(request.as_bytes())
            .await
            .unwrap();
        let mut answer = vec![0; 1_000];
        let length = connection.client.read(&mut answer).await.unwrap();
        assert_eq!(began.elapsed(), late);
        let answer = String::from_utf8_lossy(&answer[..length]);
        assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
        for header in [
            "retry-after: 7\r\n",
            "x-ratelimit-remaining-requests: 0\r\n",
        ] {
            assert!(answer.contains(header), "{answer}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_is_asked_for_and_not_told() {
        let mut connection = connect(Limits::default());
        let request = get("/metrics").replace("GET", "POST");
        let answer = ask(&mut connection, &request).await;
        assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
        assert!(answer.contains("allow: GET, HEAD\r\n"), "{answer}");
    }
}
