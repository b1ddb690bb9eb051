//! Whether calls that are held at once mix: by the tones under each of their voices.

use realfft::RealFftPlanner;

use super::measure::hann;
use super::sound::{heard_by, said_by, samples_of};
use crate::telephony::record::CallRecord;
use crate::telephony::tones::Tones;

/// 80 ms at the rate of telephones: each tone is the middle of a bin.
const WINDOW: usize = 640;
const BIN: f64 = 12.5;

/// From a tone to where nothing of it is, in bins.
const BESIDE: usize = 2;

/// Quieter windows than this, as a root mean square, are no part of a sound.
const QUIET: f32 = 100.0;

/// What is softer than this in a bin is as good as nothing: 26 dB below the mean of white noise.
const NOTHING: f64 = 1e-3;

/// By so many decibels each tone has to be louder than it was said. Without crosstalk they differ by up
/// to 3, where not all that was said is heard; with both calls at half of their level by 6.
const LOUDER: f64 = 4.0;

/// Something of one call that was heard in another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::telephony) struct Mixed {
    /// The place of the call that it was heard in.
    pub(in crate::telephony) heard_in: usize,
    /// Who heard it.
    pub(in crate::telephony) by: &'static str,
    /// The place of the call that it belongs to.
    pub(in crate::telephony) of: usize,
}

/// The first of these calls in which another one of them was heard. They were held at once.
pub(in crate::telephony) fn mixed(calls: &[&CallRecord]) -> Option<Mixed> {
    calls.iter().enumerate().find_map(|(heard_in, call)| {
        let own = call.tones?;
        ways(call).into_iter().find_map(|way| {
            let mut others = calls.iter();
            let of = others.position(|other| {
                let other = other.tones.filter(|other| *other != own);
                other.is_some_and(|other| way.has_more_of(other, own))
            });
            let by = way.by;
            of.map(|of| Mixed { heard_in, by, of })
        })
    })
}

/// Whether there is a call in which others can be told.
pub(in crate::telephony) fn can_be_told(call: &CallRecord) -> bool {
    call.tones.is_some() && !ways(call).is_empty()
}

/// One direction of a call: what went in, and what came out.
struct Way {
    by: &'static str,
    said: Spectrum,
    heard: Spectrum,
}

/// The directions in which something was said and heard.
fn ways(call: &CallRecord) -> Vec<Way> {
    let Some(model) = &call.model else {
        return Vec::new();
    };
    let caller = ("the caller", said_by(model), samples_of(&call.heard));
    let model = ("the model", samples_of(&call.notes.said), heard_by(model));
    let ways = [caller, model].into_iter();
    let ways = ways.filter_map(|(by, said, heard)| {
        let (said, heard) = (Spectrum::of(&said)?, Spectrum::of(&heard)?);
        Some(Way { by, said, heard })
    });
    ways.collect()
}

impl Way {
    /// Whether the tones of another call came in on the way. What two calls have in common tells
    /// nothing.
    fn has_more_of(&self, other: Tones, own: Tones) -> bool {
        let tones = other.hertz().into_iter();
        let mut foreign = tones.filter(|hertz| !own.hertz().contains(hertz));
        foreign.all(|hertz| self.heard.level(hertz) > self.said.level(hertz) + LOUDER)
    }
}

/// The mean power in each bin.
struct Spectrum(Vec<f64>);

