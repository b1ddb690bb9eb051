//! The session: takes what comes, gives what goes.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::audio::{Chain, DeltaSizes, Encoding};
use crate::generators::{ResponseGenerator, Warnings};
use crate::protocol::realtime::{
    ClientEvent, ConversationCreated, ConversationItemCreate, InputAudioBufferDtmfEventReceived,
    McpListToolsTool, RateLimit, ServerEvent, Session as SessionObject, SessionCreated,
    dispatch_client_event,
};
use crate::protocol::{Event, EventId, decode};

use super::conversation::Conversation;
use super::hooks::Hooks;
use super::ids::Ids;
use super::io::{DtmfKey, Input, Output};
use super::options::{Fidelity, SessionOptions, Transport};
use super::outbox::Outbox;
use super::playback::Playback;
use super::refusal::Refusal;
use super::response::{ActiveResponse, Pacing};
use super::settings;
use super::turn_detection::TurnDetector;
use super::turns::InputSide;
use super::usage::Tokens;

/// Of more keys than anybody presses, the first are kept.
const MOST_KEYS: usize = 64;

/// One session of one client.
///
/// Time is what the driver says, counted from the start of the session, and never runs back.
#[derive(Debug)]
pub struct Session {
    pub(super) settings: SessionObject,
    pub(super) conversation: Conversation,
    /// The responses on their way: at most one of the conversation, any number beside it.
    #[allow(
        clippy::vec_box,
        reason = "a response is large, and is taken out and put back for each of its steps"
    )]
    pub(super) responses: Vec<Box<ActiveResponse>>,
    /// What the last response read: the next one reads it from the cache.
    pub(super) read_before: Tokens,
    pub(super) pacing: Pacing,
    pub(super) delta_sizes: DeltaSizes,
    /// What happens to the speech of responses before it is sent.
    pub(super) output_chain: Chain,
    /// Items that wait for the end of the response.
    pub(super) held_back: Vec<ConversationItemCreate>,
    pub(super) generator: Box<dyn ResponseGenerator>,
    pub(super) fidelity: Fidelity,
    /// The keys pressed since the last response.
    pub(super) keys: String,
    /// How many plans were to be made outside.
    pub(super) errands: u64,
    /// What `rate_limits.updated` tells; counted from the tokens used, without.
    pub(super) rate_limits: Option<Vec<RateLimit>>,
    pub(super) mcp_servers: BTreeMap<String, Vec<McpListToolsTool>>,
    pub(super) input: InputSide,
    pub(super) transport: Transport,
    pub(super) playback: Playback,
    pub(super) hooks: Hooks,
    /// Whether the input side comes first when both sides have something due.
    input_first: bool,
    pub(super) outbox: Outbox,
    started_at: u64,
    ends_at: Duration,
    ended: bool,
    accepted: u64,
    /// When what is being done happens. What is due happens at its time, however late the driver is.
    pub(super) now: Duration,
    /// The latest time the driver told.
    told: Duration,
}

