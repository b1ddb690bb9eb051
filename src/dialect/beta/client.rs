//! What a client of the beta sends, as an event of GA.

use crate::protocol::beta::{self, ClientEvent as Beta};
use crate::protocol::realtime::{
    ClientEvent, ConversationItemCreate, ResponseAudioConfig, ResponseAudioOutputConfig,
    ResponseCreate, ResponseParams, SessionUpdate,
};

use super::{Beside, Read, items, session};

pub(super) fn read(event: Beta) -> Read {
    let event = match event {
        Beta::SessionUpdate(event) => {
            let temperature = event.session.temperature;
            return Read {
                event: session_update(*event).into(),
                beside: Beside::Session { temperature },
            };
        }
        Beta::TranscriptionSessionUpdate(event) => {
            return Read {
                event: transcription_session_update(*event).into(),
                beside: Beside::Session { temperature: None },
            };
        }
        Beta::ResponseCreate(event) => {
            let temperature = event.response.value().and_then(|it| it.temperature);
            return Read {
                event: response_create(*event).into(),
                beside: Beside::Response { temperature },
            };
        }
        Beta::ConversationItemCreate(event) => item_create(*event).into(),
        Beta::ConversationItemDelete(event) => ClientEvent::from(event),
        Beta::ConversationItemRetrieve(event) => event.into(),
        Beta::ConversationItemTruncate(event) => event.into(),
        Beta::InputAudioBufferAppend(event) => event.into(),
        Beta::InputAudioBufferClear(event) => event.into(),
        Beta::InputAudioBufferCommit(event) => event.into(),
        Beta::OutputAudioBufferClear(event) => event.into(),
        Beta::ResponseCancel(event) => event.into(),
    };
    Read {
        event,
        beside: Beside::Nothing,
    }
}

fn session_update(event: beta::SessionUpdate) -> SessionUpdate {
    SessionUpdate {
        event_id: event.event_id,
        session: session::nested(event.session).into(),
    }
}

fn transcription_session_update(event: beta::TranscriptionSessionUpdate) -> SessionUpdate {
    SessionUpdate {
        event_id: event.event_id,
        session: session::nested_transcription(event.session).into(),
    }
}

fn item_create(event: beta::ConversationItemCreate) -> ConversationItemCreate {
    ConversationItemCreate {
        event_id: event.event_id,
        previous_item_id: event.previous_item_id,
        item: items::to_ga(event.item),
    }
}

fn response_create(event: beta::ResponseCreate) -> ResponseCreate {
    ResponseCreate {
        event_id: event.event_id,
        response: event.response.map(params),
    }
}

fn params(params: beta::ResponseParams) -> ResponseParams {
    let output = ResponseAudioOutputConfig {
        format: params
            .output_audio_format
            .as_ref()
            .map(session::format_to_ga),
        voice: params.voice,
    };
    let is_said = output != ResponseAudioOutputConfig::default();
    ResponseParams {
        output_modalities: params.modalities.map(session::modalities_to_ga),
        instructions: params.instructions,
        audio: is_said.then_some(ResponseAudioConfig {
            output: Some(output),
        }),
        tools: params.tools,
        tool_choice: params.tool_choice,
        max_output_tokens: params.max_output_tokens,
        conversation: params.conversation,
        metadata: params.metadata,
        prompt: params.prompt,
        input: params
            .input
            .map(|input| input.into_iter().map(items::input_to_ga).collect()),
        ..ResponseParams::default()
    }
}
