//! The caller: what they say, press and wait for, frame by frame of their telephone.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use crate::audio::{Clip, Encoding};
use crate::engine::DtmfKey;

use super::record::TELEPHONE;

/// A telephone sends a frame so often.
pub(super) const FRAME: Duration = Duration::from_millis(20);

/// How long a key and the pause after it take.
const KEY: Duration = Duration::from_millis(200);

/// How long a caller waits for an answer to begin before they go on.
const PATIENCE: Duration = Duration::from_secs(10);

/// Something that a caller does.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Says something, whatever the model says meanwhile.
    Say(Speech),
    /// Presses keys, one after the other.
    Press(DtmfKey),
    /// Is silent for a while.
    Pause(Duration),
    /// Waits until the model has been heard for so long.
    HearFor(Duration),
    /// Waits until the model has been heard to its end.
    HearOut,
    /// Hangs up.
    HangUp,
}

/// What a caller says.
#[derive(Clone, Debug)]
pub(super) struct Speech {
    /// In words, where they are known.
    pub(super) text: Option<String>,
    /// As the telephone carries it.
    pub(super) clip: Clip,
}

impl Speech {
    /// A telephone carries 8,000 samples a second in G.711, whatever is said into it.
    pub(super) fn new(text: Option<String>, clip: &Clip) -> Self {
        Self {
            text,
            clip: Clip::from_bytes(&clip.encoded(TELEPHONE), TELEPHONE),
        }
    }
}

/// What comes of a frame's time, beside the audio.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    /// The caller begins to say this, for so long.
    Speaks(Option<String>, Duration),
    Presses(DtmfKey),
    HangsUp,
}

/// A caller on the telephone. Time counts from the moment at which the call was accepted.
#[derive(Debug)]
pub(super) struct Caller {
    steps: VecDeque<Step>,
    doing: Doing,
    /// When they hang up, whatever happens.
    stays_until: Duration,
    hears_since: Option<Duration>,
}

#[derive(Debug)]
enum Doing {
    Nothing,
    Speaking {
        speech: Clip,
        /// The clip in the encoding that the session has at the moment.
        encoded: Option<(Encoding, Bytes)>,
        /// How much of it was said.
        said: Duration,
    },
    Silent {
        until: Duration,
    },
    /// Waits for the model to be heard for so long, or `None` for its end.
    Listening {
        length: Option<Duration>,
        until: Duration,
        heard: bool,
    },
}

impl Caller {
    /// A caller who does this, and stays for so long at most.
    pub(super) fn new(steps: Vec<Step>, stays: Duration) -> Self {
        Self {
            steps: steps.into(),
            doing: Doing::Nothing,
            stays_until: stays,
            hears_since: None,
        }
    }

    /// The model begins to be heard.
    pub(super) fn hears(&mut self, now: Duration) {
        self.hears_since.get_or_insert(now);
    }

    /// The model is not heard any more.
    pub(super) fn hears_nothing(&mut self) {
        self.hears_since = None;
    }

    /// Does what they do at this time, up to what takes time. Until it gives `None`.
    pub(super) fn act(&mut self, now: Duration) -> Option<Act> {
        if now >= self.stays_until {
            self.stays_until = Duration::MAX;
            return Some(Act::HangsUp);
        }
        while self.is_free(now) {
            self.doing = Doing::Nothing;
            match self.steps.pop_front()? {
                Step::Say(speech) => {
                    let length = speech.clip.duration();
                    self.doing = Doing::Speaking {
                        speech: speech.clip,
                        encoded: None,
                        said: Duration::ZERO,
                    };
                    return Some(Act::Speaks(speech.text, length));
                }
                Step::Press(key) => {
                    self.doing = Doing::Silent { until: now + KEY };
                    return Some(Act::Presses(key));
                }
                Step::Pause(length) => {
                    let until = now.saturating_add(length);
                    self.doing = Doing::Silent { until };
                }
                Step::HearFor(length) => self.listen(Some(length), now),
                Step::HearOut => self.listen(None, now),
                Step::HangUp => return Some(Act::HangsUp),
            }
        }
        None
    }

    fn listen(&mut self, length: Option<Duration>, now: Duration) {
        self.doing = Doing::Listening {
            length,
            until: now + PATIENCE,
            heard: false,
        };
    }

