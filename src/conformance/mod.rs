//! Is this the protocol? Frames against the schema, and sessions against the rules of order.
//!
//! Nothing here knows the engine: a session of the real service, or of any other server, is checked
//! as one of the mock is.

mod frames;
mod log;
mod order;
mod report;
mod rules;
mod violation;

pub use frames::{Schema, validate};
pub use log::{LogEntry, LogError, read_log};
pub use order::SessionOrder;
pub use report::{Checked, Finding, Report};
pub use rules::{RULES, Rule};
pub use violation::Violation;
