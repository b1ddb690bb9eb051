//! `session.*`.

use crate::engine::session::Session;
use crate::engine::settings;
use crate::protocol::realtime::{SessionHandler, SessionUpdate, SessionUpdated};

use super::Handled;

impl SessionHandler<Handled> for Session {
    fn session_update(&mut self, event: SessionUpdate) -> Handled {
        let settings = settings::update(
            &self.settings,
            event.session,
            self.conversation.has_assistant_audio(),
        )?;
        let before = std::mem::replace(&mut self.settings, settings);
        let updated = self.settings.clone();
        self.outbox.send(|id| SessionUpdated::new(id, updated));
        self.list_mcp_tools(&before);
        Ok(())
    }
}
