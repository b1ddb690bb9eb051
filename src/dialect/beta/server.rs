//! The engine's events in the words of the beta.

use crate::protocol::beta::{self, ServerEvent as BetaEvent, ServerEventKind as BetaKind};
use crate::protocol::realtime::{
    RateLimit, RateLimitName, Response, ResponseAudioOutput, ResponseStatus, ServerEvent,
    ServerEventKind, Session, SessionCreated, SessionUpdated,
};
use crate::protocol::{Event, Patch};

use super::{Beta, items, params, session};

/// The event of the beta that stands for one of GA. Exhaustive on purpose; for a session that only
/// transcribes the events of the session are those of `transcription_session`.
pub fn kind_of(kind: ServerEventKind) -> Option<BetaKind> {
    use ServerEventKind as Ga;
    Some(match kind {
        Ga::SessionCreated => BetaKind::SessionCreated,
        Ga::SessionUpdated => BetaKind::SessionUpdated,
        Ga::ConversationCreated => BetaKind::ConversationCreated,
        Ga::ConversationItemAdded => BetaKind::ConversationItemCreated,
        // One event for what GA tells in two; and the one of GA's document would be the second.
        Ga::ConversationItemDone | Ga::ConversationItemCreated => return None,
        // The beta has nothing for these.
        Ga::InputAudioBufferDtmfEventReceived | Ga::InputAudioBufferTimeoutTriggered => {
            return None;
        }
        Ga::ConversationItemDeleted => BetaKind::ConversationItemDeleted,
        Ga::ConversationItemRetrieved => BetaKind::ConversationItemRetrieved,
        Ga::ConversationItemTruncated => BetaKind::ConversationItemTruncated,
        Ga::ConversationItemInputAudioTranscriptionCompleted => {
            BetaKind::ConversationItemInputAudioTranscriptionCompleted
        }
        Ga::ConversationItemInputAudioTranscriptionDelta => {
            BetaKind::ConversationItemInputAudioTranscriptionDelta
        }
        Ga::ConversationItemInputAudioTranscriptionFailed => {
            BetaKind::ConversationItemInputAudioTranscriptionFailed
        }
        Ga::ConversationItemInputAudioTranscriptionSegment => {
            BetaKind::ConversationItemInputAudioTranscriptionSegment
        }
        Ga::Error => BetaKind::Error,
        Ga::InputAudioBufferCleared => BetaKind::InputAudioBufferCleared,
        Ga::InputAudioBufferCommitted => BetaKind::InputAudioBufferCommitted,
        Ga::InputAudioBufferSpeechStarted => BetaKind::InputAudioBufferSpeechStarted,
        Ga::InputAudioBufferSpeechStopped => BetaKind::InputAudioBufferSpeechStopped,
        Ga::OutputAudioBufferStarted => BetaKind::OutputAudioBufferStarted,
        Ga::OutputAudioBufferStopped => BetaKind::OutputAudioBufferStopped,
        Ga::OutputAudioBufferCleared => BetaKind::OutputAudioBufferCleared,
        Ga::RateLimitsUpdated => BetaKind::RateLimitsUpdated,
        Ga::ResponseCreated => BetaKind::ResponseCreated,
        Ga::ResponseDone => BetaKind::ResponseDone,
        Ga::ResponseOutputItemAdded => BetaKind::ResponseOutputItemAdded,
        Ga::ResponseOutputItemDone => BetaKind::ResponseOutputItemDone,
        Ga::ResponseContentPartAdded => BetaKind::ResponseContentPartAdded,
        Ga::ResponseContentPartDone => BetaKind::ResponseContentPartDone,
        Ga::ResponseOutputTextDelta => BetaKind::ResponseTextDelta,
        Ga::ResponseOutputTextDone => BetaKind::ResponseTextDone,
        Ga::ResponseOutputAudioDelta => BetaKind::ResponseAudioDelta,
        Ga::ResponseOutputAudioDone => BetaKind::ResponseAudioDone,
        Ga::ResponseOutputAudioTranscriptDelta => BetaKind::ResponseAudioTranscriptDelta,
        Ga::ResponseOutputAudioTranscriptDone => BetaKind::ResponseAudioTranscriptDone,
        Ga::ResponseFunctionCallArgumentsDelta => BetaKind::ResponseFunctionCallArgumentsDelta,
        Ga::ResponseFunctionCallArgumentsDone => BetaKind::ResponseFunctionCallArgumentsDone,
        Ga::ResponseMcpCallArgumentsDelta => BetaKind::ResponseMcpCallArgumentsDelta,
        Ga::ResponseMcpCallArgumentsDone => BetaKind::ResponseMcpCallArgumentsDone,
        Ga::ResponseMcpCallInProgress => BetaKind::ResponseMcpCallInProgress,
        Ga::ResponseMcpCallCompleted => BetaKind::ResponseMcpCallCompleted,
        Ga::ResponseMcpCallFailed => BetaKind::ResponseMcpCallFailed,
        Ga::McpListToolsInProgress => BetaKind::McpListToolsInProgress,
        Ga::McpListToolsCompleted => BetaKind::McpListToolsCompleted,
        Ga::McpListToolsFailed => BetaKind::McpListToolsFailed,
    })
}

