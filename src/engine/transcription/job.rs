//! Transcripts on their way: what is sent next, and when.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use crate::engine::pieces::pieces;
use crate::protocol::ItemId;
use crate::protocol::realtime::{Transcription, TranscriptionModel};

use super::{Transcript, TranscriptSegment, TranscriptionFailure, TranscriptionPace, as_told};

/// The transcription of one item.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) item_id: ItemId,
    pub(super) config: Transcription,
    pub(super) duration: Duration,
    pub(super) logprobs: bool,
    pub(super) transcript: Transcript,
    /// What the deltas say together.
    pub(super) said: String,
    steps: VecDeque<Step>,
    next_at: Duration,
    pace: Duration,
}

/// An event of a transcription.
#[derive(Debug)]
pub(super) enum Step {
    /// A piece of what is said, by bytes.
    Delta(Range<usize>),
    /// What one speaker said, and which it is, from 1.
    Segment(usize, TranscriptSegment),
    Completed,
    Failed(TranscriptionFailure),
}

/// What a transcription is asked for.
#[derive(Debug)]
pub(in crate::engine) struct Order {
    pub(in crate::engine) item_id: ItemId,
    pub(in crate::engine) config: Transcription,
    pub(in crate::engine) duration: Duration,
    pub(in crate::engine) logprobs: bool,
    /// What the client was told while the user spoke.
    pub(in crate::engine) told: String,
}

impl Job {
    fn new(
        order: Order,
        outcome: Result<Transcript, TranscriptionFailure>,
        pace: TranscriptionPace,
        now: Duration,
    ) -> Self {
        let mut job = Self {
            item_id: order.item_id,
            config: order.config,
            duration: order.duration,
            logprobs: order.logprobs,
            transcript: Transcript::default(),
            said: String::new(),
            steps: VecDeque::new(),
            next_at: now.saturating_add(pace.first),
            pace: pace.next,
        };
        match outcome {
            Ok(transcript) => job.plan(transcript, &order.told),
            Err(failure) => job.steps.push_back(Step::Failed(failure)),
        }
        job
    }

    fn plan(&mut self, transcript: Transcript, told: &str) {
        match &self.config.model {
            Some(TranscriptionModel::Whisper1) => {
                self.say_whole(&transcript.text);
            }
            Some(TranscriptionModel::Gpt4oTranscribeDiarize) => {
                let segments = segments(&transcript, self.duration);
                // The deltas make up the transcript, whatever of it the segments have.
                let mut rest = transcript.text.as_str();
                for (number, segment) in (1..).zip(segments) {
                    let found = rest.find(&segment.text);
                    let end = found.map_or(0, |start| start + segment.text.len());
                    let (said, after) = rest.split_at(end);
                    self.say(said);
                    self.steps.push_back(Step::Segment(number, segment));
                    rest = after;
                }
                self.say(rest);
            }
            _ => {
                let all = as_told(&self.config, &transcript.text);
                // Who was heard otherwise at last than at first is not contradicted in deltas.
                self.say(all.strip_prefix(told).unwrap_or_default());
            }
        }
        self.steps.push_back(Step::Completed);
        self.transcript = transcript;
    }

    /// As a delta a piece.
    fn say(&mut self, text: &str) {
        for piece in pieces(text) {
            self.say_whole(piece);
        }
    }

    /// As one delta.
    fn say_whole(&mut self, text: &str) {
        if !text.is_empty() {
            let start = self.said.len();
            self.said.push_str(text);
            self.steps.push_back(Step::Delta(start..self.said.len()));
        }
    }
}

/// Who said what: one speaker everything, if the transcript does not say.
fn segments(transcript: &Transcript, duration: Duration) -> Vec<TranscriptSegment> {
    if !transcript.segments.is_empty() || transcript.text.is_empty() {
        return transcript.segments.clone();
    }
    vec![TranscriptSegment {
        speaker: "spk_1".to_owned(),
        text: transcript.text.clone(),
        start: Duration::ZERO,
        end: duration,
    }]
}

/// All transcriptions under way, oldest first.
#[derive(Debug)]
pub(in crate::engine) struct Jobs {
    jobs: Vec<Job>,
    pace: TranscriptionPace,
}

impl Jobs {
    pub(in crate::engine) fn new(pace: TranscriptionPace) -> Self {
        Self {
            jobs: Vec::new(),
            pace,
        }
    }

    /// Begins to send an outcome.
    pub(in crate::engine) fn start(
        &mut self,
        order: Order,
        outcome: Result<Transcript, TranscriptionFailure>,
        now: Duration,
    ) {
        self.jobs.push(Job::new(order, outcome, self.pace, now));
    }

    /// When the next event is due.
    pub(in crate::engine) fn next_at(&self) -> Option<Duration> {
        self.jobs.iter().map(|job| job.next_at).min()
    }

    /// Lets `send` have the next step that is due. Says whether there was one.
    pub(super) fn step(&mut self, now: Duration, send: impl FnOnce(&Job, Step)) -> bool {
        let due = self.jobs.iter_mut().enumerate();
        let Some((index, job)) = due.min_by_key(|(_, job)| job.next_at) else {
            return false;
        };
        if job.next_at > now {
            return false;
        }
        job.next_at = job.next_at.saturating_add(job.pace);
        if let Some(step) = job.steps.pop_front() {
            send(job, step);
        }
        if job.steps.is_empty() {
            self.jobs.remove(index);
        }
        true
    }
}
