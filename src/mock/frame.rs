//! What goes through a session, on its way in and out.

use bytes::Bytes;

use crate::audio::Encoding;
use crate::expect::{Direction, Frame, Noted};
use crate::faults::Pieces;
use crate::protocol::realtime::ServerEvent;
use crate::protocol::{Event, EventKind, decode, encode};

use super::engine::Engine;

/// What a client sends.
#[derive(Clone, Debug)]
pub(super) enum Incoming<C> {
    Event(C),
    /// A text in another dialect, and the event it stands for.
    Translated(C, String),
    /// A text that is no event.
    Text(String),
    Binary,
    NotUtf8,
}

impl<C: Event + Clone + Into<Frame>> Incoming<C> {
    pub(super) fn noted(&self) -> Noted {
        match self {
            Self::Event(event) => Noted::of(event.clone().into()),
            Self::Translated(event, text) => Noted::translated(event.clone().into(), text),
            Self::Text(text) => Noted::of(Frame::Text(Direction::Client, text.clone())),
            Self::Binary | Self::NotUtf8 => Noted::of(Frame::Binary),
        }
    }

    /// The frame; null if it is no JSON.
    #[cfg(feature = "conformance")]
    pub(super) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Event(event) => serde_json::to_value(event).unwrap_or_default(),
            Self::Translated(_, text) | Self::Text(text) => {
                serde_json::from_str(text).unwrap_or_default()
            }
            Self::Binary | Self::NotUtf8 => serde_json::Value::Null,
        }
    }

    pub(super) fn name(&self) -> Option<&'static str> {
        match self {
            Self::Event(event) | Self::Translated(event, _) => Some(event.kind().as_str()),
            _ => None,
        }
    }

    /// The text of it, where `sent` is not known.
    pub(super) fn written(&self, sent: Option<&str>) -> String {
        match (sent, self) {
            (Some(sent), _) => sent.to_owned(),
            (None, Self::Translated(_, text) | Self::Text(text)) => text.clone(),
            (None, Self::Event(event)) => {
                let mut text = String::new();
                if let Err(error) = encode(event, &mut text) {
                    tracing::error!(%error, "an event could not be written");
                }
                text
            }
            (None, Self::Binary | Self::NotUtf8) => String::new(),
        }
    }
}

/// What a driver has to send.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sent<S = ServerEvent> {
    Event(S),
    /// An event, and the text that stands for it in the client's dialect.
    Translated(S, String),
    Text(String),
    Close {
        code: u16,
        reason: String,
    },
    /// A text that is cut on the network, with the event that it is, if it is one.
    Cut {
        event: Option<S>,
        text: String,
        pieces: Pieces,
    },
    /// The connection is to break here.
    Break,
    /// Audio that a call plays beside its events.
    Audio {
        audio: Bytes,
        encoding: Encoding,
    },
    /// The audio of a call that was not played yet is not to be played.
    ClearAudio,
}

impl<S: Clone + Into<Frame>> Sent<S> {
    pub(super) const fn is_event(&self) -> bool {
        matches!(self, Self::Event(_) | Self::Translated(..))
    }

    /// What the journal has of it. Audio that goes beside the events is no frame.
    pub(super) fn noted(&self) -> Option<Noted> {
        let by = Direction::Server;
        Some(Noted::of(match self {
            Self::Audio { .. } | Self::ClearAudio => return None,
            Self::Event(event) => event.clone().into(),
            Self::Translated(event, text)
            | Self::Cut {
                event: Some(event),
                text,
                ..
            } => return Some(Noted::translated(event.clone().into(), text)),
            Self::Text(text) | Self::Cut { text, .. } => Frame::Text(by, text.clone()),
            Self::Close { code, reason } => Frame::Close {
                by,
                code: Some(*code),
                reason: reason.clone(),
            },
            Self::Break => Frame::Close {
                by,
                code: None,
                reason: String::new(),
            },
        }))
    }
}

/// What is sent with another text. Clients in process are given the event that it still is, if it is
/// one.
pub(super) fn spoilt<E: Engine>(
    session: &E,
    sent: Sent<E::Server>,
    text: String,
) -> Sent<E::Server> {
    if session.is_translated()
        && let Sent::Translated(event, _) = sent
    {
        return Sent::Translated(event, text);
    }
    match decode::<E::Server>(&text) {
        Ok(event) => Sent::Translated(event, text),
        Err(_) => Sent::Text(text),
    }
}

/// What is sent, cut on the network. `written` is its text where it has none yet.
pub(super) fn cut<S>(sent: Sent<S>, written: String, pieces: Pieces) -> Sent<S> {
    let (event, text) = match sent {
        Sent::Event(event) => (Some(event), written),
        Sent::Translated(event, text) => (Some(event), text),
        Sent::Text(text) => (None, text),
        other => return other,
    };
    Sent::Cut {
        event,
        text,
        pieces,
    }
}
