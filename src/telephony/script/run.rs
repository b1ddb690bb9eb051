//! A script in a call.

use std::sync::Arc;
use std::time::Duration;

use super::ear::{Ear, TICK};
use super::model::{CallScript, CallStep, ExpectConfig, SayConfig, Sound, WaitConfig, WaitFor};
use super::result::{Failure, Turn};
use super::sounds::{Recogniser, Sounds, known};
use crate::audio::AudioError;
use crate::faults::CallFaults;
use crate::telephony::caller::{Action, Caller, Party};
use crate::telephony::tones::Tones;

/// How long a call may last.
const LONGEST: u32 = 120_000;
/// How long the caller waits for the bridge.
const PATIENCE: u32 = 10_000;
/// So much around an answer is looked at for its words.
const MARGIN: Duration = Duration::from_millis(300);
/// How long a silence is.
const SILENCE: u32 = 800;

/// A script that is followed in a call: a machine without a clock, like the caller it moves.
#[derive(Debug)]
pub(in crate::telephony) struct ScriptRun {
    steps: Arc<[CallStep]>,
    sounds: Sounds,
    recogniser: Option<Box<dyn Recogniser>>,
    longest: Duration,
    /// The step that is taken, from 0.
    at: usize,
    doing: Doing,
    ear: Ear,
    /// The last one is the one that goes on.
    turns: Vec<Turn>,
    /// What is to go wrong, once somebody has taken it. No step is taken before.
    faults: Option<CallFaults>,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Doing {
    /// The call has not begun.
    NotYet,
    /// The next step can be taken.
    Ready,
    /// Something is being said.
    Saying,
    /// The bridge has to do something, by then.
    Waiting { until: Duration },
    /// Nothing is done until then.
    Silent { until: Duration },
    /// All is done, or the call is over.
    Done,
}

fn ms(milliseconds: u32) -> Duration {
    Duration::from_millis(milliseconds.into())
}

impl ScriptRun {
    pub(in crate::telephony) fn new(script: &CallScript, rate: u32) -> Result<Self, AudioError> {
        let recogniser = known(script)?;
        Ok(Self {
            steps: script.steps.as_slice().into(),
            sounds: Sounds::of(script, rate)?,
            recogniser: recogniser.map(|known| Box::new(known) as Box<dyn Recogniser>),
            longest: ms(script.longest_ms.unwrap_or(LONGEST)),
            at: 0,
            doing: Doing::NotYet,
            ear: Ear::default(),
            turns: vec![Turn::default()],
            faults: None,
        })
    }

    pub(in crate::telephony) fn set_recogniser(&mut self, recogniser: Box<dyn Recogniser>) {
        self.recogniser = Some(recogniser);
    }

    /// What is to go wrong from now on, before the script can go on.
    pub(in crate::telephony) fn take_faults(&mut self) -> Option<CallFaults> {
        self.faults.take()
    }

    /// Puts these under all that is said.
    pub(in crate::telephony) fn set_tones(&mut self, tones: Tones) {
        self.sounds.tones = Some(tones);
    }

    pub(in crate::telephony) fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// When it wants to be woken: while the call lasts, 50 times a second.
    pub(in crate::telephony) fn deadline(&self) -> Option<Duration> {
        match self.doing {
            Doing::Done => None,
            Doing::NotYet => Some(self.longest),
            _ => Some(self.longest.min(self.ear.at + TICK)),
        }
    }

    /// Does what is due now.
    pub(in crate::telephony) fn advance(&mut self, caller: &mut dyn Caller, now: Duration) {
        if self.doing == Doing::Done {
            return;
        }
        if self.doing == Doing::NotYet && caller.has_begun() {
            self.begin(now);
        }
        while self.doing != Doing::NotYet && self.ear.at + TICK <= now {
            self.listen(caller);
        }
        if caller.notes().ended.is_some() {
            return self.finish(caller, now);
        }
        if now >= self.longest {
            self.fail(
                now,
                format!("the call lasts longer than {:?}", self.longest),
            );
            caller.act(Action::HangUp, now);
            return self.finish(caller, now);
        }
        while self.is_under_way() && self.take_step(caller, now) {}
    }

    /// Whether the next step can be looked at.
    fn is_under_way(&self) -> bool {
        !matches!(self.doing, Doing::NotYet | Doing::Done) && self.faults.is_none()
    }

    fn begin(&mut self, now: Duration) {
        self.doing = Doing::Ready;
        self.ear.at = now;
        if let Some(turn) = self.turns.last_mut() {
            turn.began = now;
        }
    }

