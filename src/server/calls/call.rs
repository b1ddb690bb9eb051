//! A call: how far it has come, who follows it, and what happened in it.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::mock::SentKind;
use crate::server::realm::Realm;

use super::incoming::IncomingCall;
use super::line::Command;
use super::record::{CallAudio, CallEntry, CallEvent, CallKind, CallRecord, CallState, Outcome};

/// More entries than a call has that anybody reads.
const MOST_ENTRIES: usize = 10_000;

/// So many frames wait for a sideband socket that does not read before it is closed. They have no
/// audio, so that they are short.
const MOST_WAITING: usize = 10_000;

/// How sideband sockets are closed when the call is over. *Inferred*: not recorded.
const CALL_OVER: (u16, &str) = (1000, "The call has ended.");

/// A call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: String,
    kind: CallKind,
    /// What its session is of.
    pub(super) realm: Arc<Realm>,
    began: Instant,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct State {
    stage: Stage,
    journal: Vec<CallEntry>,
    session_id: Option<String>,
    accepted: Option<Instant>,
    ended: Option<Instant>,
    /// What of the call still has something to note: its announcement, its session.
    busy: u32,
    audio: CallAudio,
}

#[derive(Debug)]
enum Stage {
    Ringing(Box<IncomingCall>),
    Held(Held),
    Over(Outcome),
}

/// The session that holds a call, as others reach it.
#[derive(Debug)]
struct Held {
    commands: mpsc::Sender<Command>,
    sidebands: Vec<Listener>,
    opened: u32,
    /// The session ends when this is dropped.
    _until: oneshot::Sender<Infallible>,
}

#[derive(Debug)]
struct Listener {
    number: u32,
    frames: mpsc::Sender<ToSideband>,
}

/// What a sideband socket is to send.
#[derive(Clone, Debug)]
pub(super) enum ToSideband {
    /// A frame: an event of this kind, or none.
    Frame(Option<SentKind>, Utf8Bytes),
    Close {
        code: u16,
        reason: String,
    },
    /// The connection is to break.
    Break,
}

/// A sideband socket's ends of its two ways.
#[derive(Debug)]
pub(super) struct Attached {
    pub(super) number: u32,
    pub(super) frames: mpsc::Receiver<ToSideband>,
    pub(super) commands: mpsc::Sender<Command>,
}

/// Why a call does not do what it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum CannotDo {
    /// It was, but it is over.
    Over,
    /// It rings, and nobody has accepted it.
    NotAccepted,
    /// Somebody has accepted it already.
    AlreadyAccepted,
    /// It is no telephone call.
    NotSip,
}

/// What the session of a call that was just accepted needs.
#[derive(Debug)]
pub(super) struct Accepting {
    /// The call as it came in, if it rang.
    pub(super) incoming: Option<Box<IncomingCall>>,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) until: oneshot::Receiver<Infallible>,
}

impl Call {
    /// A call that rings. Its announcement is the first part that is busy.
    pub(super) fn ringing(id: String, realm: Arc<Realm>, incoming: IncomingCall) -> Self {
        Self::new(id, CallKind::Sip, realm, Stage::Ringing(Box::new(incoming)))
    }

    /// A call that is held from its beginning.
    pub(super) fn held(id: String, realm: Arc<Realm>) -> (Self, Accepting) {
        let (held, accepting) = hold(None);
        let call = Self::new(id, CallKind::Webrtc, realm, Stage::Held(held));
        call.state().accepted = Some(call.began);
        (call, accepting)
    }

    fn new(id: String, kind: CallKind, realm: Arc<Realm>, stage: Stage) -> Self {
        Self {
            id,
            kind,
            realm,
            began: Instant::now(),
            state: Mutex::new(State {
                stage,
                journal: Vec::new(),
                session_id: None,
                accepted: None,
                ended: None,
                busy: 1,
                audio: CallAudio::default(),
            }),
            changed: watch::Sender::new(()),
        }
    }

    pub(super) fn kind(&self) -> CallKind {
        self.kind
    }

