//! The events of a transcription.

use std::ops::Range;
use std::time::Duration;

use crate::engine::outbox::Outbox;
use crate::engine::pieces::pieces;
use crate::engine::session::Session;
use crate::protocol::realtime::{
    ConversationItemInputAudioTranscriptionCompleted as Completed,
    ConversationItemInputAudioTranscriptionDelta as Delta,
    ConversationItemInputAudioTranscriptionFailed as Failed,
    ConversationItemInputAudioTranscriptionSegment as Segment, LogProb, TranscriptionDurationUsage,
    TranscriptionError, TranscriptionInputTokenDetails, TranscriptionLanguage, TranscriptionModel,
    TranscriptionTokenUsage, TranscriptionUsage,
};
use crate::protocol::{ItemId, Patch};

use super::job::{Job, Step};
use super::{TranscriptSegment, TranscriptionFailure};

/// Delta and padding together have this many characters, in all recordings.
const PADDED_DELTA: usize = 16;

/// The input audio of a token: 2.796 s were 27 tokens, 1.63 s were 16.
const MS_PER_TOKEN: u128 = 100;

/// The audio is the item's only part.
const CONTENT_INDEX: i64 = 0;

impl Session {
    /// Sends the next event of a transcription if one is due; says whether it did.
    pub(in crate::engine) fn step_transcription(&mut self) -> bool {
        let now = self.now;
        let (jobs, outbox) = (&mut self.input.jobs, &mut self.outbox);
        let mut heard = None;
        let stepped = jobs.step(now, |job, step| match step {
            Step::Delta(range) => send_delta(outbox, job, range),
            Step::Segment(number, segment) => send_segment(outbox, job, number, segment),
            Step::Completed => {
                send_completed(outbox, job);
                heard = Some((job.item_id.clone(), job.transcript.text.clone()));
            }
            Step::Failed(failure) => send_failed(outbox, job, failure),
        });
        if let Some((id, transcript)) = heard {
            self.keep_transcript(&id, transcript);
        }
        stepped
    }
}

fn send_delta(outbox: &mut Outbox, job: &Job, range: Range<usize>) {
    delta(outbox, &job.item_id, &job.said[range], job.logprobs);
}

/// A piece of what is said in an item.
pub(in crate::engine) fn delta(outbox: &mut Outbox, item_id: &ItemId, text: &str, logprobs: bool) {
    let padding = PADDED_DELTA.saturating_sub(text.chars().count());
    let obfuscation = outbox.ids.noise(padding);
    outbox.send(|id| Delta {
        event_id: id,
        item_id: item_id.clone(),
        content_index: Some(CONTENT_INDEX),
        delta: Some(text.to_owned()),
        logprobs: how_sure(logprobs, text),
        obfuscation: Some(obfuscation),
    });
}

fn send_segment(outbox: &mut Outbox, job: &Job, number: usize, segment: TranscriptSegment) {
    outbox.send(|id| {
        Segment::new(
            id,
            job.item_id.clone(),
            CONTENT_INDEX,
            segment.text,
            format!("seg_{number:04}"),
            segment.speaker,
            segment.start.as_secs_f64(),
            segment.end.as_secs_f64(),
        )
    });
}

fn send_completed(outbox: &mut Outbox, job: &Job) {
    let text = &job.transcript.text;
    outbox.send(|id| Completed {
        event_id: id,
        item_id: job.item_id.clone(),
        content_index: CONTENT_INDEX,
        transcript: text.clone(),
        languages: languages(job),
        logprobs: how_sure(job.logprobs, text),
        usage: usage(job),
    });
}

fn send_failed(outbox: &mut Outbox, job: &Job, failure: TranscriptionFailure) {
    let message = failure
        .message
        .unwrap_or_else(|| format!("Input transcription failed for item '{}'.", job.item_id));
    let error = TranscriptionError {
        type_: Some("server_error".to_owned()),
        code: failure.code,
        message: Some(message),
        param: Patch::Null,
    };
    outbox.send(|id| Failed::new(id, job.item_id.clone(), CONTENT_INDEX, error));
}

/// What the transcription cost. By duration for two models as recorded, and, *inferred*, for the
/// one that is their kin; by tokens for the rest.
fn usage(job: &Job) -> TranscriptionUsage {
    match job.config.model {
        Some(
            TranscriptionModel::Whisper1
            | TranscriptionModel::GptRealtimeWhisper
            | TranscriptionModel::GptLiveTranscribe,
        ) => TranscriptionDurationUsage::new(whole_seconds(job.duration)).into(),
        _ => token_usage(job).into(),
    }
}

/// Rounded up, as recorded.
fn whole_seconds(duration: Duration) -> f64 {
    duration.as_secs_f64().ceil()
}

fn token_usage(job: &Job) -> TranscriptionTokenUsage {
    let prompt = job.config.prompt.value();
    let text = prompt.map_or(0, |prompt| tokens(prompt));
    let audio = job.duration.as_millis() / MS_PER_TOKEN;
    let audio = i64::try_from(audio).unwrap_or(i64::MAX);
    let input = text.saturating_add(audio);
    let output = tokens(&job.transcript.text);
    let mut usage = TranscriptionTokenUsage::new(input, output, input.saturating_add(output));
    usage.input_token_details = Some(TranscriptionInputTokenDetails {
        text_tokens: Some(text),
        audio_tokens: Some(audio),
    });
    usage
}

fn tokens(text: &str) -> i64 {
    i64::try_from(pieces(text).count()).unwrap_or(i64::MAX)
}

/// One model tells the languages: those heard, or else those the session expects.
fn languages(job: &Job) -> Option<Vec<TranscriptionLanguage>> {
    if job.config.model != Some(TranscriptionModel::GptTranscribe) {
        return None;
    }
    let heard = &job.transcript.languages;
    let expected = || {
        let one = job.config.language.value().map(std::slice::from_ref);
        job.config.languages.as_deref().or(one).unwrap_or_default()
    };
    let codes = if heard.is_empty() { expected() } else { heard };
    Some(codes.iter().map(TranscriptionLanguage::new).collect())
}

/// How sure the model was of each piece, where the session asks for it.
fn how_sure(wanted: bool, text: &str) -> Patch<Vec<LogProb>> {
    if !wanted {
        return Patch::Absent;
    }
    Patch::Value(pieces(text).map(logprob).collect())
}

/// Made up: rather sure, and equally sure of equal pieces. FNV-1a stirs the bytes.
fn logprob(token: &str) -> LogProb {
    let hash = token.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let bytes: Vec<i64> = token.bytes().map(i64::from).collect();
    // Between -0.25 and just below 0: probabilities from 78 to 100 %.
    LogProb::new(token, -f64::from(hash % 250_000 + 1) / 1e6, bytes)
}
