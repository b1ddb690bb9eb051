//! How a server stops: first it takes no new session, then it ends those there are.

use tokio::sync::watch;

/// How far a server is on its way to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// It serves.
    Serving,
    /// It takes no new session, and waits for the responses that are on their way.
    Draining,
    /// It ends all sessions.
    Stopping,
}

/// Says how far the server is. Connections that are still there know when it is gone.
#[derive(Debug)]
pub(crate) struct Stopper(watch::Sender<Phase>);

/// What a connection knows of the server's end. It holds this until it is over.
#[derive(Clone, Debug)]
pub(crate) struct Stopping(watch::Receiver<Phase>);

/// Both ends, while the server serves.
pub(crate) fn serving() -> (Stopper, Stopping) {
    let (stopper, stopping) = watch::channel(Phase::Serving);
    (Stopper(stopper), Stopping(stopping))
}

impl Stopper {
    pub(crate) fn enter(&self, phase: Phase) {
        self.0.send_replace(phase);
    }

    /// Ready when no connection is left.
    pub(crate) async fn all_gone(&self) {
        self.0.closed().await;
    }
}

impl Stopping {
    /// How far the server is. One that is gone has stopped.
    pub(crate) fn phase(&self) -> Phase {
        match self.0.has_changed() {
            Ok(_) => *self.0.borrow(),
            Err(_) => Phase::Stopping,
        }
    }

    /// Ready when the server goes on to another phase.
    pub(crate) async fn moves_on(&mut self) {
        // An error means that the server is gone, which is a phase, too.
        let _ = self.0.changed().await;
    }

    /// Ready when the server has come as far as this.
    pub(crate) async fn reaches(&mut self, phase: Phase) {
        // An error means that the server is gone.
        let _ = self.0.wait_for(|reached| *reached >= phase).await;
    }
}
