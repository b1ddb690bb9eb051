//! `response.*`.

use crate::engine::coverage;
use crate::engine::refusal::Refusal;
use crate::engine::session::Session;
use crate::generators::ResponseRequest;
use crate::protocol::realtime::{
    AudioOutput, Modality, Response, ResponseAudio, ResponseAudioOutput, ResponseCancel,
    ResponseConversation, ResponseCreate, ResponseHandler, ResponseObject, ResponseParams,
    ResponseStatus,
};
use crate::protocol::{EventPayload, Patch, ResponseId};

use super::Handled;

impl ResponseHandler<Handled> for Session {
    fn response_cancel(&mut self, _: ResponseCancel) -> Handled {
        coverage::not_handled(ResponseCancel::KIND)
    }

    fn response_create(&mut self, event: ResponseCreate) -> Handled {
        if let Some(active) = &self.active {
            return Err(Refusal::active_response(active.id()));
        }
        let params = event.response.unwrap_or_default();
        if matches!(params.conversation, Some(ResponseConversation::None)) || params.input.is_some()
        {
            return Err(Refusal::not_handled("responses outside the conversation"));
        }
        let id = self.outbox.ids.response();
        let response = self.response_object(&id, &params);
        if response.output_modalities.as_deref() != Some(&[Modality::Text]) {
            return Err(Refusal::not_handled(
                "responses in audio; ask for `output_modalities` [\"text\"]",
            ));
        }
        let plan = self.generator.generate(ResponseRequest {
            session: &self.settings,
            conversation: &self.conversation,
            params: &params,
        });
        self.begin_response(response, id, plan);
        Ok(())
    }
}

impl Session {
    /// The response object at its beginning: the session's settings with what was asked for.
    fn response_object(&self, id: &ResponseId, params: &ResponseParams) -> Response {
        let modalities = params
            .output_modalities
            .clone()
            .or_else(|| self.settings.output_modalities.clone());
        let limit = params
            .max_output_tokens
            .clone()
            .or_else(|| self.settings.max_output_tokens.clone());
        let output = self
            .settings
            .audio
            .as_ref()
            .and_then(|audio| audio.output.clone())
            .unwrap_or_default();
        Response {
            object: Some(ResponseObject::RealtimeResponse),
            id: Some(id.clone()),
            status: Some(ResponseStatus::InProgress),
            status_details: Patch::Null,
            output: Some(Vec::new()),
            conversation_id: Some(self.conversation.id().clone()),
            output_modalities: modalities,
            max_output_tokens: limit,
            audio: Some(ResponseAudio {
                output: Some(audio_output(output)),
            }),
            usage: Patch::Null,
            metadata: match &params.metadata {
                Patch::Value(metadata) => Patch::Value(metadata.clone()),
                _ => Patch::Null,
            },
        }
    }
}

/// A response shows the session's audio output but for its speed.
fn audio_output(output: AudioOutput) -> ResponseAudioOutput {
    ResponseAudioOutput {
        format: output.format,
        voice: output.voice,
    }
}