    /// Whether they can go on to the next step.
    fn is_free(&mut self, now: Duration) -> bool {
        match &mut self.doing {
            Doing::Nothing => true,
            Doing::Speaking { speech, said, .. } => *said >= speech.duration(),
            Doing::Silent { until } => now >= *until,
            Doing::Listening {
                length,
                until,
                heard,
            } => match (self.hears_since, length) {
                (Some(since), Some(length)) => now.saturating_sub(since) >= *length,
                (Some(_), None) => {
                    *heard = true;
                    false
                }
                (None, _) => *heard || now >= *until,
            },
        }
    }

    /// What the telephone carries of them in the next frame: silence where they say nothing.
    pub(super) fn frame(&mut self, encoding: Encoding) -> Bytes {
        let Doing::Speaking {
            speech,
            encoded,
            said,
        } = &mut self.doing
        else {
            return encoding.silence(FRAME).into();
        };
        if encoded.as_ref().is_none_or(|(known, _)| *known != encoding) {
            *encoded = Some((encoding, speech.encoded(encoding)));
        }
        let bytes = encoded.as_ref().map(|(_, bytes)| bytes.clone());
        let bytes = bytes.unwrap_or_default();
        let begin = encoding.bytes_in(*said).min(bytes.len());
        *said += FRAME;
        let end = encoding.bytes_in(*said).min(bytes.len());
        let mut frame = bytes.slice(begin..end).to_vec();
        let silence = encoding.silence(FRAME);
        // The last frame ends in silence.
        let spoken = frame.len();
        frame.extend_from_slice(silence.get(spoken..).unwrap_or_default());
        frame.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn says(length: Duration) -> Step {
        Step::Say(Speech::new(None, &Clip::tone(300.0, length)))
    }

    /// What the caller does, frame by frame, with the number of the frame.
    fn acts(caller: &mut Caller, frames: u32, model: impl Fn(u32) -> bool) -> Vec<(u32, Act)> {
        let mut acts = Vec::new();
        for number in 0..frames {
            let now = FRAME * number;
            if model(number) {
                caller.hears(now);
            } else {
                caller.hears_nothing();
            }
            while let Some(act) = caller.act(now) {
                acts.push((number, act.clone()));
                if act == Act::HangsUp {
                    return acts;
                }
            }
            assert_eq!(caller.frame(Encoding::Mulaw).len(), 160);
        }
        acts
    }

    #[test]
    fn speech_takes_its_time() {
        let mut caller = Caller::new(vec![says(SECOND), Step::HangUp], 60 * SECOND);
        let acts = acts(&mut caller, 200, |_| false);
        assert_eq!(acts, [(0, Act::Speaks(None, SECOND)), (50, Act::HangsUp)]);
    }

    #[test]
    fn an_answer_is_heard_out_or_interrupted() {
        let heard = |number| (20..70).contains(&number);
        let mut polite = Caller::new(vec![Step::HearOut, Step::HangUp], 60 * SECOND);
        assert_eq!(acts(&mut polite, 200, heard), [(70, Act::HangsUp)]);
        let interrupts = vec![Step::HearFor(SECOND / 2), Step::HangUp];
        let mut rude = Caller::new(interrupts, 60 * SECOND);
        assert_eq!(acts(&mut rude, 200, heard), [(45, Act::HangsUp)]);
    }

    #[test]
    fn nobody_waits_for_ever() {
        let mut caller = Caller::new(vec![Step::HearOut, Step::HangUp], 60 * SECOND);
        assert_eq!(acts(&mut caller, 1_000, |_| false), [(500, Act::HangsUp)]);
        let mut caller = Caller::new(vec![], 3 * SECOND);
        assert_eq!(acts(&mut caller, 1_000, |_| false), [(150, Act::HangsUp)]);
    }

    #[test]
    fn keys_are_pressed_one_after_the_other() {
        let keys = ['1', '#'].map(|key| DtmfKey::new(key).unwrap());
        let mut caller = Caller::new(keys.map(Step::Press).to_vec(), 60 * SECOND);
        let expected = [(0, Act::Presses(keys[0])), (10, Act::Presses(keys[1]))];
        assert_eq!(acts(&mut caller, 100, |_| false), expected);
    }

    #[test]
    fn what_is_said_goes_on_in_another_encoding() {
        let speech = Speech::new(None, &Clip::tone(300.0, SECOND));
        let said = speech.clip.encoded(Encoding::Pcm16);
        let mut caller = Caller::new(vec![Step::Say(speech)], 60 * SECOND);
        assert!(caller.act(Duration::ZERO).is_some());
        caller.frame(Encoding::Mulaw);
        let second = caller.frame(Encoding::Pcm16);
        assert_eq!(second, said[960..1920]);
    }
}