    /// Listens to the next 20 ms, and notes what of the turn it is.
    fn listen(&mut self, caller: &dyn Caller) {
        let begin = self.ear.at;
        let was_speaking = self.ear.speaking_for().is_some();
        let sound = self.ear.listen(caller.heard());
        let is_speaking = self.ear.speaking_for().is_some();
        let Some(turn) = self.turns.last_mut() else {
            return;
        };
        let interrupted = turn.barged_in && turn.answer.is_none() && turn.cut.is_none();
        if interrupted {
            // What was interrupted is heard to its end; what comes after a pause is the answer.
            if was_speaking && !is_speaking {
                turn.cut = Some(self.ear.at.saturating_sub(self.ear.silent_for()));
            }
        } else if sound {
            let end = self.ear.at;
            turn.answer.get_or_insert(begin..end).end = end;
        }
    }

    /// Takes the step where it stands; whether it is done, so that the next one can be taken.
    fn take_step(&mut self, caller: &mut dyn Caller, now: Duration) -> bool {
        let steps = Arc::clone(&self.steps);
        let Some(step) = steps.get(self.at) else {
            caller.act(Action::HangUp, now);
            self.finish(caller, now);
            return false;
        };
        let done = match step {
            CallStep::Say(say) => self.say(&say.0, false, caller, now),
            CallStep::BargeIn(barge_in) => {
                let until = self.wait_until(barge_in.within_ms, now);
                match self.ear.speaking_for() {
                    _ if self.doing == Doing::Saying => {
                        self.say(&barge_in.say.0, true, caller, now)
                    }
                    Some(time) if time >= ms(barge_in.after_ms) => {
                        self.doing = Doing::Ready;
                        self.say(&barge_in.say.0, true, caller, now)
                    }
                    _ if now >= until => {
                        self.fail(
                            now,
                            "the bridge did not speak long enough to be interrupted".to_owned(),
                        );
                        true
                    }
                    _ => false,
                }
            }
            CallStep::Press(keys) => {
                self.open_turn(now);
                if let Some(turn) = self.turns.last_mut() {
                    turn.pressed = Some(keys.as_str().to_owned());
                }
                caller.act(Action::Press(keys.as_str().to_owned()), now);
                true
            }
            CallStep::WaitFor(wait) => self.wait(**wait, now),
            CallStep::SilentMs(milliseconds) => {
                if let Doing::Silent { until } = self.doing {
                    now >= until
                } else {
                    let until = now + ms(*milliseconds);
                    self.doing = Doing::Silent { until };
                    now >= until
                }
            }
            CallStep::Expect(expected) => {
                self.check(expected, caller, now);
                true
            }
            CallStep::GapMs(milliseconds) => {
                caller.act(Action::Gap(ms(*milliseconds)), now);
                true
            }
            CallStep::Faults(faults) => {
                self.faults = Some(faults.clone());
                true
            }
            CallStep::Break => {
                caller.act(Action::Break, now);
                true
            }
            CallStep::HangUp => {
                caller.act(Action::HangUp, now);
                self.at += 1;
                self.finish(caller, now);
                return false;
            }
        };
        if done {
            self.at += 1;
            self.doing = Doing::Ready;
        }
        done
    }

    fn say(
        &mut self,
        say: &SayConfig,
        barged_in: bool,
        caller: &mut dyn Caller,
        now: Duration,
    ) -> bool {
        if self.doing != Doing::Saying {
            self.doing = Doing::Saying;
            self.open_turn(now);
            if let Some(turn) = self.turns.last_mut() {
                turn.barged_in = barged_in;
                turn.words = match &say.sound {
                    Sound::Text(text) => Some(text.clone()),
                    Sound::File(_) => None,
                };
            }
            caller.act(
                Action::Say(self.sounds.clip(say, caller.sample_rate())),
                now,
            );
        }
        let said = caller.notes().said.stretches().last();
        let Some(turn) = self.turns.last_mut() else {
            return true;
        };
        if let Some(said) = said.filter(|said| said.end() > turn.began) {
            turn.said = Some(said.start().max(turn.began)..said.end());
        }
        let ended = turn.said.as_ref().map_or(now, |said| said.end);
        !caller.is_speaking() && now >= ended
    }

    fn open_turn(&mut self, now: Duration) {
        if let Some(turn) = self.turns.last_mut() {
            turn.ended = now;
        }
        self.turns.push(Turn {
            began: now,
            ended: now,
            step: Some(self.at),
            ..Turn::default()
        });
    }

    fn wait_until(&mut self, within_ms: Option<u32>, now: Duration) -> Duration {
        if let Doing::Waiting { until } = self.doing {
            return until;
        }
        let until = now + ms(within_ms.unwrap_or(PATIENCE));
        if self.doing == Doing::Ready {
            self.doing = Doing::Waiting { until };
        }
        until
    }