impl Spectrum {
    /// That of a sound; none where nothing is loud enough.
    fn of(samples: &[i16]) -> Option<Self> {
        let transform = RealFftPlanner::<f32>::new().plan_fft_forward(WINDOW);
        let mut input = transform.make_input_vec();
        let mut output = transform.make_output_vec();
        let shape: Vec<f32> = hann(WINDOW).collect();
        let mut powers = vec![0.0; output.len()];
        let mut windows = 0.0;
        for window in samples.chunks_exact(WINDOW) {
            let square: f32 = window.iter().map(|s| f32::from(*s) * f32::from(*s)).sum();
            #[allow(clippy::cast_precision_loss, reason = "a window is short")]
            if square < QUIET * QUIET * WINDOW as f32 {
                continue;
            }
            for ((value, sample), shape) in input.iter_mut().zip(window).zip(&shape) {
                *value = f32::from(*sample) * shape;
            }
            // The lengths are those that the transform made.
            transform.process(&mut input, &mut output).ok()?;
            windows += 1.0;
            for (power, bin) in powers.iter_mut().zip(&output) {
                *power += f64::from(bin.norm_sqr() / square);
            }
        }
        for power in &mut powers {
            *power /= windows;
        }
        (windows > 0.0).then_some(Self(powers))
    }

    /// By how many decibels this frequency is louder than what is beside it.
    fn level(&self, hertz: u32) -> f64 {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "telephones have no higher frequencies"
        )]
        let bin = (f64::from(hertz) / BIN) as usize;
        let at = |bin: usize| self.0.get(bin).copied().unwrap_or_default() + NOTHING;
        let beside = f64::midpoint(at(bin - BESIDE), at(bin + BESIDE));
        10.0 * (at(bin) / beside).log10()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::made::CallBuilder;
    use super::*;
    use crate::expect::{Entry, Frame};
    use crate::protocol::realtime::ClientEvent;
    use crate::telephony::record::ModelRecord;

    fn call(number: usize) -> CallRecord {
        CallBuilder::default()
            .tones(Tones::of_call(number))
            .bot(500, 2_000)
            .caller(3_000, 1_500)
            .bot(5_000, 1_500)
            .until(8_000)
            .build()
    }

    #[test]
    fn calls_that_do_not_mix_are_told_apart() {
        let calls: Vec<CallRecord> = [0, 1, 2, 14, 27, 100].map(call).into();
        let calls: Vec<&CallRecord> = calls.iter().collect();
        assert!(calls.iter().all(|call| can_be_told(call)));
        assert_eq!(mixed(&calls), None);
    }

    #[test]
    fn who_hears_another_model_is_named() {
        let (one, mut other) = (call(3), call(4));
        other.heard = one.heard.clone();
        let found = Mixed {
            heard_in: 1,
            by: "the caller",
            of: 0,
        };
        assert_eq!(mixed(&[&one, &other]), Some(found));
    }

    #[test]
    fn a_model_that_hears_another_caller_is_named() {
        let (one, mut other) = (call(3), call(40));
        let mut entries = other.model.take().unwrap().entries;
        let is_audio = |entry: &Entry| {
            matches!(
                &entry.frame,
                Frame::Client(ClientEvent::InputAudioBufferAppend(_))
            )
        };
        entries.retain(|entry| !is_audio(entry));
        let audio = one.model.iter().flat_map(|model| &model.entries);
        entries.extend(audio.filter(|entry| is_audio(entry)).cloned());
        entries.sort_by_key(|entry| entry.at);
        other.model = Some(ModelRecord::new(entries, Duration::ZERO));
        let found = Mixed {
            heard_in: 1,
            by: "the model",
            of: 0,
        };
        assert_eq!(mixed(&[&one, &other]), Some(found));
    }

    #[test]
    fn both_at_once_are_heard() {
        let (one, mut other) = (call(3), call(40));
        let end = one.heard.end();
        let times = Duration::ZERO..end;
        let both = one.heard.render(times.clone(), 8_000).into_iter();
        let both = both.zip(other.heard.render(times, 8_000));
        let both: Vec<i16> = both.map(|(one, other)| one / 2 + other / 2).collect();
        other.heard = crate::telephony::Track::default();
        other.heard.push(Duration::ZERO, &both, 8_000);
        assert_eq!(mixed(&[&one, &other]).map(|mixed| mixed.heard_in), Some(1));
    }
}
