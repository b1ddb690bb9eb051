//! A whole call: a caller who follows a script, with all that was sent.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::audiocodes::{AudioCodesCaller, AudioCodesOptions};
use super::caller::{Action, Caller, Input, Notes, Output};
use super::journal::{CallFrame, CallJournal, Room, Sender};
use super::lateness::Lateness;
use super::line::{BadLine, Sent};
use super::script::{CallScript, Recogniser, ScriptRun, Turn};
use super::tones::Tones;
use super::track::Track;
use super::twilio::{TwilioCaller, TwilioOptions};
use crate::audio::{AudioError, AudioFault, Clip, save_tracks};

/// Samples a second of what is saved of a call.
const RATE: u32 = 8_000;

/// A call that is not over: a caller who follows a script. A machine without clock or socket, as the
/// caller is; [`dial`](super::dial) and [`dial_over`](super::dial_over) drive it.
pub struct Call {
    caller: Box<dyn Caller>,
    run: ScriptRun,
    journal: CallJournal,
    /// Where something is to go wrong. All that the caller sends goes over it then.
    line: Option<Box<BadLine>>,
    /// What is to be done, each with when it was due where the clock alone had it done.
    outputs: VecDeque<(Option<Duration>, Output)>,
    lateness: Lateness,
    /// Called once, when the call has begun.
    when_begun: Option<Box<dyn FnOnce() + Send>>,
}

impl Call {
    /// A call in which this caller follows a script. The error is an audio file that cannot be read.
    pub fn new(caller: impl Caller + 'static, script: &CallScript) -> Result<Self, AudioError> {
        Self::seeded(caller, 0, script)
    }

    /// The same with a seed of its own for what goes wrong.
    fn seeded(
        caller: impl Caller + 'static,
        seed: u64,
        script: &CallScript,
    ) -> Result<Self, AudioError> {
        let line = script
            .has_faults()
            .then(|| BadLine::new(caller.carrier(), seed, &script.faults));
        Ok(Self {
            run: ScriptRun::new(script, caller.sample_rate())?,
            caller: Box::new(caller),
            journal: CallJournal::default(),
            line: line.map(Box::new),
            outputs: VecDeque::new(),
            lateness: Lateness::default(),
            when_begun: None,
        })
    }

    /// A call over Twilio, with the script's parameters.
    pub fn twilio(mut options: TwilioOptions, script: &CallScript) -> Result<Self, AudioError> {
        let parameters = script.parameters.clone().into_iter();
        options
            .parameters
            .extend(parameters.collect::<BTreeMap<_, _>>());
        let seed = options.seed;
        Self::seeded(TwilioCaller::new(options), seed, script)
    }

    /// A call over AudioCodes, with the script's parameters in the activity `start`.
    pub fn audiocodes(
        mut options: AudioCodesOptions,
        script: &CallScript,
    ) -> Result<Self, AudioError> {
        let parameters = script.parameters.clone().into_iter();
        let parameters = parameters.map(|(name, value)| (name, value.into()));
        options.start_parameters.extend(parameters);
        let seed = options.seed;
        Self::seeded(AudioCodesCaller::new(options), seed, script)
    }

    /// Has words told by this rather than by the script's recordings.
    #[must_use]
    pub fn with_recogniser(mut self, recogniser: impl Recogniser + 'static) -> Self {
        self.run.set_recogniser(Box::new(recogniser));
        self
    }

    /// Puts these tones under all that the caller says.
    pub(super) fn set_tones(&mut self, tones: Tones) {
        self.run.set_tones(tones);
    }

    /// Calls this when the call has begun: when audio flows.
    #[must_use]
    pub fn when_begun(mut self, then: impl FnOnce() + Send + 'static) -> Self {
        self.when_begun = Some(Box::new(then));
        self
    }

    /// Keeps the messages in a room that is shared with other calls.
    pub(super) fn within(mut self, room: Room) -> Self {
        self.journal = CallJournal::within(room);
        self
    }

    /// The headers of the request that opens a connection to the bridge.
    pub fn headers(&self, url: &str) -> Vec<(&'static str, String)> {
        self.caller.headers(url)
    }

    /// Something happens to the call.
    pub fn handle(&mut self, input: Input<'_>, now: Duration) {
        self.advance(now);
        let (by, frame) = match input {
            Input::Opened => (Sender::Carrier, Some(CallFrame::Open)),
            Input::Text(text) => (Sender::Bridge, Some(CallFrame::Text(text.to_owned()))),
            Input::Binary(length) => (Sender::Bridge, Some(CallFrame::Binary(length))),
            Input::Closed { code, reason } => {
                let reason = reason.to_owned();
                (Sender::Bridge, Some(CallFrame::Close { code, reason }))
            }
            Input::Broken(why) | Input::Violated(why) | Input::TurnedAway { reason: why, .. } => {
                let reason = why.to_owned();
                (
                    Sender::Bridge,
                    Some(CallFrame::Close { code: None, reason }),
                )
            }
            Input::Time => (Sender::Carrier, None),
        };
        if let Some(frame) = frame {
            self.journal.note(now, by, frame);
        }
        self.step(input, now);
    }

    fn step(&mut self, input: Input<'_>, now: Duration) {
        if let Some(line) = &mut self.line {
            line.see(input);
        }
        self.caller.handle(input, now);
        self.send(now);
        self.follow(now);
        self.happen(now);
        // Over a good line all leaves as it is, and when it is due.
        let due = matches!(input, Input::Time).then_some(now);
        while let Some(output) = self.caller.poll() {
            self.outputs.push_back((due, output));
        }
        if self.caller.has_begun()
            && let Some(then) = self.when_begun.take()
        {
            then();
        }
    }

