//! What a user puts before and after the client's events.

use std::error::Error;
use std::fmt;
use std::mem;
use std::time::Duration;

use crate::protocol::realtime::{
    ClientEvent, ClientEventKind, ErrorDetails, ErrorEvent, InputAudioBufferClear, ServerEvent,
    Session as SessionObject,
};
use crate::protocol::{Event, EventId, EventKind, EventPayload, Patch};

use super::conversation::Conversation;
use super::io::Output;
use super::outbox::Outbox;
use super::session::Session;

/// What a hook returns. A failure is told to the client as an `error` event of type `server_error`
/// and code `hook_failed`; the event goes on its way, and the session goes on.
pub type HookResult<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// What becomes of an event after a hook before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The next hook has it, and at last the session, with what hooks changed in it.
    Pass,
    /// The hook has done all there is to do: the session does not see the event, nor do the hooks
    /// registered after it. Hooks after the event do.
    TakeOver,
}

/// Hooks before and after the client's events, in the order of their registration.
///
/// Frames that could not be decoded have no hooks: the session has refused them by then.
///
/// ```
/// use std::time::Duration;
/// use mock_realtime::engine::{Hooks, Input, Session, SessionOptions, Verdict};
/// use mock_realtime::protocol::realtime::{InputAudioBufferCleared, InputAudioBufferClear};
///
/// let mut hooks = Hooks::default();
/// hooks.before(|_: &mut InputAudioBufferClear, context| {
///     context.send(InputAudioBufferCleared::new);
///     context.send_text("{ this is not JSON");
///     Ok(Verdict::TakeOver)
/// });
/// let mut session = Session::new(SessionOptions { hooks, ..SessionOptions::default() });
/// session.handle(Input::Text(r#"{"type":"input_audio_buffer.clear"}"#), Duration::ZERO);
/// assert_eq!(std::iter::from_fn(|| session.poll()).count(), 3);
/// ```
#[derive(Default)]
pub struct Hooks {
    before: Vec<Hook<Before>>,
    after: Vec<Hook<After>>,
}

struct Hook<F> {
    /// The kind of event it is for; every kind without one.
    kind: Option<ClientEventKind>,
    call: F,
}

impl<F> Hook<F> {
    fn is_for(&self, kind: ClientEventKind) -> bool {
        self.kind.is_none_or(|own| own == kind)
    }
}