impl Session {
    /// A session that has just begun: `session.created` waits to be polled.
    pub fn new(options: SessionOptions) -> Self {
        let mut ids = Ids::new(options.seed, options.started_at);
        let expires_at = options
            .started_at
            .saturating_add(options.maximum_duration.as_secs());
        let expires_at = i64::try_from(expires_at).unwrap_or(i64::MAX);
        let id = match options.transport {
            Transport::WebSocket => ids.session(),
            Transport::WebRtc | Transport::Sip => ids.call_session(),
        };
        let (kind, model) = (options.kind, &*options.model);
        let defaults = settings::defaults(kind, id.clone(), model, expires_at);
        let (settings, refusal) =
            match settings::initial(kind, id, model, expires_at, options.settings) {
                Ok(settings) => (settings, None),
                Err(refusal) => (defaults.clone(), Some(refusal)),
            };
        let conversation = Conversation::new(ids.conversation());
        let mut session = Self {
            settings,
            conversation,
            responses: Vec::new(),
            read_before: Tokens::default(),
            pacing: options.pacing,
            delta_sizes: options.delta_sizes,
            output_chain: Chain::new(options.output_processors),
            held_back: Vec::new(),
            generator: options.generator,
            fidelity: options.fidelity,
            keys: String::new(),
            errands: 0,
            rate_limits: None,
            mcp_servers: options.mcp_servers,
            input: InputSide::new(
                Chain::new(options.input_processors),
                TurnDetector::new(options.speech_detector, options.end_of_turn),
                options.transcriber,
                options.transcription_pace,
            ),
            transport: options.transport,
            playback: Playback::default(),
            hooks: options.hooks,
            input_first: false,
            outbox: Outbox::new(ids),
            started_at: options.started_at,
            ends_at: options.maximum_duration,
            ended: false,
            accepted: 0,
            now: Duration::ZERO,
            told: Duration::ZERO,
        };
        if session.transport != Transport::Sip {
            let created = session.settings.clone();
            session.outbox.send(|id| SessionCreated::new(id, created));
        }
        if session.fidelity.conversation_created {
            let conversation = session.conversation.object();
            session
                .outbox
                .send(|id| ConversationCreated::new(id, conversation));
        }
        match refusal {
            Some(refusal) => session.refuse(refusal),
            None => session.list_mcp_tools(&defaults),
        }
        session
    }

    /// Takes an input at a time. Everything that follows from it waits to be polled.
    pub fn handle(&mut self, input: Input<'_>, now: Duration) {
        self.pass_time(now);
        if self.ended {
            return;
        }
        match input {
            Input::Text(text) => match decode::<ClientEvent>(text) {
                Ok(event) => self.handle_hooked(event),
                Err(error) => self.refuse(error.into()),
            },
            Input::Unreadable(error) => self.refuse(error.into()),
            Input::Binary => self.refuse(Refusal::binary_frame()),
            Input::NotUtf8 => self.refuse(Refusal::not_utf8()),
            Input::Event(event) => self.handle_hooked(event),
            Input::Audio(audio) => {
                if let Err(refusal) = self.append_input_audio(audio) {
                    self.refuse(refusal);
                }
            }
            Input::Dtmf(key) => self.hear_key(key),
            Input::Plan(ticket, plan) => self.take_plan(ticket, plan),
            Input::Time => {}
        }
    }

    /// The next thing to send; `None` until there is another input or the deadline has come.
    pub fn poll(&mut self) -> Option<Output> {
        while self.outbox.is_empty() && self.step(|at, told| at <= told) {}
        self.outbox.pop()
    }

    /// Lets time pass up to `now`. What was due before happens before, as if the driver had come for
    /// each of it in time.
    fn pass_time(&mut self, now: Duration) {
        if self.ended {
            return;
        }
        self.told = self.told.max(now).min(self.ends_at);
        while self.step(|at, told| at < told) {}
        self.now = self.told;
        if self.now >= self.ends_at {
            self.expire();
        }
    }

    /// Does the next thing, at its time, if that is `due`. Where both sides have something to do at
    /// once they take turns.
    fn step(&mut self, due: impl Fn(Duration, Duration) -> bool) -> bool {
        let next = self.next_step_at().filter(|at| due(*at, self.told));
        let Some(at) = next.filter(|_| !self.ended) else {
            return false;
        };
        self.now = self.now.max(at);
        for input in [self.input_first, !self.input_first] {
            let stepped = if input {
                self.step_input()
            } else {
                self.step_response()
            };
            if stepped {
                self.input_first = !input;
                return true;
            }
        }
        self.step_playback()
    }

    /// When to come back with [`Input::Time`] if nothing else happens before.
    pub fn deadline(&self) -> Option<Duration> {
        if self.ended {
            return None;
        }
        let next = self.next_step_at();
        Some(next.map_or(self.ends_at, |at| at.min(self.ends_at)))
    }

