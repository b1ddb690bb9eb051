//! When the user's turns begin and end.

use std::fmt;
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
    /// If the user does not seem to have said all, so many do.
    pub(super) longest_silence: Option<u64>,
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
            longest_silence: None,
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

    fn semantic(vad: &SemanticVad) -> Self {
        let longest = longest_wait_ms(vad.eagerness.as_ref());
        Self {
            threshold: THRESHOLD,
            prefix_ms: at_least_0(PREFIX_MS),
            silence_windows: windows(longest / PATIENCE),
            longest_silence: Some(windows(longest)),
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

/// How much silence ends a turn of semantic turn detection if the user seems to be in the middle of
/// a sentence: the waits that the documentation names. `auto` is `medium`, as documented.
fn longest_wait_ms(eagerness: Option<&Eagerness>) -> u64 {
    match eagerness {
        Some(Eagerness::Low) => 8_000,
        Some(Eagerness::High) => 2_000,
        _ => 4_000,
    }
}

/// A sentence that seems to be at its end has ended after this part of the longest wait.
/// *Inferred*.
const PATIENCE: u64 = 4;

/// Speech goes on above this part of the threshold it began at: a voice that gets softer at the
/// end of a word, or dips below the threshold in its middle, has not stopped.
const HOLD: f64 = 0.7;

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

/// A pause in a turn of the user, when semantic turn detection has to decide whether it is the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// The turns of the session before this one.
    pub turns_before: u64,
    /// The pauses of this turn before this one that were long enough to be asked about.
    pub pauses_before: u64,
    /// From the beginning of the turn's speech to that of the pause.
    pub speech: Duration,
}

/// Decides, for semantic turn detection, whether the user has said all.
///
/// It is asked once a pause, after a quarter of the longest wait that the session's eagerness
/// allows. If the turn is not over, the longest wait ends it.
///
/// Any closure from a [`Pause`] to a truth is one. This user always goes on after the first pause:
///
/// ```
/// use mock_realtime::engine::{Pause, SessionOptions};
///
/// let options = SessionOptions {
///     end_of_turn: Box::new(|pause: Pause| pause.pauses_before > 0),
///     ..SessionOptions::default()
/// };
/// ```
pub trait EndOfTurn: Send {
    /// Whether the turn is over with this pause.
    fn is_over(&mut self, pause: Pause) -> bool;
}

impl<F> EndOfTurn for F
where
    F: FnMut(Pause) -> bool + Send,
{
    fn is_over(&mut self, pause: Pause) -> bool {
        self(pause)
    }
}

impl fmt::Debug for dyn EndOfTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EndOfTurn")
    }
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
    end_of_turn: Box<dyn EndOfTurn>,
    /// Whether the detector has something to forget.
    has_heard: bool,
    turn: Option<Turn>,
    turns_before: u64,
}

/// A turn under way.
#[derive(Debug, Default)]
struct Turn {
    windows: u64,
    /// Windows without speech since the last one with it.
    silent: u64,
    pauses: u64,
    /// Whether this pause, however long, is not the end.
    goes_on: bool,
}

impl TurnDetector {
    pub(super) fn new(detector: Box<dyn SpeechDetector>, end_of_turn: Box<dyn EndOfTurn>) -> Self {
        Self {
            detector,
            end_of_turn,
            has_heard: false,
            turn: None,
            turns_before: 0,
        }
    }

    /// Takes the next window.
    pub(super) fn hear(&mut self, window: &[i16], sample_rate: u32, vad: &Vad) -> Option<Change> {
        self.has_heard = true;
        let probability = self.detector.probability(window, sample_rate);
        let Some(turn) = &mut self.turn else {
            let begins = probability > vad.threshold;
            self.turn = begins.then(Turn::default);
            return begins.then_some(Change::Started);
        };
        turn.windows += 1;
        if probability > vad.threshold * HOLD {
            turn.silent = 0;
            turn.goes_on = false;
            return None;
        }
        turn.silent += 1;
        let over = self.is_over(vad);
        if over {
            self.end_turn();
        }
        over.then_some(Change::Stopped)
    }

    /// Whether the silence until now ends the turn.
    fn is_over(&mut self, vad: &Vad) -> bool {
        let Some(turn) = &mut self.turn else {
            return false;
        };
        let Some(longest) = vad.longest_silence else {
            return turn.silent >= vad.silence_windows;
        };
        if turn.silent >= longest {
            return true;
        }
        if turn.goes_on || turn.silent < vad.silence_windows {
            return false;
        }
        let speech = (turn.windows + 1 - turn.silent).saturating_mul(WINDOW_MS);
        let over = self.end_of_turn.is_over(Pause {
            turns_before: self.turns_before,
            pauses_before: turn.pauses,
            speech: Duration::from_millis(speech),
        });
        turn.goes_on = !over;
        turn.pauses += 1;
        over
    }

    /// Forgets the turn under way; the detector goes on.
    pub(super) fn end_turn(&mut self) {
        if self.turn.take().is_some() {
            self.turns_before += 1;
        }
    }

    /// What comes next does not follow on what was heard. The turn under way goes on.
    pub(super) fn start_afresh(&mut self) {
        if std::mem::take(&mut self.has_heard) {
            self.detector.reset();
        }
    }
}
