//! Responses and transcriptions that go wrong.

use crate::engine::{Heard, Transcriber, Transcript, TranscriptionFailure};
use crate::generators::{
    Ending, ResponseGenerator, ResponsePlan, ResponseRequest, Scripted, Warnings,
};

use super::connection::ConnectionFaults;

/// A generator some of whose responses go wrong. Those that fail do not ask the generator inside.
pub(super) struct FaultyGenerator {
    inside: Box<dyn ResponseGenerator>,
    faults: ConnectionFaults,
}

impl FaultyGenerator {
    pub(super) fn put_before(
        generator: &mut Box<dyn ResponseGenerator>,
        faults: &ConnectionFaults,
    ) {
        let inside = std::mem::replace(generator, Box::new(Scripted::default()));
        let faults = faults.clone();
        *generator = Box::new(Self { inside, faults });
    }
}

impl ResponseGenerator for FaultyGenerator {
    fn generate(&mut self, request: ResponseRequest<'_>) -> ResponsePlan {
        match self.faults.response() {
            None => self.inside.generate(request),
            Some(ending @ Ending::Failed { .. }) => ResponsePlan {
                ending,
                ..ResponsePlan::default()
            },
            Some(ending) => ResponsePlan {
                ending,
                ..self.inside.generate(request)
            },
        }
    }

    fn warnings(&self) -> Option<Warnings> {
        self.inside.warnings()
    }
}

/// A transcriber some of whose turns fail. Those do not ask the transcriber inside.
pub(super) struct FaultyTranscriber {
    inside: Box<dyn Transcriber>,
    faults: ConnectionFaults,
}

impl FaultyTranscriber {
    pub(super) fn put_before(transcriber: &mut Box<dyn Transcriber>, faults: &ConnectionFaults) {
        let nobody = |_: Heard<'_>| Ok(Transcript::default());
        let inside = std::mem::replace(transcriber, Box::new(nobody));
        let faults = faults.clone();
        *transcriber = Box::new(Self { inside, faults });
    }
}

impl Transcriber for FaultyTranscriber {
    fn transcribe(&mut self, heard: Heard<'_>) -> Result<Transcript, TranscriptionFailure> {
        match self.faults.transcription() {
            None => self.inside.transcribe(heard),
            Some(fail) => Err(TranscriptionFailure {
                code: fail.code,
                message: fail.message,
            }),
        }
    }

    fn transcribe_so_far(&mut self, heard: Heard<'_>) -> Option<String> {
        self.inside.transcribe_so_far(heard)
    }
}
