//! What the frames of a connection are: whose events, and what of them a fault needs to know.

use serde_json::{Map, Value};

use crate::expect::Direction;
use crate::protocol::realtime::{
    ClientEvent, ClientEventKind, ServerEventKind, TranslationClientEventKind,
    TranslationServerEventKind,
};
use crate::protocol::{Event, EventKind, Mode, ObjectShape, beta, check_event};
#[cfg(feature = "telephony")]
use crate::protocol::{audiocodes, twilio};

use super::random::Random;

/// The key of a Realtime event's own id, which refers to nothing anyway.
const EVENT_ID: &str = "event_id";

/// Whose words a connection speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Wire {
    /// The Realtime API's, in any dialect.
    #[default]
    Realtime,
    /// Those of Twilio to a bridge.
    #[cfg(feature = "telephony")]
    Twilio,
    /// Those of AudioCodes to a bot.
    #[cfg(feature = "telephony")]
    AudioCodes,
}

impl Wire {
    /// The key of an event's type.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::Realtime => ClientEvent::TAG,
            #[cfg(feature = "telephony")]
            Self::Twilio => twilio::CarrierMessage::TAG,
            #[cfg(feature = "telephony")]
            Self::AudioCodes => audiocodes::CarrierMessage::TAG,
        }
    }

    /// The shape that an event of this side has: that of the dialect in which it is valid.
    pub(super) fn shape_of(
        self,
        event: &Map<String, Value>,
        side: Direction,
    ) -> Option<&'static ObjectShape> {
        let name = event.get(self.tag())?.as_str()?;
        let known = match (self, side) {
            (Self::Realtime, Direction::Client) => vec![
                shape_named::<ClientEventKind>(name),
                shape_named::<TranslationClientEventKind>(name),
                shape_named::<beta::ClientEventKind>(name),
            ],
            (Self::Realtime, Direction::Server) => vec![
                shape_named::<ServerEventKind>(name),
                shape_named::<TranslationServerEventKind>(name),
                shape_named::<beta::ServerEventKind>(name),
            ],
            #[cfg(feature = "telephony")]
            (Self::Twilio, _) => vec![shape_named::<twilio::CarrierMessageKind>(name)],
            #[cfg(feature = "telephony")]
            (Self::AudioCodes, _) => vec![shape_named::<audiocodes::CarrierMessageKind>(name)],
        };
        known
            .into_iter()
            .flatten()
            .find(|shape| check_event(event, shape, self.tag(), Mode::Open).is_ok())
    }

    /// Whether a field of this name has the id of something.
    pub(super) fn is_id(self, key: &str) -> bool {
        match self {
            Self::Realtime => (key == "id" || key.ends_with("_id")) && key != EVENT_ID,
            #[cfg(feature = "telephony")]
            Self::Twilio | Self::AudioCodes => {
                key == "id" || key.ends_with("Id") || key.ends_with("Sid")
            }
        }
    }

    /// An id of nothing that looks like this one.
    pub(super) fn wrong_id(self, id: &str, random: &mut Random) -> String {
        match self {
            Self::Realtime => {
                let prefix = id.rfind('_').map_or("", |at| &id[..=at]);
                random.id(prefix)
            }
            #[cfg(feature = "telephony")]
            Self::Twilio | Self::AudioCodes => random.hexadecimal_like(id),
        }
    }

    /// An event of this type, which there is not, that comes before `next`.
    pub(super) fn unknown_event(self, name: &str, next: &str, random: &mut Random) -> String {
        let mut event = Map::new();
        event.insert(self.tag().to_owned(), name.into());
        if self == Self::Realtime {
            event.insert(EVENT_ID.to_owned(), random.id("event_").into());
        } else {
            // The connection's id is in all messages of a call, and in this one.
            let next: Map<String, Value> = serde_json::from_str(next).unwrap_or_default();
            event.extend(next.into_iter().filter(|(key, _)| self.is_id(key)));
        }
        Value::Object(event).to_string()
    }

    /// The type of a message that a carrier sends.
    #[cfg(feature = "telephony")]
    pub(crate) fn type_of(self, text: &str) -> Option<&'static str> {
        let message: Map<String, Value> = serde_json::from_str(text).ok()?;
        let name = message.get(self.tag())?.as_str()?;
        match self {
            Self::Realtime => None,
            Self::Twilio => known::<twilio::CarrierMessageKind>(name),
            Self::AudioCodes => known::<audiocodes::CarrierMessageKind>(name),
        }
    }
}

fn shape_named<K: EventKind>(name: &str) -> Option<&'static ObjectShape> {
    K::from_type(name).map(K::shape)
}

#[cfg(feature = "telephony")]
fn known<K: EventKind>(name: &str) -> Option<&'static str> {
    K::from_type(name).map(K::as_str)
}
