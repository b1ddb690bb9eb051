//! What the commands do, a file a command.

pub(crate) mod coverage;
