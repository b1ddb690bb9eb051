//! When each response began and ended.

use std::time::Duration;

use crate::protocol::ResponseId;
use crate::protocol::realtime::{ResponseStatus, ServerEvent};

use super::entry::{Entry, Frame};

/// A response's times, counted from the start of its session.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseTimes {
    /// Which session of the mock, from 0.
    pub session: usize,
    /// The response.
    pub id: ResponseId,
    /// When it was created.
    pub created: Duration,
    /// When its first delta of text, speech or arguments was sent.
    pub first_delta: Option<Duration>,
    /// When it was done; `None` while it is on its way.
    pub done: Option<Duration>,
    /// How it ended.
    pub status: Option<ResponseStatus>,
}

impl ResponseTimes {
    /// How long it took.
    pub fn duration(&self) -> Option<Duration> {
        self.done.map(|done| done.saturating_sub(self.created))
    }
}

/// The responses in these entries, in the order in which they were created.
pub(super) fn responses<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<ResponseTimes> {
    let mut all: Vec<ResponseTimes> = Vec::new();
    for entry in entries {
        let Frame::Server(event) = &entry.frame else {
            continue;
        };
        if let ServerEvent::ResponseCreated(event) = event {
            all.extend(event.response.id.clone().map(|id| ResponseTimes {
                session: entry.session,
                id,
                created: entry.at,
                first_delta: None,
                done: None,
                status: None,
            }));
        }
        let Some(id) = goes_on(event) else { continue };
        // Those on their way are the last ones.
        let mut newest_first = all.iter_mut().rev();
        let times = newest_first.find(|times| times.session == entry.session && times.id == *id);
        let Some(times) = times else { continue };
        if let ServerEvent::ResponseDone(event) = event {
            times.done = Some(entry.at);
            times.status.clone_from(&event.response.status);
        } else {
            times.first_delta.get_or_insert(entry.at);
        }
    }
    all
}

/// The response that an event is a delta or the end of.
fn goes_on(event: &ServerEvent) -> Option<&ResponseId> {
    match event {
        ServerEvent::ResponseOutputTextDelta(event) => Some(&event.response_id),
        ServerEvent::ResponseOutputAudioDelta(event) => Some(&event.response_id),
        ServerEvent::ResponseOutputAudioTranscriptDelta(event) => Some(&event.response_id),
        ServerEvent::ResponseFunctionCallArgumentsDelta(event) => Some(&event.response_id),
        ServerEvent::ResponseMcpCallArgumentsDelta(event) => Some(&event.response_id),
        ServerEvent::ResponseDone(event) => event.response.id.as_ref(),
        _ => None,
    }
}
