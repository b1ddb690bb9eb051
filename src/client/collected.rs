//! A response, put together from its events.

use bytes::{Bytes, BytesMut};

use crate::protocol::CallId;
use crate::protocol::realtime::{Response, ServerEvent};

/// All of a response.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CollectedResponse {
    /// What it says in text.
    pub text: String,
    /// What it says in speech.
    pub transcript: String,
    /// Its speech, in the session's output encoding.
    pub audio: Bytes,
    /// The functions it calls.
    pub calls: Vec<CollectedCall>,
    /// The response object at its end.
    pub response: Response,
    /// Every event that came until its end, those beside it too.
    pub events: Vec<ServerEvent>,
}

/// A call of a function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CollectedCall {
    /// The function.
    pub name: String,
    /// The id to answer it with.
    pub call_id: CallId,
    /// Its arguments, as JSON text.
    pub arguments: String,
}

impl CollectedResponse {
    /// Adds an event; says whether the response is at its end.
    pub(super) fn take(&mut self, event: ServerEvent) -> bool {
        let mut over = false;
        match &event {
            ServerEvent::ResponseOutputTextDelta(delta) => self.text.push_str(&delta.delta),
            ServerEvent::ResponseOutputAudioTranscriptDelta(delta) => {
                self.transcript.push_str(&delta.delta);
            }
            ServerEvent::ResponseOutputAudioDelta(delta) => self.add_audio(delta.delta.bytes()),
            ServerEvent::ResponseFunctionCallArgumentsDone(call) => {
                self.calls.push(CollectedCall {
                    name: call.name.clone(),
                    call_id: call.call_id.clone(),
                    arguments: call.arguments.clone(),
                });
            }
            ServerEvent::ResponseDone(done) => {
                self.response = done.response.clone();
                over = true;
            }
            _ => {}
        }
        self.events.push(event);
        over
    }

    fn add_audio(&mut self, delta: &Bytes) {
        let audio = std::mem::take(&mut self.audio);
        let mut audio = BytesMut::from(audio);
        audio.extend_from_slice(delta);
        self.audio = audio.freeze();
    }
}
