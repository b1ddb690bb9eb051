//! An output item: what it holds, and the events of its opening, its pieces and its closing.

use std::ops::Range;
use std::time::Duration;

use crate::audio::Chain;
use crate::generators::PlannedMcpCall;
use crate::protocol::realtime::{
    AssistantContent, AssistantMessage, ContentPart, ConversationItem, FunctionCall, ItemStatus,
    McpApprovalRequest, McpCall, McpCallError, Message, MessagePhase, ResponseContentPartAdded,
    ResponseContentPartDone, ResponseFunctionCallArgumentsDelta, ResponseFunctionCallArgumentsDone,
    ResponseMcpCallArgumentsDelta, ResponseMcpCallArgumentsDone, ResponseMcpCallCompleted,
    ResponseMcpCallFailed, ResponseMcpCallInProgress, ResponseOutputAudioDelta,
    ResponseOutputAudioDone, ResponseOutputAudioTranscriptDelta, ResponseOutputAudioTranscriptDone,
    ResponseOutputTextDelta, ResponseOutputTextDone,
};
use crate::protocol::{Base64Audio, CallId, ItemId, Patch, ResponseId};

use super::super::outbox::Outbox;
use super::speech::Chunks;

/// Delta and padding together have this many characters, in all recordings.
const PADDED_DELTA: usize = 16;

/// An output item on its way.
#[derive(Debug)]
pub(super) struct OutputItem {
    pub(super) id: ItemId,
    pub(super) output_index: i64,
    pub(super) content: Content,
    pub(super) state: State,
    /// Bytes of [`Content::text`] that were sent.
    text_sent: usize,
    /// Bytes of audio that were sent.
    pub(super) audio_sent: usize,
    /// Where the user stopped hearing it, if the client said so before it was done.
    pub(super) heard: Option<Duration>,
}

/// How far an item has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum State {
    Planned,
    Open,
    Closed,
}

/// What an item holds.
#[derive(Debug)]
pub(super) enum Content {
    Text {
        text: String,
        phase: Option<MessagePhase>,
    },
    Speech {
        transcript: String,
        chunks: Chunks,
        phase: Option<MessagePhase>,
    },
    Call {
        name: String,
        call_id: CallId,
        arguments: String,
    },
    McpCall(PlannedMcpCall),
    McpApprovalRequest {
        server_label: String,
        name: String,
        arguments: String,
    },
}

impl Content {
    /// What is sent piece by piece.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text { text, .. } => text,
            Self::Speech { transcript, .. } => transcript,
            Self::Call { arguments, .. } => arguments,
            Self::McpCall(call) => &call.arguments,
            // Sent whole with the item.
            Self::McpApprovalRequest { .. } => "",
        }
    }
}

impl OutputItem {
    pub(super) fn new(id: ItemId, output_index: i64, content: Content) -> Self {
        Self {
            id,
            output_index,
            content,
            state: State::Planned,
            text_sent: 0,
            audio_sent: 0,
            heard: None,
        }
    }

    /// Whether some of its audio was sent and more may follow.
    pub(super) fn is_being_spoken(&self) -> bool {
        self.state == State::Open && self.audio_sent > 0
    }

    /// The item with what was sent of it.
    pub(super) fn item(&self, status: ItemStatus) -> ConversationItem {
        let begun = self.state != State::Planned;
        let said = &self.content.text()[..self.text_sent];
        match &self.content {
            Content::Text { phase, .. } => {
                let content = begun.then(|| AssistantContent::output_text(said));
                self.message(content, status, phase.as_ref())
            }
            Content::Speech { phase, .. } => {
                let content = begun.then(|| AssistantContent::output_audio(said));
                self.message(content, status, phase.as_ref())
            }
            Content::Call { name, call_id, .. } => {
                let mut call = FunctionCall::new(name.as_str(), said);
                call.id = Some(self.id.clone());
                call.status = Some(status);
                call.call_id = Some(call_id.clone());
                call.into()
            }
            Content::McpCall(call) => self.mcp_call(call, said, &status),
            Content::McpApprovalRequest {
                server_label,
                name,
                arguments,
            } => {
                let (label, name, arguments) =
                    (server_label.as_str(), name.as_str(), arguments.as_str());
                McpApprovalRequest::new(self.id.clone(), label, name, arguments).into()
            }
        }
    }

    fn message(
        &self,
        content: Option<AssistantContent>,
        status: ItemStatus,
        phase: Option<&MessagePhase>,
    ) -> ConversationItem {
        let mut message = AssistantMessage::new(Vec::from_iter(content));
        message.id = Some(self.id.clone());
        message.status = Some(status);
        message.phase = phase.cloned();
        Message::from(message).into()
    }

    fn mcp_call(&self, call: &PlannedMcpCall, said: &str, status: &ItemStatus) -> ConversationItem {
        let mut item = McpCall::new(
            self.id.clone(),
            call.server_label.as_str(),
            call.name.as_str(),
            said,
        );
        item.approval_request_id = call
            .approval_request_id
            .clone()
            .map_or(Patch::Absent, Patch::Value);
        if *status == ItemStatus::Completed {
            match &call.outcome {
                Ok(output) => item.output = Patch::Value(output.clone()),
                Err(error) => item.error = Patch::Value(McpCallError::clone(error)),
            }
        }
        item.into()
    }