    /// Whether something comes by itself, without another input: now, or when its time has come. The
    /// end of the session's time does not count.
    pub fn has_more(&self) -> bool {
        !self.outbox.is_empty() || (!self.ended && self.next_step_at().is_some())
    }

    fn next_step_at(&self) -> Option<Duration> {
        let steps = [
            self.next_response_step_at(),
            self.next_input_at(),
            self.next_playback_at(),
        ];
        steps.into_iter().flatten().min()
    }

    /// Sends an event that nobody asked for: the one that `make` makes with a fresh id, after all
    /// that waits to be polled.
    pub fn inject<P: Into<ServerEvent>>(&mut self, make: impl FnOnce(EventId) -> P) {
        if !self.ended {
            let event = make(self.outbox.ids.event());
            self.outbox.inject(Output::Event(event.into()));
        }
    }

    /// Sends a text frame as it is, however broken, after all that waits to be polled.
    pub fn inject_text(&mut self, text: impl Into<String>) {
        if !self.ended {
            self.outbox.inject(Output::Text(text.into()));
        }
    }

    /// Whether what was polled last is nothing of the session's own: it was
    /// [injected](Self::inject), or sent by a [hook](super::HookContext::send).
    pub const fn was_injected(&self) -> bool {
        self.outbox.was_injected()
    }

    /// Ends the session with a close, after all that waits to be polled.
    pub fn close(&mut self, code: u16, reason: impl Into<String>) {
        if !self.ended {
            self.responses.clear();
            self.outbox.push(Output::Close {
                code,
                reason: reason.into(),
            });
            self.ended = true;
        }
    }

    /// How the client is connected.
    pub const fn transport(&self) -> Transport {
        self.transport
    }

    /// The session object as the client was last told, or will be.
    pub fn settings(&self) -> &SessionObject {
        &self.settings
    }

    /// How the audio that comes in is encoded.
    pub fn input_encoding(&self) -> Encoding {
        settings::input_encoding(&self.settings)
    }

    /// What its generator finds wrong, if that tells.
    pub(crate) fn warnings(&self) -> Option<Warnings> {
        self.generator.warnings()
    }

    /// How the audio that goes out is encoded: as the response of the conversation has it, where one is
    /// on its way, or the session.
    pub fn output_encoding(&self) -> Encoding {
        match self.active_response() {
            Some(active) => active.encoding(),
            None => settings::output_encoding(&self.settings),
        }
    }

    /// Whether a response of the conversation is on its way.
    pub fn is_responding(&self) -> bool {
        self.active_response().is_some()
    }

    /// How much audio was appended since the last commit or clear.
    pub fn buffered_audio(&self) -> Duration {
        self.input.buffered()
    }

    /// The conversation.
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// Does what the client asks, or says why not.
    pub(super) fn carry_out(&mut self, event: ClientEvent) {
        let event_id = event.event_id().cloned();
        match dispatch_client_event(self, event) {
            Ok(()) => self.accepted += 1,
            Err(refusal) => self.refuse(refusal.of(event_id)),
        }
    }

    /// How many of the client's events were done, not refused.
    pub(crate) const fn accepted(&self) -> u64 {
        self.accepted
    }

    fn hear_key(&mut self, key: DtmfKey) {
        let at = self.started_at.saturating_add(self.now.as_secs());
        let at = i64::try_from(at).unwrap_or(i64::MAX);
        if self.keys.len() < MOST_KEYS {
            self.keys.push(key.character());
        }
        let key = key.character().to_string();
        self.outbox
            .push_event(InputAudioBufferDtmfEventReceived::new(key, at));
    }

    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.outbox.send(|id| refusal.into_event(id));
    }

    fn expire(&mut self) {
        let minutes = self.ends_at.as_secs() / 60;
        let refusal = Refusal::expired(minutes);
        let reason = refusal.message().to_owned();
        self.refuse(refusal);
        self.close(Refusal::EXPIRED, reason);
    }
}