    /// The app accepts it: there is a session from now on.
    pub(super) fn accept(&self) -> Result<Accepting, CannotDo> {
        let mut state = self.state();
        match &state.stage {
            Stage::Ringing(_) => {}
            Stage::Held(_) => return Err(CannotDo::AlreadyAccepted),
            Stage::Over(_) => return Err(CannotDo::Over),
        }
        let (held, mut accepting) = hold(None);
        if let Stage::Ringing(incoming) = std::mem::replace(&mut state.stage, Stage::Held(held)) {
            accepting.incoming = Some(incoming);
        }
        state.accepted = Some(Instant::now());
        state.busy += 1;
        drop(state);
        self.changed.send_replace(());
        Ok(accepting)
    }

    /// The session that holds it has begun.
    pub(super) fn began(&self, session_id: String) {
        self.state().session_id = Some(session_id.clone());
        self.note(CallEvent::Accepted { session_id });
    }

    /// The app declines it.
    pub(super) fn reject(&self, status_code: u16) -> Result<(), CannotDo> {
        let mut state = self.state();
        match &state.stage {
            Stage::Ringing(_) => {
                self.finish(&mut state, Outcome::Rejected { status_code });
                Ok(())
            }
            Stage::Held(_) => Err(CannotDo::AlreadyAccepted),
            Stage::Over(_) => Err(CannotDo::Over),
        }
    }

    /// The app ends it.
    pub(super) fn hang_up(&self) -> Result<(), CannotDo> {
        self.end_held(Outcome::AppHungUp)
    }

    /// The app hands the caller on: its own leg is over.
    pub(super) fn refer(&self, target_uri: String) -> Result<(), CannotDo> {
        if self.kind != CallKind::Sip {
            return Err(CannotDo::NotSip);
        }
        self.end_held(Outcome::Referred { target_uri })
    }

    fn end_held(&self, outcome: Outcome) -> Result<(), CannotDo> {
        let mut state = self.state();
        match &state.stage {
            Stage::Ringing(_) => Err(CannotDo::NotAccepted),
            Stage::Held(_) => {
                self.finish(&mut state, outcome);
                Ok(())
            }
            Stage::Over(_) => Err(CannotDo::Over),
        }
    }

    /// The caller hangs up, or does not wait any longer.
    pub(super) fn caller_leaves(&self) {
        let mut state = self.state();
        match &state.stage {
            Stage::Ringing(_) => self.finish(&mut state, Outcome::NotAnswered),
            Stage::Held(_) => self.finish(&mut state, Outcome::CallerHungUp),
            Stage::Over(_) => {}
        }
    }

    /// The call ends so, unless it is over.
    pub(super) fn end(&self, outcome: Outcome) {
        let mut state = self.state();
        if !matches!(state.stage, Stage::Over(_)) {
            self.finish(&mut state, outcome);
        }
    }

    fn finish(&self, state: &mut State, outcome: Outcome) {
        let now = Instant::now();
        state.ended = Some(now);
        let entry = self.entry(CallEvent::Ended(outcome.clone()), now);
        state.journal.push(entry);
        let last = last_frame(&outcome);
        let before = std::mem::replace(&mut state.stage, Stage::Over(outcome));
        if let Stage::Held(held) = before {
            for sideband in held.sidebands {
                // One that has no room for it is closed as one that does not read.
                let _ = sideband.frames.try_send(last.clone());
            }
        }
        self.changed.send_replace(());
    }

    /// A part of the call has nothing more to note.
    pub(super) fn part_done(&self) {
        self.state().busy -= 1;
        self.changed.send_replace(());
    }

    /// The session is over: what was heard.
    pub(super) fn keep(&self, audio: CallAudio) {
        self.state().audio = audio;
    }

    /// Gives the audio up, so that there is room for others'.
    pub(super) fn forget_audio(&self) {
        self.state().audio = CallAudio::default();
    }

    /// A socket follows the call from now on; `None` unless it is held.
    pub(super) fn attach(&self) -> Option<Attached> {
        let mut state = self.state();
        let Stage::Held(held) = &mut state.stage else {
            return None;
        };
        let (sender, frames) = mpsc::channel(MOST_WAITING);
        held.opened += 1;
        let number = held.opened;
        held.sidebands.push(Listener {
            number,
            frames: sender,
        });
        let attached = Attached {
            number,
            frames,
            commands: held.commands.clone(),
        };
        drop(state);
        self.note(CallEvent::SidebandOpened { sideband: number });
        Some(attached)
    }