    /// The events after the item was added.
    pub(super) fn open(&mut self, response: &ResponseId, outbox: &mut Outbox) {
        self.state = State::Open;
        let part = match &self.content {
            Content::Text { .. } => ContentPart::text(""),
            Content::Speech { .. } => ContentPart::audio(""),
            _ => return,
        };
        outbox.send(|id| {
            ResponseContentPartAdded::new(
                id,
                response.clone(),
                self.id.clone(),
                self.output_index,
                0,
                part,
            )
        });
    }

    /// A piece of the text.
    pub(super) fn send_text(
        &mut self,
        range: Range<usize>,
        response: &ResponseId,
        outbox: &mut Outbox,
    ) {
        self.text_sent = range.end;
        let delta = self.content.text()[range].to_owned();
        let padding = PADDED_DELTA.saturating_sub(delta.chars().count());
        let obfuscation = outbox.ids.noise(padding);
        let (response_id, item_id, output_index) =
            (response.clone(), self.id.clone(), self.output_index);
        match &self.content {
            Content::Text { .. } => outbox.send(|event_id| ResponseOutputTextDelta {
                event_id,
                response_id,
                item_id,
                output_index,
                content_index: 0,
                delta,
                obfuscation: Some(obfuscation),
            }),
            Content::Speech { .. } => outbox.send(|event_id| ResponseOutputAudioTranscriptDelta {
                event_id,
                response_id,
                item_id,
                output_index,
                content_index: 0,
                delta,
                obfuscation: Some(obfuscation),
            }),
            Content::Call { call_id, .. } => {
                outbox.send(|event_id| ResponseFunctionCallArgumentsDelta {
                    event_id,
                    response_id,
                    item_id,
                    output_index,
                    call_id: call_id.clone(),
                    delta,
                    obfuscation: Some(obfuscation),
                });
            }
            Content::McpCall(_) => outbox.send(|event_id| ResponseMcpCallArgumentsDelta {
                event_id,
                response_id,
                item_id,
                output_index,
                delta,
                obfuscation: Patch::Value(obfuscation),
            }),
            Content::McpApprovalRequest { .. } => {}
        }
    }

    /// A chunk of the audio, which counts as sent.
    pub(super) fn take_audio(&mut self, chunk: usize, chain: &mut Chain) -> Option<Base64Audio> {
        let Content::Speech { chunks, .. } = &self.content else {
            return None;
        };
        let audio = chunks.get(chunk, chain)?;
        self.audio_sent += audio.len();
        Some(audio)
    }

    /// The event of a chunk of the audio.
    pub(super) fn send_audio(
        &mut self,
        chunk: usize,
        chain: &mut Chain,
        response: &ResponseId,
        outbox: &mut Outbox,
    ) {
        let Some(audio) = self.take_audio(chunk, chain) else {
            return;
        };
        outbox.send(|id| {
            ResponseOutputAudioDelta::new(
                id,
                response.clone(),
                self.id.clone(),
                self.output_index,
                0,
                audio,
            )
        });
    }

    /// The events before the item is done: of its content, with what was sent of it.
    pub(super) fn close(&mut self, response: &ResponseId, outbox: &mut Outbox) {
        self.state = State::Closed;
        let said = self.content.text()[..self.text_sent].to_owned();
        let (response_id, item_id, index) = (response.clone(), self.id.clone(), self.output_index);
        match &self.content {
            Content::Text { .. } => {
                outbox.send(|id| {
                    ResponseOutputTextDone::new(
                        id,
                        response_id.clone(),
                        item_id.clone(),
                        index,
                        0,
                        said.clone(),
                    )
                });
                let part = ContentPart::text(said);
                outbox.send(|id| {
                    ResponseContentPartDone::new(id, response_id, item_id, index, 0, part)
                });
            }
            Content::Speech { .. } => {
                outbox.send(|id| {
                    ResponseOutputAudioDone::new(id, response_id.clone(), item_id.clone(), index, 0)
                });
                outbox.send(|id| {
                    let (response_id, item_id) = (response_id.clone(), item_id.clone());
                    ResponseOutputAudioTranscriptDone::new(
                        id,
                        response_id,
                        item_id,
                        index,
                        0,
                        said.clone(),
                    )
                });
                let part = ContentPart::audio(said);
                outbox.send(|id| {
                    ResponseContentPartDone::new(id, response_id, item_id, index, 0, part)
                });
            }
            Content::Call { name, call_id, .. } => {
                outbox.send(|event_id| ResponseFunctionCallArgumentsDone {
                    event_id,
                    response_id,
                    item_id,
                    output_index: index,
                    call_id: call_id.clone(),
                    name: name.clone(),
                    arguments: said,
                });
            }
            Content::McpCall(_) => {
                outbox.send(|id| {
                    ResponseMcpCallArgumentsDone::new(id, response_id, item_id, index, said)
                });
            }
            Content::McpApprovalRequest { .. } => {}
        }
    }

    /// An MCP call runs after its arguments are known and before the item is done.
    pub(super) fn run_mcp_call(&self, outbox: &mut Outbox) {
        let Content::McpCall(call) = &self.content else {
            return;
        };
        outbox.send(|id| ResponseMcpCallInProgress::new(id, self.output_index, self.id.clone()));
        match &call.outcome {
            Ok(_) => outbox
                .send(|id| ResponseMcpCallCompleted::new(id, self.output_index, self.id.clone())),
            Err(_) => {
                outbox
                    .send(|id| ResponseMcpCallFailed::new(id, self.output_index, self.id.clone()));
            }
        }
    }
}
