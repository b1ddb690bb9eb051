//! The user's audio, as the server hears it.

use std::collections::HashMap;

use serde_json::Value;

use crate::protocol::realtime::ServerEventKind;

use super::super::rules::{
    SPEECH_COMMITTED, SPEECH_PAIRS, SPEECH_TIMES, TRANSCRIPT_ONCE, TRANSCRIPT_WHOLE,
};
use super::Report;
use super::items::Items;

/// What was heard so far.
#[derive(Debug, Default)]
pub(super) struct Input {
    speech: Speech,
    /// When speech last started and stopped, in milliseconds.
    start: u64,
    stop: u64,
    transcripts: HashMap<String, Transcript>,
}

/// Whether somebody speaks.
#[derive(Debug, Default)]
enum Speech {
    #[default]
    None,
    /// Yes, under this item.
    Started(String),
    /// No longer; this item is to be committed.
    Stopped(String),
}

impl Speech {
    fn is_of(&self, item: &Value) -> bool {
        match self {
            Self::None => false,
            Self::Started(id) | Self::Stopped(id) => item == id.as_str(),
        }
    }
}

/// What was said of a transcript.
#[derive(Debug, Default)]
struct Transcript {
    deltas: Option<String>,
    over: bool,
}

impl Input {
    pub(super) fn see(
        &mut self,
        kind: ServerEventKind,
        event: &Value,
        items: &Items,
        report: &mut Report,
    ) {
        use ServerEventKind as Kind;
        match kind {
            Kind::InputAudioBufferSpeechStarted => self.started(event, report),
            Kind::InputAudioBufferSpeechStopped => self.stopped(event, report),
            Kind::InputAudioBufferCommitted => self.committed(event, report),
            Kind::InputAudioBufferCleared => self.speech = Speech::None,
            Kind::ConversationItemInputAudioTranscriptionDelta
            | Kind::ConversationItemInputAudioTranscriptionSegment
            | Kind::ConversationItemInputAudioTranscriptionCompleted
            | Kind::ConversationItemInputAudioTranscriptionFailed
                // Some models tell what is said before there is an item.
                if self.speech.is_of(&event["item_id"])
                    || items.has(&event["item_id"], "item_id", report) =>
            {
                self.transcribed(kind, event, report);
            }
            _ => {}
        }
    }

    fn started(&mut self, event: &Value, report: &mut Report) {
        // The padding before it may reach into the speech before.
        not_before(
            self.start,
            &event["audio_start_ms"],
            "audio_start_ms",
            report,
        );
        self.start = event["audio_start_ms"].as_u64().unwrap_or(self.start);
        let id = event["item_id"].as_str().unwrap_or_default().to_owned();
        match std::mem::replace(&mut self.speech, Speech::Started(id)) {
            Speech::None => {}
            Speech::Started(before) => {
                report.breaks(
                    &SPEECH_PAIRS,
                    "",
                    format!("{before} has not stopped"),
                    "speech that begins",
                );
            }
            Speech::Stopped(before) => {
                let found = format!("{before} was not committed");
                report.breaks(
                    &SPEECH_COMMITTED,
                    "",
                    found,
                    "it is committed before the next begins",
                );
            }
        }
    }

    fn stopped(&mut self, event: &Value, report: &mut Report) {
        let least = self.start.max(self.stop);
        not_before(least, &event["audio_end_ms"], "audio_end_ms", report);
        self.stop = event["audio_end_ms"].as_u64().unwrap_or(self.stop);
        let id = event["item_id"].as_str().unwrap_or_default().to_owned();
        match std::mem::replace(&mut self.speech, Speech::Stopped(id.clone())) {
            Speech::Started(started) if started == id => {}
            Speech::Started(started) => {
                report.breaks(&SPEECH_PAIRS, "item_id", id, &started);
                // What follows goes by the first name.
                self.speech = Speech::Stopped(started);
            }
            Speech::None | Speech::Stopped(_) => {
                report.breaks(
                    &SPEECH_PAIRS,
                    "",
                    "nobody speaks",
                    "speech that has started",
                );
            }
        }
    }

    /// Turns are not looked for any more: one that was under way is forgotten.
    pub(super) fn stop_listening(&mut self) {
        self.speech = Speech::None;
    }

    fn committed(&mut self, event: &Value, report: &mut Report) {
        let id = event["item_id"].as_str().unwrap_or_default();
        let speech = std::mem::take(&mut self.speech);
        if let Speech::Stopped(stopped) = speech
            && stopped != id
        {
            report.breaks(&SPEECH_COMMITTED, "item_id", id, stopped);
        }
    }

    fn transcribed(&mut self, kind: ServerEventKind, event: &Value, report: &mut Report) {
        let part = format!("{}/{}", event["item_id"], event["content_index"]);
        let transcript = self.transcripts.entry(part).or_default();
        if transcript.over {
            report.breaks(
                &TRANSCRIPT_ONCE,
                "",
                "it is over",
                "a transcription that is on its way",
            );
            return;
        }
        if kind == ServerEventKind::ConversationItemInputAudioTranscriptionDelta {
            let deltas = transcript.deltas.get_or_insert_default();
            deltas.push_str(event["delta"].as_str().unwrap_or_default());
            return;
        }
        transcript.over = kind != ServerEventKind::ConversationItemInputAudioTranscriptionSegment;
        // Some models send no deltas.
        if let (Some(whole), Some(deltas)) = (event["transcript"].as_str(), &transcript.deltas)
            && whole.trim() != deltas.trim()
        {
            report.breaks(
                &TRANSCRIPT_WHOLE,
                "transcript",
                format!("{whole:?}"),
                format!("{deltas:?}, as the deltas"),
            );
        }
    }
}

fn not_before(least: u64, ms: &Value, path: &str, report: &mut Report) {
    if let Some(ms) = ms.as_u64()
        && ms < least
    {
        report.breaks(&SPEECH_TIMES, path, ms, format!("{least} or later"));
    }
}