    /// A socket is gone.
    pub(super) fn detach(&self, number: u32) {
        if let Stage::Held(held) = &mut self.state().stage {
            held.sidebands.retain(|sideband| sideband.number != number);
        }
        self.note(CallEvent::SidebandClosed { sideband: number });
    }

    /// Whether anybody follows it.
    pub(super) fn is_followed(&self) -> bool {
        matches!(&self.state().stage, Stage::Held(held) if !held.sidebands.is_empty())
    }

    /// Gives a frame to all sockets that follow it. One that does not read is closed.
    pub(super) fn tell(&self, kind: Option<SentKind>, text: &Utf8Bytes) {
        if let Stage::Held(held) = &mut self.state().stage {
            let frame = ToSideband::Frame(kind, text.clone());
            let reads = |sideband: &Listener| sideband.frames.try_send(frame.clone()).is_ok();
            held.sidebands.retain(reads);
        }
    }

    /// Notes what happens now.
    pub(super) fn note(&self, event: CallEvent) {
        let entry = self.entry(event, Instant::now());
        let mut state = self.state();
        if state.journal.len() < MOST_ENTRIES {
            state.journal.push(entry);
        }
        drop(state);
        self.changed.send_replace(());
    }

    fn entry(&self, event: CallEvent, now: Instant) -> CallEntry {
        let at_ms = milliseconds(now.saturating_duration_since(self.began));
        CallEntry { at_ms, event }
    }

    pub(super) fn record(&self) -> CallRecord {
        let state = self.state();
        let (reached, outcome) = match &state.stage {
            Stage::Ringing(_) => (CallState::Incoming, None),
            Stage::Held(_) => (CallState::Active, None),
            Stage::Over(outcome) => (CallState::Ended, Some(outcome.clone())),
        };
        let held = state.accepted.map(|accepted| {
            let until = state.ended.unwrap_or_else(Instant::now);
            until.saturating_duration_since(accepted)
        });
        CallRecord {
            id: self.id.clone(),
            kind: self.kind,
            state: reached,
            outcome,
            session_id: state.session_id.clone(),
            held_ms: held.map_or(0, milliseconds),
            journal: state.journal.clone(),
        }
    }

    pub(super) fn audio(&self) -> CallAudio {
        self.state().audio.clone()
    }

    pub(super) fn is_ringing(&self) -> bool {
        matches!(self.state().stage, Stage::Ringing(_))
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.state().stage, Stage::Over(_))
    }

    /// Whether it is over, and nothing more is noted of it.
    fn is_done(&self) -> bool {
        let state = self.state();
        state.busy == 0 && matches!(state.stage, Stage::Over(_))
    }

    /// Ready once it does not ring any more.
    pub(super) async fn rings_no_more(&self) {
        self.until(|call| !call.is_ringing()).await;
    }

    /// Ready once it is over, and nothing more is noted of it.
    pub(super) async fn done(&self) {
        self.until(Self::is_done).await;
    }

    /// Ready once something holds of it.
    pub(super) async fn until(&self, holds: impl Fn(&Self) -> bool) {
        let mut changed = self.changed.subscribe();
        while !holds(self) {
            // The sender is here, so that it cannot be gone.
            let _ = changed.changed().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Both ends of what holds a call.
fn hold(incoming: Option<Box<IncomingCall>>) -> (Held, Accepting) {
    const MOST_COMMANDS: usize = 64;
    let (commands, taken) = mpsc::channel(MOST_COMMANDS);
    let (held_until, until) = oneshot::channel();
    let held = Held {
        commands,
        sidebands: Vec::new(),
        opened: 0,
        _until: held_until,
    };
    let accepting = Accepting {
        incoming,
        commands: taken,
        until,
    };
    (held, accepting)
}

/// How the sockets that follow a call learn that it is over.
fn last_frame(outcome: &Outcome) -> ToSideband {
    let (code, reason) = match outcome {
        Outcome::SessionClosed { code: None, .. } => return ToSideband::Break,
        Outcome::SessionClosed {
            code: Some(code),
            reason,
        } => (*code, reason.as_str()),
        Outcome::ServerStopped => (1001, "the server is shutting down"),
        _ => CALL_OVER,
    };
    ToSideband::Close {
        code,
        reason: reason.to_owned(),
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