impl Beta {
    /// Whether the client is told of such an event.
    pub(in crate::dialect) fn has(&self, event: &ServerEvent) -> bool {
        let is_told = !(self.azure && event.kind() == ServerEventKind::RateLimitsUpdated);
        is_told && kind_of(event.kind()).is_some()
    }

    /// The event as the beta sends it, if it does.
    #[allow(
        clippy::too_many_lines,
        reason = "a line or three an event, and there are 46"
    )]
    pub(in crate::dialect) fn in_words(&mut self, event: ServerEvent) -> Option<BetaEvent> {
        use ServerEvent as Ga;
        if !self.has(&event) {
            return None;
        }
        Some(match event {
            Ga::SessionCreated(event) => self.session_created(event),
            Ga::SessionUpdated(event) => self.session_updated(event),
            Ga::ConversationItemAdded(event) => beta::ConversationItemCreated::from(*event).into(),
            Ga::ConversationItemRetrieved(event) => {
                beta::ConversationItemRetrieved::from(event).into()
            }
            Ga::ConversationItemInputAudioTranscriptionDelta(event) => {
                beta::ConversationItemInputAudioTranscriptionDelta::from(event).into()
            }
            Ga::Error(mut event) => {
                params::translate(&mut event);
                event.into()
            }
            Ga::RateLimitsUpdated(mut event) => {
                event.rate_limits = with_requests(event.rate_limits);
                event.into()
            }
            Ga::ResponseCreated(event) => {
                beta::ResponseCreated::new(event.event_id, self.response(event.response)).into()
            }
            Ga::ResponseDone(event) => {
                beta::ResponseDone::new(event.event_id, self.response(event.response)).into()
            }
            Ga::ResponseOutputItemAdded(event) => {
                beta::ResponseOutputItemAdded::from(*event).into()
            }
            Ga::ResponseOutputItemDone(event) => beta::ResponseOutputItemDone::from(*event).into(),
            Ga::ResponseContentPartAdded(mut event) => {
                event.content = self.azure.then(|| event.part.clone());
                (*event).into()
            }
            Ga::ResponseContentPartDone(mut event) => {
                event.content = self.azure.then(|| event.part.clone());
                (*event).into()
            }
            Ga::ResponseOutputTextDelta(event) => beta::ResponseTextDelta::from(event).into(),
            Ga::ResponseOutputTextDone(event) => beta::ResponseTextDone::from(event).into(),
            Ga::ResponseOutputAudioDelta(event) => beta::ResponseAudioDelta::from(event).into(),
            Ga::ResponseOutputAudioDone(event) => beta::ResponseAudioDone::from(event).into(),
            Ga::ResponseOutputAudioTranscriptDelta(event) => {
                beta::ResponseAudioTranscriptDelta::from(event).into()
            }
            Ga::ResponseOutputAudioTranscriptDone(event) => {
                beta::ResponseAudioTranscriptDone::from(event).into()
            }
            Ga::ResponseFunctionCallArgumentsDelta(event) => {
                beta::ResponseFunctionCallArgumentsDelta::from(event).into()
            }
            Ga::ResponseMcpCallArgumentsDelta(mut event) => {
                event.obfuscation = Patch::Absent;
                event.into()
            }
            Ga::ConversationCreated(event) => event.into(),
            Ga::ConversationItemDeleted(event) => event.into(),
            Ga::ConversationItemTruncated(event) => event.into(),
            Ga::ConversationItemInputAudioTranscriptionCompleted(event) => (*event).into(),
            Ga::ConversationItemInputAudioTranscriptionFailed(event) => event.into(),
            Ga::ConversationItemInputAudioTranscriptionSegment(event) => event.into(),
            Ga::InputAudioBufferCleared(event) => event.into(),
            Ga::InputAudioBufferCommitted(event) => event.into(),
            Ga::InputAudioBufferSpeechStarted(event) => event.into(),
            Ga::InputAudioBufferSpeechStopped(event) => event.into(),
            Ga::OutputAudioBufferStarted(event) => event.into(),
            Ga::OutputAudioBufferStopped(event) => event.into(),
            Ga::OutputAudioBufferCleared(event) => event.into(),
            Ga::ResponseFunctionCallArgumentsDone(event) => event.into(),
            Ga::ResponseMcpCallArgumentsDone(event) => event.into(),
            Ga::ResponseMcpCallInProgress(event) => event.into(),
            Ga::ResponseMcpCallCompleted(event) => event.into(),
            Ga::ResponseMcpCallFailed(event) => event.into(),
            Ga::McpListToolsInProgress(event) => event.into(),
            Ga::McpListToolsCompleted(event) => event.into(),
            Ga::McpListToolsFailed(event) => event.into(),
            Ga::ConversationItemDone(_)
            | Ga::ConversationItemCreated(_)
            | Ga::InputAudioBufferDtmfEventReceived(_)
            | Ga::InputAudioBufferTimeoutTriggered(_) => return None,
        })
    }

    fn session_created(&self, event: SessionCreated) -> BetaEvent {
        match event.session {
            Session::Realtime(session) => {
                let session = session::flat(*session, self.temperature);
                beta::SessionCreated::new(event.event_id, session).into()
            }
            Session::Transcription(session) => {
                let session = session::flat_transcription(*session);
                beta::TranscriptionSessionCreated::new(event.event_id, session).into()
            }
        }
    }

    fn session_updated(&mut self, event: SessionUpdated) -> BetaEvent {
        let temperature = self.updated.pop_front().unwrap_or(self.temperature);
        match event.session {
            Session::Realtime(session) => {
                let session = session::flat(*session, temperature);
                beta::SessionUpdated::new(event.event_id, session).into()
            }
            Session::Transcription(session) => {
                let session = session::flat_transcription(*session);
                beta::TranscriptionSessionUpdated::new(event.event_id, session).into()
            }
        }
    }

    fn response(&mut self, response: Response) -> beta::Response {
        let temperature = self.temperature_of(&response);
        let ResponseAudioOutput { format, voice } = response
            .audio
            .and_then(|audio| audio.output)
            .unwrap_or_default();
        let modalities = response.output_modalities;
        let output = response.output;
        beta::Response {
            object: response.object,
            id: response.id,
            status: response.status,
            status_details: response.status_details,
            output: output.map(|items| items.into_iter().map(items::to_beta).collect()),
            conversation_id: response.conversation_id,
            modalities: modalities.map(|all| session::modalities_to_beta(&all)),
            voice,
            output_audio_format: format.as_ref().map(session::format_to_beta),
            temperature: Some(temperature),
            max_output_tokens: response.max_output_tokens,
            usage: response.usage,
            metadata: response.metadata,
        }
    }

    /// The temperature a response was asked for with, or else the session's.
    fn temperature_of(&mut self, response: &Response) -> f64 {
        let known = self
            .responses
            .iter()
            .position(|(id, _)| Some(id) == response.id.as_ref());
        let is_over = response.status != Some(ResponseStatus::InProgress);
        match known {
            Some(index) if is_over => self.responses.swap_remove(index).1,
            Some(index) => self.responses[index].1,
            None if is_over => self.temperature,
            None => {
                let asked = self.asked.pop_front();
                if let (Some(asked), Some(id)) = (asked, &response.id) {
                    self.responses.push((id.clone(), asked));
                }
                asked.unwrap_or(self.temperature)
            }
        }
    }
}

/// The beta told of requests as well as of tokens.
fn with_requests(limits: Vec<RateLimit>) -> Vec<RateLimit> {
    let names = |limit: &RateLimit| limit.name == Some(RateLimitName::Requests);
    if limits.is_empty() || limits.iter().any(names) {
        return limits;
    }
    let requests = RateLimit {
        name: Some(RateLimitName::Requests),
        limit: Some(5_000),
        remaining: Some(4_999),
        reset_seconds: Some(0.012),
    };
    std::iter::once(requests).chain(limits).collect()
}
