//! `session.*`.

use crate::engine::refusal::Refusal;
use crate::engine::session::Session;
use crate::engine::settings;
use crate::protocol::realtime::{
    Session as SessionObject, SessionConfig, SessionHandler, SessionUpdate, SessionUpdated,
};

use super::Handled;

impl SessionHandler<Handled> for Session {
    fn session_update(&mut self, event: SessionUpdate) -> Handled {
        let update = match event.session {
            SessionConfig::Realtime(update) => *update,
            SessionConfig::Transcription(_) => {
                return Err(Refusal::other_session_type("transcription", "realtime"));
            }
        };
        let settings = settings::update(
            &self.settings,
            update,
            self.conversation.has_assistant_audio(),
        )?;
        let before = std::mem::replace(&mut self.settings, settings);
        let updated = self.settings.clone();
        self.outbox
            .send(|id| SessionUpdated::new(id, SessionObject::from(updated)));
        self.list_mcp_tools(before.tools.as_deref().unwrap_or_default());
        Ok(())
    }
}