    fn wait(&mut self, wait: WaitConfig, now: Duration) -> bool {
        let until = self.wait_until(wait.within_ms, now);
        let silence = ms(wait.silence_ms.unwrap_or(SILENCE));
        let is_silent = self.ear.silent_for() >= silence;
        let answered = self.turns.last().is_some_and(|turn| turn.answer.is_some());
        let (is_there, missed) = match wait.what {
            WaitFor::Speech => (
                self.ear.speaking_for().is_some(),
                "the bridge did not speak",
            ),
            WaitFor::Reply if !answered => (false, "the bridge did not reply"),
            WaitFor::Reply => (is_silent, "the bridge did not come to an end"),
            WaitFor::Silence => (is_silent, "the bridge was not silent"),
        };
        if !is_there && now >= until {
            let within = wait.within_ms.unwrap_or(PATIENCE);
            self.fail(now, format!("{missed} within {within} ms"));
            return true;
        }
        is_there
    }

    fn check(&mut self, expected: &ExpectConfig, caller: &dyn Caller, now: Duration) {
        let Some(turn) = self.turns.last() else {
            return;
        };
        let mut failures = Vec::new();
        let mut at_most =
            |what: &str, found: Option<Duration>, most: Option<u32>| match (most, found) {
                (Some(most), Some(found)) if found > ms(most) => failures.push(format!(
                    "{what}: expected at most {most} ms, found {} ms",
                    found.as_millis()
                )),
                (Some(_), None) => failures.push(format!("{what}: there is no answer")),
                _ => {}
            };
        let lasts = turn
            .answer
            .as_ref()
            .map(|answer| answer.end.saturating_sub(answer.start));
        at_most(
            "time to the answer",
            turn.latency(),
            expected.answered_within_ms,
        );
        at_most("time to silence", turn.cut_off(), expected.cut_within_ms);
        at_most("length of the answer", lasts, expected.at_most_ms);
        if let Some(least) = expected.at_least_ms {
            let found = lasts.unwrap_or_default();
            if found < ms(least) {
                let found = found.as_millis();
                failures.push(format!(
                    "length of the answer: expected at least {least} ms, found {found} ms"
                ));
            }
        }
        if expected.no_answer && turn.answer.is_some() {
            failures.push("expected no answer, and there is one".to_owned());
        }
        if expected.hung_up {
            failures.push("expected the bridge to hang up, but the call goes on".to_owned());
        }
        if !expected.words.is_empty() {
            // Words begin and end more softly than what counts as a sound.
            let times = match &turn.answer {
                Some(answer) => answer.start.saturating_sub(MARGIN)..answer.end + MARGIN,
                None => turn.began..turn.began,
            };
            failures.extend(self.missing_words(expected, times, caller));
        }
        for failure in failures {
            self.fail(now, failure);
        }
    }

    /// What is wrong with the words in what was heard.
    fn missing_words(
        &self,
        expected: &ExpectConfig,
        times: std::ops::Range<Duration>,
        caller: &dyn Caller,
    ) -> Vec<String> {
        let Some(recogniser) = &self.recogniser else {
            return vec![
                "nobody can tell the words: give the script `recordings`, or the call a recogniser"
                    .to_owned(),
            ];
        };
        let heard = recogniser.words(&caller.heard().clip(times));
        let heard = heard.unwrap_or_default();
        let missing = expected.words.iter().filter(|words| !words.is_in(&heard));
        missing
            .map(|words| format!("expected to hear {:?}, heard {heard:?}", words.as_str()))
            .collect()
    }

    fn fail(&mut self, at: Duration, message: String) {
        let step = self.at;
        if let Some(turn) = self.turns.last_mut() {
            turn.failures.push(Failure { step, at, message });
        }
    }

    /// The call is over. What is left of the script could not be done, unless it is an end.
    fn finish(&mut self, caller: &dyn Caller, now: Duration) {
        self.doing = Doing::Done;
        let by = caller.notes().ended.as_ref().map(|ended| ended.by);
        let steps = Arc::clone(&self.steps);
        for step in steps.iter().skip(self.at) {
            let is_an_end = match step {
                CallStep::HangUp => true,
                CallStep::Expect(expected) => expected.hung_up && by == Some(Party::Bridge),
                _ => false,
            };
            if !is_an_end {
                let by = by.map_or_else(String::new, |by| format!(", ended by the {by}"));
                self.fail(now, format!("the call was over{by}"));
                break;
            }
            self.at += 1;
        }
        if let Some(turn) = self.turns.last_mut() {
            turn.ended = now;
        }
    }
}
