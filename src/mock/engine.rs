//! What a driver pumps: an engine, of whatever kind of session.

use std::fmt::Debug;
use std::time::Duration;

use crate::audio::Encoding;
#[cfg(feature = "conformance")]
use crate::conformance::SessionOrder;
use crate::dialect::DialectSession;
#[cfg(feature = "conformance")]
use crate::engine::Transport;
use crate::engine::{Input, Output, TranslationSession};
use crate::expect::Frame;
use crate::generators::Warnings;
use crate::protocol::realtime::{
    ClientEvent, ServerEvent, ServerEventKind, Session, TranslationClientEvent,
    TranslationServerEvent, TranslationServerEventKind,
};
use crate::protocol::{DecodeError, Event, EventId, EventKind, decode, encode};

/// Makes an event that a test pushes, with the id it gets.
pub(crate) type MakeEvent = Box<dyn FnOnce(EventId) -> ServerEvent + Send>;

/// The kind of an event that a session sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SentKind {
    Conversation(ServerEventKind),
    Translation(TranslationServerEventKind),
}

/// What a session is from its beginning on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) kind: IdentityKind,
    /// Its id and model, as it was told in its first event.
    pub(crate) id: Option<String>,
    pub(crate) model: Option<String>,
}

/// What kind of session it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum IdentityKind {
    Conversation,
    Transcription,
    Translation,
    /// None: the client was not let in.
    #[default]
    Refused,
}

/// A session of the engine, of whatever kind: see `Session` for what its methods do.
pub(crate) trait Engine: Debug + Send + 'static {
    /// What the client sends.
    type Client: Event + Clone + Debug + Into<Frame> + Send;
    /// What it is sent.
    type Server: Event + Clone + Debug + PartialEq + Into<Frame> + Send;

    fn handle(&mut self, input: Input<'_, Self::Client>, now: Duration);
    fn poll(&mut self) -> Option<Output<Self::Server>>;
    fn deadline(&self) -> Option<Duration>;
    fn has_more(&self) -> bool;
    fn inject(&mut self, make: MakeEvent);
    fn inject_text(&mut self, text: String);
    fn close(&mut self, code: u16, reason: String);

    /// Whether the connection is to break behind what was polled.
    fn breaks(&self) -> bool {
        false
    }

    /// Whether what was polled last was injected.
    fn was_injected(&self) -> bool {
        false
    }

    /// Whether the client speaks the beta, which has a schema of its own.
    #[cfg(feature = "conformance")]
    fn is_beta(&self) -> bool {
        false
    }

    /// What follows it from its first frame on.
    #[cfg(feature = "conformance")]
    fn order(&self) -> SessionOrder {
        SessionOrder::default()
    }

    /// The event in a text of the client.
    fn read(&self, text: &str) -> Result<Self::Client, DecodeError> {
        decode(text)
    }

    /// Whether the client speaks a dialect in which events are not written as they are.
    fn is_translated(&self) -> bool {
        false
    }

    /// Writes an event as the client reads it: each that was polled, once and in order.
    fn write(&mut self, event: &Self::Server, text: &mut String) -> serde_json::Result<()> {
        encode(event, text)
    }

    /// How the speech in its events is written.
    fn output_encoding(&self) -> Encoding {
        Encoding::Pcm16
    }

    /// The kind of an event.
    fn kind(event: &Self::Server) -> SentKind;

    /// What it is.
    fn identity(&self) -> Identity;

    /// What seems wrong with what it says, if anybody looks at that.
    fn warnings(&self) -> Option<Warnings> {
        None
    }
}

impl SentKind {
    /// The type of the event.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Conversation(kind) => kind.as_str(),
            Self::Translation(kind) => kind.as_str(),
        }
    }

    /// Whether such an event carries speech.
    pub(crate) fn is_audio(self) -> bool {
        matches!(
            self,
            Self::Conversation(ServerEventKind::ResponseOutputAudioDelta)
                | Self::Translation(TranslationServerEventKind::SessionOutputAudioDelta)
        )
    }
}

