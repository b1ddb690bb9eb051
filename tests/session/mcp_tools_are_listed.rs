//! MCP servers in the session: their tools are listed, or cannot be.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use crate::support::transcript;
use mock_realtime::engine::SessionOptions;
use mock_realtime::protocol::realtime::McpListToolsTool;
use serde_json::Map;

fn library() -> SessionOptions {
    let tool = |name: &str| McpListToolsTool::new(name, Map::new());
    let servers = [(
        "library".to_owned(),
        vec![tool("find_book"), tool("lend_book")],
    )];
    SessionOptions {
        mcp_servers: servers.into(),
        ..SessionOptions::default()
    }
}

#[test]
fn a_server_with_tools() {
    transcript::check("mcp_list_tools", library());
}

#[test]
fn a_server_that_cannot_be_reached() {
    transcript::check("mcp_list_tools_failed", library());
}
