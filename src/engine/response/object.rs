//! The response object, and what `response.create` asks for.

use crate::audio::Encoding;
use crate::engine::conversation::{Conversation, id_of};
use crate::engine::refusal::Refusal;
use crate::engine::session::Session;
use crate::protocol::realtime::{
    AudioOutput, ConversationItem, McpCall, RealtimeSession, Response, ResponseAudio,
    ResponseAudioOutput, ResponseConversation, ResponseInputItem, ResponseObject, ResponseParams,
    ResponseStatus, Voice, VoiceOrCustom,
};
use crate::protocol::{Patch, ResponseId};

/// Whether the response is to run beside the conversation and leave it as it is.
pub(super) fn is_out_of_band(params: &ResponseParams) -> bool {
    matches!(params.conversation, Some(ResponseConversation::None))
}

/// The object at its beginning: the session's settings with what was asked for.
pub(super) fn at_creation(
    session: &RealtimeSession,
    conversation: &Conversation,
    id: &ResponseId,
    params: &ResponseParams,
) -> Response {
    let modalities = params
        .output_modalities
        .clone()
        .or_else(|| session.output_modalities.clone());
    let limit = params
        .max_output_tokens
        .clone()
        .or_else(|| session.max_output_tokens.clone());
    Response {
        object: Some(ResponseObject::RealtimeResponse),
        id: Some(id.clone()),
        status: Some(ResponseStatus::InProgress),
        status_details: Patch::Null,
        output: Some(Vec::new()),
        conversation_id: Patch::from((!is_out_of_band(params)).then(|| conversation.id().clone())),
        output_modalities: modalities,
        max_output_tokens: limit,
        audio: Some(ResponseAudio {
            output: Some(audio_output(session, params)),
        }),
        usage: Patch::Null,
        metadata: match &params.metadata {
            Patch::Value(metadata) => Patch::Value(metadata.clone()),
            _ => Patch::Null,
        },
    }
}

/// The session's audio output but for its speed, with what was asked for instead.
fn audio_output(session: &RealtimeSession, params: &ResponseParams) -> ResponseAudioOutput {
    let AudioOutput { format, voice, .. } = session
        .audio
        .as_ref()
        .and_then(|audio| audio.output.clone())
        .unwrap_or_default();
    let asked = params
        .audio
        .as_ref()
        .and_then(|audio| audio.output.clone())
        .unwrap_or_default();
    let asked_voice = asked.voice.map(|voice| match voice {
        VoiceOrCustom::Voice(voice) => voice,
        VoiceOrCustom::Custom(custom) => Voice::from(custom.id.as_str()),
    });
    ResponseAudioOutput {
        format: asked.format.or(format),
        voice: asked_voice.or(voice),
    }
}

/// How the response's audio is encoded.
pub(super) fn output_encoding(response: &Response) -> Encoding {
    let format = response
        .audio
        .as_ref()
        .and_then(|audio| audio.output.as_ref()?.format.as_ref());
    format.map_or(Encoding::Pcm16, Encoding::of)
}

impl Session {
    /// The conversation that `input` makes for this response alone, if there is one.
    pub(super) fn context_of(
        &self,
        params: &ResponseParams,
    ) -> Result<Option<Conversation>, Refusal> {
        let Some(input) = &params.input else {
            return Ok(None);
        };
        let mut context = Conversation::new(self.conversation.id().clone());
        for item in input {
            let mut item = self.referred_to(item)?;
            let id = id_of(&mut item).clone();
            if !id.is_empty() && context.index_of(&id).is_some() {
                return Err(Refusal::duplicate_item(&id));
            }
            context.insert(context.len(), id, item);
        }
        Ok(Some(context))
    }

    /// The item itself, or the conversation's item that is referred to.
    fn referred_to(&self, item: &ResponseInputItem) -> Result<ConversationItem, Refusal> {
        use ResponseInputItem as Input;
        Ok(match item {
            Input::ItemReference(reference) => {
                let item = self.conversation.item(&reference.id).cloned();
                return item.ok_or_else(|| Refusal::no_item_to_refer_to(&reference.id));
            }
            Input::Message(item) => item.clone().into(),
            Input::FunctionCall(item) => item.clone().into(),
            Input::FunctionCallOutput(item) => item.clone().into(),
            Input::McpApprovalResponse(item) => item.clone().into(),
            Input::McpListTools(item) => item.clone().into(),
            Input::McpCall(item) => McpCall::clone(item).into(),
            Input::McpApprovalRequest(item) => item.clone().into(),
        })
    }
}