impl Engine for DialectSession {
    type Client = ClientEvent;
    type Server = ServerEvent;

    fn read(&self, text: &str) -> Result<ClientEvent, DecodeError> {
        Self::read(self, text)
    }

    fn is_translated(&self) -> bool {
        Self::is_translated(self)
    }

    fn output_encoding(&self) -> Encoding {
        self.engine().output_encoding()
    }

    fn warnings(&self) -> Option<Warnings> {
        self.engine().warnings()
    }

    fn write(&mut self, event: &ServerEvent, text: &mut String) -> serde_json::Result<()> {
        Self::write(self, event, text)
    }

    fn handle(&mut self, input: Input<'_>, now: Duration) {
        Self::handle(self, input, now);
    }

    fn poll(&mut self) -> Option<Output> {
        Self::poll(self)
    }

    fn deadline(&self) -> Option<Duration> {
        Self::deadline(self)
    }

    fn has_more(&self) -> bool {
        Self::has_more(self)
    }

    fn inject(&mut self, make: MakeEvent) {
        Self::inject(self, make);
    }

    fn inject_text(&mut self, text: String) {
        Self::inject_text(self, text);
    }

    fn close(&mut self, code: u16, reason: String) {
        Self::close(self, code, reason);
    }

    fn was_injected(&self) -> bool {
        Self::was_injected(self)
    }

    #[cfg(feature = "conformance")]
    fn is_beta(&self) -> bool {
        Self::is_beta(self)
    }

    #[cfg(feature = "conformance")]
    fn order(&self) -> SessionOrder {
        match self.engine().transport() {
            Transport::Sip => SessionOrder::beside_a_call(),
            Transport::WebSocket | Transport::WebRtc => SessionOrder::default(),
        }
    }

    fn kind(event: &ServerEvent) -> SentKind {
        SentKind::Conversation(event.kind())
    }

    fn identity(&self) -> Identity {
        match self.engine().settings() {
            Session::Realtime(session) => Identity {
                kind: IdentityKind::Conversation,
                id: Some(session.id.to_string()),
                model: session.model.as_ref().map(ToString::to_string),
            },
            Session::Transcription(session) => Identity {
                kind: IdentityKind::Transcription,
                id: Some(session.id.to_string()),
                model: None,
            },
        }
    }
}

impl Engine for TranslationSession {
    type Client = TranslationClientEvent;
    type Server = TranslationServerEvent;

    fn handle(&mut self, input: Input<'_, TranslationClientEvent>, now: Duration) {
        Self::handle(self, input, now);
    }

    fn poll(&mut self) -> Option<Output<TranslationServerEvent>> {
        Self::poll(self)
    }

    fn deadline(&self) -> Option<Duration> {
        Self::deadline(self)
    }

    fn has_more(&self) -> bool {
        Self::has_more(self)
    }

    /// An event of a conversation is none of a translation: it goes out as its text.
    fn inject(&mut self, make: MakeEvent) {
        let event = make(self.event_id());
        let mut text = String::new();
        match encode(&event, &mut text) {
            Ok(()) => self.inject_text(text),
            Err(error) => tracing::error!(%error, "an event could not be written"),
        }
    }

    fn inject_text(&mut self, text: String) {
        Self::inject_text(self, text);
    }

    fn close(&mut self, code: u16, reason: String) {
        Self::close(self, code, reason);
    }

    fn was_injected(&self) -> bool {
        Self::was_injected(self)
    }

    fn kind(event: &TranslationServerEvent) -> SentKind {
        SentKind::Translation(event.kind())
    }

    fn identity(&self) -> Identity {
        let session = self.settings();
        Identity {
            kind: IdentityKind::Translation,
            id: Some(session.id.to_string()),
            model: Some(session.model.clone()),
        }
    }
}
