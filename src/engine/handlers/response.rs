//! `response.*`.

use crate::engine::refusal::Refusal;
use crate::engine::session::Session;
use crate::protocol::realtime::{
    ResponseCancel, ResponseCreate, ResponseHandler, ResponseStatusReason,
};

use super::Handled;

impl ResponseHandler<Handled> for Session {
    fn response_cancel(&mut self, event: ResponseCancel) -> Handled {
        let reason = ResponseStatusReason::ClientCancelled;
        let cancelled = match &event.response_id {
            Some(id) => self.cancel_response(id, reason),
            None => self.interrupt(reason),
        };
        if cancelled {
            Ok(())
        } else {
            Err(Refusal::no_response_to_cancel())
        }
    }

    fn response_create(&mut self, event: ResponseCreate) -> Handled {
        self.create_response(&event.response.into_value().unwrap_or_default(), None)
    }
}
