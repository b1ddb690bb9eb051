//! MCP servers: what the model's side finds on them.
//!
//! The order is that of the published descriptions; no recording has it, so all of it is inferred.

use crate::protocol::realtime::{
    McpListTools, McpListToolsCompleted, McpListToolsFailed, McpListToolsInProgress,
    McpListToolsTool, McpTool, Session as SessionObject, Tool,
};

use super::session::Session;
use super::settings;

impl Session {
    /// Lists the tools of the servers that are new in the session.
    pub(super) fn list_mcp_tools(&mut self, before: &SessionObject) {
        let before = settings::tools(before);
        let now = settings::tools(&self.settings).to_vec();
        for tool in now.into_iter().filter(|tool| !before.contains(tool)) {
            if let Tool::Mcp(server) = tool {
                self.list_tools_of(&server);
            }
        }
    }

    /// A server has other tools from now on.
    pub(super) fn change_mcp_tools(&mut self, label: String, tools: Vec<McpListToolsTool>) {
        let server = settings::tools(&self.settings)
            .iter()
            .find_map(|tool| match tool {
                Tool::Mcp(server) if server.server_label == label => Some((**server).clone()),
                _ => None,
            });
        self.mcp_servers.insert(label, tools);
        if let Some(server) = server {
            self.list_tools_of(&server);
        }
    }

    fn list_tools_of(&mut self, server: &McpTool) {
        let item = self.outbox.ids.item();
        self.outbox
            .send(|id| McpListToolsInProgress::new(id, item.clone()));
        let Some(tools) = self.mcp_servers.get(&server.server_label).cloned() else {
            self.outbox.send(|id| McpListToolsFailed::new(id, item));
            return;
        };
        let mut list = McpListTools::new(server.server_label.as_str(), allowed(server, tools));
        list.id = Some(item.clone());
        self.add_item(self.conversation.len(), item.clone(), list.into());
        self.outbox.send(|id| McpListToolsCompleted::new(id, item));
    }
}

/// The tools the session may use.
fn allowed(server: &McpTool, tools: Vec<McpListToolsTool>) -> Vec<McpListToolsTool> {
    use crate::protocol::realtime::McpAllowedTools;
    let names = match server.allowed_tools.value() {
        Some(McpAllowedTools::Names(names)) => Some(names),
        Some(McpAllowedTools::Filter(filter)) => filter.tool_names.as_ref(),
        None => None,
    };
    match names {
        Some(names) => tools
            .into_iter()
            .filter(|tool| names.contains(&tool.name))
            .collect(),
        None => tools,
    }
}
