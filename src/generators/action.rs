//! What happens beside a response.

use crate::protocol::realtime::{McpListToolsTool, RateLimit};

/// Something that happens before or after a response, or instead of one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// An `error` event.
    Error(PlannedError),
    /// The session ends and its connection is closed. Nothing happens after it.
    Close {
        /// The WebSocket close code: 1000 to 4999.
        code: u16,
        /// The close reason.
        reason: String,
    },
    /// The limits that `rate_limits.updated` tells from now on.
    RateLimits(Vec<RateLimit>),
    /// An MCP server has these tools from now on. A session that has the server lists them anew.
    McpTools {
        /// The server's label.
        server_label: String,
        /// Its tools.
        tools: Vec<McpListToolsTool>,
    },
}

/// An `error` event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlannedError {
    /// The kind of error: `server_error`, `invalid_request_error`.
    pub kind: String,
    /// The code for programs.
    pub code: Option<String>,
    /// The message for people.
    pub message: String,
    /// The parameter that is to blame.
    pub param: Option<String>,
}
