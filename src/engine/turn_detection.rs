//! When the user's turns begin and end.

use std::time::Duration;

use crate::audio::SpeechDetector;
use crate::protocol::realtime::{Eagerness, SemanticVad, ServerVad, TurnDetection};

use super::input_audio::{KEPT_SILENCE_MS, MAX_BUFFERED_MS, WINDOW_MS};

/// What is more likely than this is speech, where the client cannot say.
const THRESHOLD: f64 = 0.5;

/// What is kept from before the speech, where the client cannot say.
const PREFIX_MS: i64 = 300;

/// What ends a turn if the session does not say; it always does.
const SILENCE_MS: i64 = 500;

/// Turn detection as the session has it, in what the engine needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Vad {
    pub(super) threshold: f64,
    /// What is kept from before the speech.
    pub(super) prefix_ms: u64,
    /// So many windows of silence end a turn; at least one.
    pub(super) silence_windows: u64,
    pub(super) create_response: bool,
    pub(super) interrupt_response: bool,
    pub(super) idle_timeout: Option<Duration>,
}

impl Vad {
    pub(super) fn of(settings: &TurnDetection) -> Self {
        match settings {
            TurnDetection::ServerVad(vad) => Self::server(vad),
            TurnDetection::SemanticVad(vad) => Self::semantic(vad),
        }
    }

    fn server(vad: &ServerVad) -> Self {
        Self {
            threshold: vad.threshold.unwrap_or(THRESHOLD),
            prefix_ms: at_least_0(vad.prefix_padding_ms.unwrap_or(PREFIX_MS)),
            silence_windows: windows(at_least_0(vad.silence_duration_ms.unwrap_or(SILENCE_MS))),
            create_response: vad
                .create_response
                .unwrap_or(ServerVad::DEFAULT_CREATE_RESPONSE),
            interrupt_response: vad
                .interrupt_response
                .unwrap_or(ServerVad::DEFAULT_INTERRUPT_RESPONSE),
            idle_timeout: vad
                .idle_timeout_ms
                .value()
                .copied()
                .map(Duration::from_millis),
        }
    }

    /// *Inferred*: nobody judges here whether a sentence is at its end, so that silence has to do.
    fn semantic(vad: &SemanticVad) -> Self {
        Self {
            threshold: THRESHOLD,
            prefix_ms: at_least_0(PREFIX_MS),
            silence_windows: windows(patience_ms(vad.eagerness.as_ref())),
            create_response: vad
                .create_response
                .unwrap_or(SemanticVad::DEFAULT_CREATE_RESPONSE),
            interrupt_response: vad
                .interrupt_response
                .unwrap_or(SemanticVad::DEFAULT_INTERRUPT_RESPONSE),
            idle_timeout: None,
        }
    }

    /// So many milliseconds of silence before a turn may still be asked for.
    pub(super) fn kept_silence_ms(&self) -> u64 {
        let idle = self.idle_timeout.map_or(0, idle_ms);
        // A turn begins a window before it is heard.
        let prefix = self.prefix_ms.saturating_add(WINDOW_MS);
        KEPT_SILENCE_MS.max(prefix).max(idle).min(MAX_BUFFERED_MS)
    }
}

/// How much silence ends a turn of semantic turn detection. *Inferred*: a quarter of the longest
/// waits the documentation names, 8, 4 and 2 s, which are for users who seem to be in the middle
/// of a sentence. `auto` is `medium`, as documented.
fn patience_ms(eagerness: Option<&Eagerness>) -> u64 {
    match eagerness {
        Some(Eagerness::Low) => 2_000,
        Some(Eagerness::High) => 500,
        _ => 1_000,
    }
}

/// How far back an idle timeout reaches, in whole windows: 6 s gave 6,016 ms in the one example
/// there is.
pub(super) fn idle_ms(timeout: Duration) -> u64 {
    let ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
    windows(ms).saturating_mul(WINDOW_MS)
}

fn windows(ms: u64) -> u64 {
    ms.div_ceil(WINDOW_MS).max(1)
}

fn at_least_0(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or_default()
}

/// What a window of audio changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Change {
    /// Somebody speaks since this window.
    Started,
    /// The turn is over with this window.
    Stopped,
}

/// Hears speech begin and end.
#[derive(Debug)]
pub(super) struct TurnDetector {
    detector: Box<dyn SpeechDetector>,
    /// Whether the detector has something to forget.
    has_heard: bool,
    /// Windows without speech since the last one with it; `None` between turns.
    silent: Option<u64>,
}

impl TurnDetector {
    pub(super) fn new(detector: Box<dyn SpeechDetector>) -> Self {
        Self {
            detector,
            has_heard: false,
            silent: None,
        }
    }

    /// Takes the next window.
    pub(super) fn hear(&mut self, window: &[i16], sample_rate: u32, vad: &Vad) -> Option<Change> {
        self.has_heard = true;
        let speech = self.detector.probability(window, sample_rate) > vad.threshold;
        let silent = match self.silent {
            None if speech => {
                self.silent = Some(0);
                return Some(Change::Started);
            }
            None => return None,
            Some(_) if speech => 0,
            Some(silent) => silent + 1,
        };
        let over = silent >= vad.silence_windows;
        self.silent = (!over).then_some(silent);
        over.then_some(Change::Stopped)
    }

    /// Forgets the turn under way; the detector goes on.
    pub(super) fn end_turn(&mut self) {
        self.silent = None;
    }

    /// What comes next does not follow on what was heard. The turn under way goes on.
    pub(super) fn start_afresh(&mut self) {
        if std::mem::take(&mut self.has_heard) {
            self.detector.reset();
        }
    }
}