type Before = Box<dyn FnMut(&mut ClientEvent, &mut HookContext<'_>) -> HookResult<Verdict> + Send>;
type After = Box<dyn FnMut(&ClientEvent, &mut HookContext<'_>) -> HookResult + Send>;

impl Hooks {
    /// Calls `hook` before each event of its payload's kind. It may change the event.
    pub fn before<P, F>(&mut self, mut hook: F) -> &mut Self
    where
        P: EventPayload<ClientEvent>,
        F: FnMut(&mut P, &mut HookContext<'_>) -> HookResult<Verdict> + Send + 'static,
    {
        let call = move |event: &mut ClientEvent, context: &mut HookContext<'_>| {
            let mut verdict = Ok(Verdict::Pass);
            replace_with(event, |event| match P::from_event(event) {
                Ok(mut payload) => {
                    verdict = hook(&mut payload, context);
                    payload.into()
                }
                Err(other) => other,
            });
            verdict
        };
        self.before.push(Hook {
            kind: Some(P::KIND),
            call: Box::new(call),
        });
        self
    }

    /// Calls `hook` before each event. It may make another event of it.
    pub fn before_any<F>(&mut self, hook: F) -> &mut Self
    where
        F: FnMut(&mut ClientEvent, &mut HookContext<'_>) -> HookResult<Verdict> + Send + 'static,
    {
        self.before.push(Hook {
            kind: None,
            call: Box::new(hook),
        });
        self
    }

    /// Calls `hook` after each event of its payload's kind, when what it caused at once is queued.
    pub fn after<P, F>(&mut self, mut hook: F) -> &mut Self
    where
        P: EventPayload<ClientEvent>,
        F: FnMut(&P, &mut HookContext<'_>) -> HookResult + Send + 'static,
    {
        let call = move |event: &ClientEvent, context: &mut HookContext<'_>| {
            P::of(event).map_or(Ok(()), |payload| hook(payload, context))
        };
        self.after.push(Hook {
            kind: Some(P::KIND),
            call: Box::new(call),
        });
        self
    }

    /// Calls `hook` after each event, when what it caused at once is queued.
    pub fn after_any<F>(&mut self, hook: F) -> &mut Self
    where
        F: FnMut(&ClientEvent, &mut HookContext<'_>) -> HookResult + Send + 'static,
    {
        self.after.push(Hook {
            kind: None,
            call: Box::new(hook),
        });
        self
    }

    fn has_after(&self, kind: ClientEventKind) -> bool {
        self.after.iter().any(|hook| hook.is_for(kind))
    }

    fn run_before(&mut self, event: &mut ClientEvent, context: &mut HookContext<'_>) -> Verdict {
        for hook in &mut self.before {
            let kind = event.kind();
            if !hook.is_for(kind) {
                continue;
            }
            match (hook.call)(event, context) {
                Ok(Verdict::Pass) => {}
                Ok(Verdict::TakeOver) => return Verdict::TakeOver,
                Err(error) => context.report("before", kind, event.event_id(), error.as_ref()),
            }
        }
        Verdict::Pass
    }

    fn run_after(&mut self, event: &ClientEvent, context: &mut HookContext<'_>) {
        let kind = event.kind();
        for hook in self.after.iter_mut().filter(|hook| hook.is_for(kind)) {
            if let Err(error) = (hook.call)(event, context) {
                context.report("after", kind, event.event_id(), error.as_ref());
            }
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("before", &kinds(&self.before))
            .field("after", &kinds(&self.after))
            .finish()
    }
}

fn kinds<F>(hooks: &[Hook<F>]) -> Vec<&'static str> {
    let kind = |hook: &Hook<F>| hook.kind.map_or("any", EventKind::as_str);
    hooks.iter().map(kind).collect()
}

/// Lets `change` have the event by value.
fn replace_with(event: &mut ClientEvent, change: impl FnOnce(ClientEvent) -> ClientEvent) {
    let placeholder = ClientEvent::from(InputAudioBufferClear::default());
    *event = change(mem::replace(event, placeholder));
}

/// The session as a hook sees it.
#[derive(Debug)]
pub struct HookContext<'a> {
    settings: &'a SessionObject,
    conversation: &'a Conversation,
    now: Duration,
    outbox: &'a mut Outbox,
}

impl HookContext<'_> {
    /// The session object as the client was last told.
    pub fn settings(&self) -> &SessionObject {
        self.settings
    }

    /// The conversation.
    pub fn conversation(&self) -> &Conversation {
        self.conversation
    }

    /// The time, counted from the start of the session.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Sends the event that `make` makes with a fresh id.
    pub fn send<P: Into<ServerEvent>>(&mut self, make: impl FnOnce(EventId) -> P) {
        let event = make(self.outbox.ids.event());
        self.outbox.inject(Output::Event(event.into()));
    }

    /// Sends a text frame as it is, however broken.
    pub fn send_text(&mut self, text: impl Into<String>) {
        self.outbox.inject(Output::Text(text.into()));
    }

    fn report(
        &mut self,
        place: &str,
        kind: ClientEventKind,
        event_id: Option<&EventId>,
        error: &dyn Error,
    ) {
        let message = format!("A hook {place} {kind} failed: {error}");
        let mut details = ErrorDetails::new("server_error", message);
        details.code = Patch::Value("hook_failed".to_owned());
        details.param = Patch::Null;
        details.event_id = Patch::from(event_id.cloned());
        self.outbox.send(|id| ErrorEvent::new(id, details));
    }
}

impl Session {
    /// Does what the client asks, and what hooks make of it.
    pub(super) fn handle_hooked(&mut self, mut event: ClientEvent) {
        // Taken out while they run: they and the session change each other.
        let mut hooks = mem::take(&mut self.hooks);
        let verdict = hooks.run_before(&mut event, &mut self.hook_context());
        let seen_after = hooks.has_after(event.kind()).then(|| event.clone());
        if verdict == Verdict::Pass {
            self.carry_out(event);
        }
        if let Some(event) = seen_after {
            hooks.run_after(&event, &mut self.hook_context());
        }
        self.hooks = hooks;
    }

    fn hook_context(&mut self) -> HookContext<'_> {
        HookContext {
            settings: &self.settings,
            conversation: &self.conversation,
            now: self.now,
            outbox: &mut self.outbox,
        }
    }
}
