//! Does a client bear all that the protocol allows? Every server event, in every way it can come.
//!
//! [`variants`] are made of the schema: optional fields that are absent or there, nulls where the
//! service was seen to send them, texts that are long, empty or unusual, numbers that are large, and
//! what the protocol of tomorrow may add: fields, values and events that nobody knows. Each stands at
//! its place in a session that is otherwise as the service's are, so that a client has no reason to
//! complain but the variant itself.
//!
//! A test of a client's own types needs no more than this:
//!
//! ```
//! use mock_realtime::exercise::{Sessions, variants};
//! use mock_realtime::expect::Direction;
//! use mock_realtime::protocol::{decode, realtime::ServerEvent};
//!
//! let unread = |variant: &mock_realtime::exercise::Variant| {
//!     variant.session(1).iter().any(|(by, event)| {
//!         *by == Direction::Server && decode::<ServerEvent>(&event.to_string()).is_err()
//!     })
//! };
//! let valid = variants(Sessions::Conversations)
//!     .filter(|variant| !variant.mutation().is_forward_compatible())
//!     .filter(|variant| variant.event_type() == "response.done");
//! assert_eq!(valid.filter(unread).count(), 0);
//! ```
//!
//! Texts are valid Unicode and numbers exact to 53 bits, as RFC 7493 has it: no service sends half a
//! surrogate pair.

mod changes;
mod difference;
mod edit;
mod flows;
mod mutation;
mod report;
mod schema;
mod session;
mod variant;
mod walk;
mod whole;

use std::fmt;

pub(crate) use difference::difference;
pub use mutation::Mutation;
pub use report::{Outcome, Report, Tried};
pub(crate) use session::{ExercisedSession, Said};
pub use variant::{Variant, variants};
pub(crate) use walk::{Turn, Walk};

/// What the sessions are for that a client is walked through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sessions {
    /// A conversation with a model.
    #[default]
    Conversations,
    /// What is said, written down.
    Transcriptions,
    /// What is said, in another language.
    Translations,
}

impl Sessions {
    /// All of them.
    pub const ALL: [Self; 3] = [
        Self::Conversations,
        Self::Transcriptions,
        Self::Translations,
    ];

    /// Their name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conversations => "conversations",
            Self::Transcriptions => "transcriptions",
            Self::Translations => "translations",
        }
    }
}

impl fmt::Display for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
