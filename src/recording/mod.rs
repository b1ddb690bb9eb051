//! Sessions on file: what a proxy writes, and what a replay and a scenario are made of. With the
//! feature `recording`.
//!
//! A recording is a log as [`read_log`](crate::conformance::read_log) reads it, in any of its shapes.
//! One that a [`Proxy`](crate::proxy::Proxy) has written is lines of JSON:
//!
//! | `dir` | what the line has |
//! | --- | --- |
//! | `open` | the first line: the `request` of the client, its keys redacted, and what else was `redacted` |
//! | `c2s`, `s2c` | an `event`, and in `t` when, in milliseconds from the first line |
//! | `close` | the end: `by` which side, or `proxy` where that ended, and in `event` the code and the reason; the code is null where the connection broke |
//! | `note` | what was not recorded, and why |

mod read;
mod redact;
mod write;

pub use read::{RecordedClose, RecordedSession, Recording, RecordingError};
pub use redact::Redaction;
pub(crate) use redact::Redactor;
pub(crate) use write::{Tape, Transfer};
