//! What went over the wire, and what should have.
//!
//! A [`Journal`] keeps every frame both ways; [`Expectations`] are checked against it. Nothing here
//! knows the engine: a journal of a real session is as good. Those of telephone calls are elsewhere, and
//! are [`Evidence`] all the same.

#[cfg(feature = "scenario")]
mod config;
mod entry;
mod evidence;
mod expectation;
mod expected;
mod journal;
mod partial;
mod response;
pub(crate) mod timeline;

#[cfg(feature = "scenario")]
pub use config::{
    ClientType, EntryPattern, EntryType, ExpectationConfig, ExpectationsConfig, Impossible,
    ServerType,
};
pub(crate) use entry::Noted;
#[cfg(feature = "telephony")]
pub(crate) use entry::names;
pub use entry::{Direction, Entry, Fired, Frame, WrittenDirection, WrittenEntry};
pub use evidence::{Evidence, SentEvent};
pub use expectation::{Expect, Expectations, Times, Unmet};
pub use journal::{Journal, Limits};
pub use response::ResponseTimes;
#[cfg(feature = "telephony")]
pub(crate) use timeline::Drawn;
