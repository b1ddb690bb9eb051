//! The protocol: events and types as the schema has them, and how they are read and written.
//!
//! [`realtime`] is generated from `schema/openai-realtime`, [`beta`] from the folder beside it; the
//! rest is the little that generated code stands on. [`decode`] reads an event, [`encode`] writes one; so does `serde_json`, slower.
//!
//! ```
//! use mock_realtime::protocol::{decode, realtime::ClientEvent};
//!
//! let error = decode::<ClientEvent>(r#"{"type":"response.cancel","respnse_id":"r"}"#).unwrap_err();
//! assert_eq!(error.path.to_string(), "respnse_id");
//! ```

mod audio;
#[cfg(feature = "telephony")]
pub mod audiocodes;
pub mod beta;
#[cfg(feature = "telephony")]
mod bounded_text;
mod check;
mod close_code;
mod decode;
mod encode;
mod error;
mod ids;
mod patch;
pub mod realtime;
mod shape;
mod strings;
mod tagged;
#[cfg(feature = "telephony")]
pub mod twilio;

pub use audio::Base64Audio;
pub(crate) use check::check_event;
pub use check::{Mode, Violation, check};
pub use close_code::CloseCode;
#[cfg(feature = "admin")]
pub(crate) use decode::check_strictly;
pub(crate) use decode::decode_body;
pub use decode::{Event, EventKind, EventPayload, UnknownEventType, decode};
pub use encode::encode;
pub use error::{DecodeError, DecodeReason, JsonPath, JsonType, PathSegment};
pub use ids::{CallId, ConversationId, EventId, ItemId, ResponseId, SessionId};
pub use patch::Patch;
pub use shape::{FieldShape, MemberShape, ObjectShape, Shape, Shaped, UnionShape};

#[cfg(feature = "telephony")]
pub(crate) use bounded_text::bounded_text;
pub(crate) use decode::{not_null, object};
pub(crate) use strings::{closed_strings, open_strings};
pub(crate) use tagged::{Tagged, read_tag};