    /// Follows the script. What is to go wrong from a step on hits nothing that was sent before it.
    fn follow(&mut self, now: Duration) {
        loop {
            self.run.advance(&mut *self.caller, now);
            self.send(now);
            let (Some(faults), Some(line)) = (self.run.take_faults(), &mut self.line) else {
                return;
            };
            line.add(&faults, now);
        }
    }

    /// Sends what the caller wants sent over the line where something goes wrong.
    fn send(&mut self, now: Duration) {
        while let Some(line) = &mut self.line
            && let Some(output) = self.caller.poll()
        {
            if line.send(output, now, &mut self.journal) == Sent::Broken {
                self.caller.act(Action::Break, now);
            }
        }
    }

    /// Lets go wrong what does so by time.
    fn happen(&mut self, now: Duration) {
        if let Some(line) = &mut self.line
            && line.happen(now, &mut self.journal) == Sent::Broken
        {
            self.caller.act(Action::Break, now);
            self.send(now);
        }
    }

    /// Does what is due before now, each at its own time: so a driver that wakes late changes nothing.
    fn advance(&mut self, now: Duration) {
        while let Some(next) = self.due().filter(|next| *next < now) {
            self.step(Input::Time, next);
        }
    }

    /// When there is something to do.
    fn due(&self) -> Option<Duration> {
        let by_time = self.line.as_ref().and_then(|line| line.next_by_time());
        let all = [self.caller.deadline(), self.run.deadline(), by_time];
        all.into_iter().flatten().min()
    }

    /// What the driver is to do next.
    pub fn poll(&mut self, now: Duration) -> Option<Output> {
        if let Some(line) = &mut self.line {
            return line.arrived(now);
        }
        let (due, output) = self.outputs.pop_front()?;
        if let (Some(due), Output::Text(_)) = (due, &output) {
            self.lateness.note(now.saturating_sub(due));
        }
        self.journal.note_sent(now, &output);
        Some(output)
    }

    /// When it wants to be woken.
    pub fn deadline(&self) -> Option<Duration> {
        let arrival = self.line.as_ref().and_then(|line| line.next_arrival());
        [self.due(), arrival].into_iter().flatten().min()
    }

    /// Whether the call has ended.
    pub fn is_over(&self) -> bool {
        self.caller.notes().ended.is_some()
    }

    /// What came of the call.
    pub fn into_result(self) -> CallResult {
        let mut notes = self.caller.notes().clone();
        if let Some(line) = self.line {
            notes.happenings.extend(line.into_happenings());
            notes.happenings.sort_by_key(|(at, _)| *at);
        }
        CallResult {
            turns: self.run.turns().to_vec(),
            heard: self.caller.heard().clone(),
            notes,
            journal: self.journal,
            lateness: self.lateness,
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("caller", &self.caller)
            .field("turns", &self.run.turns())
            .finish_non_exhaustive()
    }
}

/// What came of a call.
#[derive(Clone, Debug)]
pub struct CallResult {
    /// The turns, the bridge's greeting first.
    pub turns: Vec<Turn>,
    /// What was heard of the bridge.
    pub heard: Track,
    /// What the caller noted: what was said, what happened, what the bridge did wrong, how it ended.
    pub notes: Notes,
    /// Every message.
    pub journal: CallJournal,
    /// How late this machine was with what the carrier sends at its time.
    pub lateness: Lateness,
}

impl CallResult {
    /// Whether all is as the script says. What the bridge did wrong beside it is in the findings.
    pub fn is_success(&self) -> bool {
        self.turns.iter().all(|turn| turn.failures.is_empty())
    }

    /// How many turns the bridge answered as the script says, the greeting among them.
    pub fn completed_turns(&self) -> usize {
        self.turns.iter().filter(|turn| turn.is_complete()).count()
    }

    /// How long the call lasted.
    pub fn duration(&self) -> Duration {
        let ended = self.notes.ended.as_ref();
        ended.map_or(Duration::ZERO, |ended| ended.at)
    }

    /// What was heard of the bridge's answer in a turn.
    pub fn answer(&self, turn: usize) -> Option<Clip> {
        let answer = self.turns.get(turn)?.answer.clone()?;
        Some(self.heard.clip(answer))
    }

    /// Writes the call as one WAV file: the caller on the left, the bridge on the right.
    pub fn save_stereo(&self, file: impl AsRef<Path>) -> Result<(), AudioError> {
        let end = self.duration().max(self.notes.said.end());
        let times = Duration::ZERO..end;
        let said = self.notes.said.render(times.clone(), RATE);
        let heard = self.heard.render(times, RATE);
        save_tracks(file.as_ref(), &[&said, &heard], RATE)
    }

    /// Writes the bridge's answers as WAV files into a folder, which is made if it is not there:
    /// `greeting.wav`, `turn-01.wav` and so on. The files that were written.
    pub fn save_answers(&self, folder: impl AsRef<Path>) -> Result<Vec<PathBuf>, AudioError> {
        let folder = folder.as_ref();
        std::fs::create_dir_all(folder).map_err(|error| AudioError {
            file: Some(folder.to_owned()),
            reason: AudioFault::Io(error),
        })?;
        let mut files = Vec::new();
        for number in 0..self.turns.len() {
            let Some(clip) = self.answer(number) else {
                continue;
            };
            let file = match number {
                0 => folder.join("greeting.wav"),
                _ => folder.join(format!("turn-{number:02}.wav")),
            };
            clip.save(&file)?;
            files.push(file);
        }
        Ok(files)
    }
}
