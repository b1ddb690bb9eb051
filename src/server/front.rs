//! A port, and the requests that come in on it, for those who answer them in their own way.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};

use super::accept::Stream;
use super::shutdown::{self, Phase, Stopping};
use super::{Limits, Tls, reachable};

/// How long to wait before the next connection is accepted, when the machine has no room for one.
const NO_ROOM_PAUSE: Duration = Duration::from_millis(100);

/// Who answers requests.
pub(crate) trait Handler: Send + Sync + 'static {
    /// What answers have in them.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static;

    /// Answers a request. What becomes of an upgraded connection holds `stopping` until it is over.
    fn answer(
        self: &Arc<Self>,
        request: Request<Incoming>,
        stopping: &Stopping,
    ) -> impl Future<Output = Response<Self::Body>> + Send;
}

/// A port that is listened on.
#[derive(Debug)]
pub(crate) struct Front {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
}

impl Front {
    pub(crate) async fn bind(address: impl ToSocketAddrs, tls: Option<Tls>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self {
            listener,
            address,
            tls,
        })
    }

    /// The address of what lies under this path.
    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        format!("{scheme}://{}{path}", reachable(self.address))
    }

    /// Has each request answered until `shutdown` is ready, and returns when the last connection is
    /// gone.
    pub(crate) async fn run<H: Handler>(self, handler: Arc<H>, shutdown: impl Future<Output = ()>) {
        let (stopper, stopping) = shutdown::serving();
        tokio::select! {
            () = self.accept_all(&handler, &stopping) => {}
            () = shutdown => {}
        }
        drop(self.listener);
        drop(stopping);
        stopper.enter(Phase::Stopping);
        stopper.all_gone().await;
    }

    async fn accept_all<H: Handler>(&self, handler: &Arc<H>, stopping: &Stopping) {
        loop {
            let (stream, peer) = match self.listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(NO_ROOM_PAUSE).await;
                    continue;
                }
            };
            tracing::debug!(%peer, "connected");
            let (handler, stopping) = (Arc::clone(handler), stopping.clone());
            tokio::spawn(serve(stream, self.tls.clone(), handler, stopping));
        }
    }
}

/// Serves a connection until it is over or has become something else, in TLS if there is any.
async fn serve<H: Handler>(
    stream: TcpStream,
    tls: Option<Tls>,
    handler: Arc<H>,
    stopping: Stopping,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let Some(tls) = tls else {
        return serve_http(stream, &handler, stopping).await;
    };
    let limit = Limits::default().handshake;
    match tokio::time::timeout(limit, tls.accept(stream)).await {
        Ok(Ok(stream)) => serve_http(stream, &handler, stopping).await,
        Ok(Err(error)) => tracing::debug!(%error, "no TLS"),
        Err(_) => tracing::debug!("the TLS handshake took too long"),
    }
}

async fn serve_http<S: Stream, H: Handler>(stream: S, handler: &Arc<H>, mut stopping: Stopping) {
    let limits = Limits::default();
    let for_requests = stopping.clone();
    let service = service_fn(|request| {
        let stopping = &for_requests;
        async move { Ok::<_, Infallible>(handler.answer(request, stopping).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.handshake)
        .max_header_size(limits.header)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::select! {
        result = connection => if let Err(error) = result {
            tracing::debug!(%error, "an HTTP connection broke");
        },
        // A connection that has not become a session holds nothing worth waiting for.
        () = stopping.reaches(Phase::Stopping) => {}
    }
}
