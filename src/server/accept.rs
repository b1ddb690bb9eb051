//! From a connection that was accepted to the requests on it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::FutureExt;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::Shared;
use super::routes;
use super::shutdown::{Phase, Stopping};

/// A stream that a session can run on: TCP, TLS over it, or a pipe.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for S {}

/// What a connection knows before it has said anything.
#[derive(Clone, Debug)]
pub(super) struct Accepted {
    pub(super) shared: Arc<Shared>,
    pub(super) peer: SocketAddr,
    pub(super) stopping: Stopping,
}

impl Accepted {
    /// Serves the connection until it is over or has become a session, in TLS if the server has it.
    pub(super) async fn serve(self, stream: TcpStream) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.shared.options.tls {
            match tls.accept(stream).await {
                Ok(stream) => self.serve_http(stream).await,
                Err(error) => tracing::debug!(peer = %self.peer, %error, "no TLS"),
            }
            return;
        }
        self.serve_http(stream).await;
    }

    /// Answers the requests on a stream until it is over or has become a session.
    async fn serve_http<S: Stream>(self, stream: S) {
        let service = service_fn(|request| {
            let answer = routes::answer::<S>(request, &self.shared, &self.stopping);
            answer.map(Ok::<_, Infallible>)
        });
        let connection = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut stopping = self.stopping.clone();
        tokio::select! {
            result = connection => if let Err(error) = result {
                tracing::debug!(%error, "an HTTP connection broke");
            },
            // A connection that has not become a session holds nothing worth waiting for.
            () = stopping.reaches(Phase::Stopping) => {}
        }
    }
}
