//! When the process is asked to end.

use std::future::pending;
use std::io;

/// Requests to end: ctrl-c, and on Unix the signal TERM. None is lost once this is there.
pub(crate) struct Requests {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Requests {
    #[cfg(unix)]
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    #[cfg(not(unix))]
    #[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Ready at the next request.
    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        let asked = tokio::select! {
            asked = self.terminate.recv() => asked,
            asked = self.interrupt.recv() => asked,
        };
        #[cfg(not(unix))]
        let asked = tokio::signal::ctrl_c().await.ok();
        if asked.is_none() {
            // Nothing can be asked any more.
            pending::<()>().await;
        }
    }
}
