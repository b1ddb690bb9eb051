//! What a test does to a session while it runs.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::engine::Ticket;
use crate::faults::{ConnectionFaults, Faults};
use crate::generators::{Errand, ResponsePlan, Warnings};
use crate::protocol::realtime::{ServerEvent, ServerEventKind};
use crate::protocol::{EventId, EventPayload};

use super::engine::MakeEvent;

/// A test's hand on a session. Clones are the same hand.
#[derive(Clone, Default)]
pub struct SessionControl {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
    faults: ConnectionFaults,
    warnings: Option<Warnings>,
}

#[derive(Default)]
struct State {
    commands: VecDeque<Command>,
    hold: Option<Hold>,
    is_over: bool,
}

/// What is to be done at once.
pub(super) enum Command {
    Push(MakeEvent),
    PushText(String),
    Advance(Duration),
    Close {
        code: u16,
        reason: String,
    },
    /// What an errand has come to.
    Plan(Ticket, Option<Box<ResponsePlan>>),
    Break,
}

/// Nothing is sent any more after so many events of a kind.
#[derive(Clone, Copy, Debug)]
struct Hold {
    kind: ServerEventKind,
    left: usize,
}

impl SessionControl {
    /// A hand on a session in which this goes wrong, and that tells here what seems wrong with it.
    pub(crate) fn of(faults: ConnectionFaults, warnings: Option<Warnings>) -> Self {
        Self {
            shared: Arc::new(Shared {
                faults,
                warnings,
                ..Shared::default()
            }),
        }
    }

    /// What seems wrong between the session and the scenario that it follows: tools that are called
    /// and not declared, delegates that failed, templates that cannot be filled. They are in the log
    /// as well.
    pub fn warnings(&self) -> Vec<String> {
        let warnings = self.shared.warnings.as_ref();
        warnings.map(Warnings::all).unwrap_or_default()
    }

    /// Has more go wrong in the session from now on. Their times count from now; what is about the
    /// handshake comes too late.
    pub fn add_faults(&self, faults: impl Into<Faults>) {
        self.shared.faults.add(&faults.into());
        self.shared.changed.notify_one();
    }

    /// Has nothing more go wrong. What is on its way comes as late as it does.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
        self.shared.changed.notify_one();
    }

    /// What can still go wrong.
    #[cfg(feature = "admin")]
    pub(crate) fn faults_in_force(&self) -> Faults {
        self.shared.faults.in_force()
    }

    pub(super) fn faults(&self) -> &ConnectionFaults {
        &self.shared.faults
    }

    /// Sends the event that `make` makes with a fresh id, after what was sent before.
    pub fn push<P: Into<ServerEvent>>(&self, make: impl FnOnce(EventId) -> P + Send + 'static) {
        self.command(Command::Push(Box::new(move |id| make(id).into())));
    }

    /// Sends a text frame as it is, however broken.
    pub fn push_text(&self, text: impl Into<String>) {
        self.command(Command::PushText(text.into()));
    }

    /// Lets time pass at once: for the session it is so much later.
    pub fn advance(&self, time: Duration) {
        self.command(Command::Advance(time));
    }

    /// Closes the session, after what was sent before.
    pub fn close(&self, code: u16, reason: impl Into<String>) {
        self.command(Command::Close {
            code,
            reason: reason.into(),
        });
    }

    /// Drops the connection without a close, as a network does.
    pub fn break_connection(&self) {
        self.command(Command::Break);
    }

    /// Sends nothing more after the next `count` events of this type, until
    /// [`release`](Self::release). What the client sends is taken all the same; the session's clock
    /// stands still.
    pub fn hold_after<P: EventPayload<ServerEvent>>(&self, count: usize) {
        self.hold_after_kind(P::KIND, count);
    }

    /// The same for a type that is known only when it runs.
    pub(crate) fn hold_after_kind(&self, kind: ServerEventKind, count: usize) {
        self.state().hold = Some(Hold { kind, left: count });
        self.shared.changed.notify_one();
    }

    /// Sends what was held, and goes on.
    pub fn release(&self) {
        self.state().hold = None;
        self.shared.changed.notify_one();
    }

    /// Whether something is held now.
    pub fn is_holding(&self) -> bool {
        self.state().hold.is_some_and(|hold| hold.left == 0)
    }

    /// Whether the session is gone, so that nothing more can be done to it.
    pub fn is_over(&self) -> bool {
        self.state().is_over
    }

    /// The session is gone, and what was still to be done with it.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.is_over = true;
        state.commands.clear();
    }

    /// Whether more than these hold it, so that somebody else may do something.
    pub(crate) fn is_shared_beside(&self, known: usize) -> bool {
        Arc::strong_count(&self.shared) > known
    }

    /// Ready when there is something to do.
    pub(crate) async fn changed(&self) {
        self.shared.changed.notified().await;
    }

    pub(super) fn next(&self) -> Option<Command> {
        self.state().commands.pop_front()
    }

    /// Has an errand done beside the session.
    pub(super) fn run(&self, ticket: Ticket, errand: Errand) {
        let control = self.clone();
        match Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move {
                    let plan = errand.run().await;
                    control.command(Command::Plan(ticket, plan.map(Box::new)));
                });
            }
            Err(error) => {
                tracing::warn!(%error, "nobody can make a plan");
                self.command(Command::Plan(ticket, None));
            }
        }
    }

    /// An event is sent.
    pub(super) fn note(&self, kind: ServerEventKind) {
        if let Some(hold) = &mut self.state().hold
            && hold.kind == kind
        {
            hold.left = hold.left.saturating_sub(1);
        }
    }

    fn command(&self, command: Command) {
        self.state().commands.push_back(command);
        self.shared.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let state = self.shared.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SessionControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("SessionControl")
            .field("commands", &state.commands.len())
            .field("hold", &state.hold)
            .finish()
    }
}
