//! Audio deltas that are made wrong.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::audio::{AudioProcessor, Clipping, Encoding, resample};

use super::kind::{AudioStretch, FaultKind};
use super::random::Random;
use super::text::Spoilt;

/// The text of an audio delta whose sound is wrong.
pub(super) fn spoil(
    text: &str,
    encoding: Encoding,
    kind: &FaultKind,
    random: &mut Random,
) -> Option<Spoilt> {
    let mut event: Value = serde_json::from_str(text).ok()?;
    let delta = event.get_mut("delta")?;
    let audio = STANDARD.decode(delta.as_str()?).ok()?;
    let mut samples = encoding.decode(&audio);
    let what = change(&mut samples, encoding.sample_rate(), kind, random)?;
    *delta = Value::String(STANDARD.encode(encoding.encode(&samples)));
    Some((event.to_string(), what))
}

fn change(
    samples: &mut Vec<i16>,
    rate: u32,
    kind: &FaultKind,
    random: &mut Random,
) -> Option<String> {
    let mut piece = |stretch: AudioStretch| {
        let length = stretch.ms.map_or(samples.len(), |ms| {
            let length = u128::from(ms) * u128::from(rate) / 1_000;
            usize::try_from(length)
                .unwrap_or(usize::MAX)
                .min(samples.len())
        });
        let first = random.below(samples.len() - length + 1);
        (first..first + length, milliseconds(length, rate))
    };
    match kind {
        FaultKind::AudioGap(stretch) => {
            let (place, ms) = piece(*stretch);
            samples.drain(place);
            Some(format!("{ms} ms are missing"))
        }
        FaultKind::AudioSilence(stretch) => {
            let (place, ms) = piece(*stretch);
            samples[place].fill(0);
            Some(format!("{ms} ms are silent"))
        }
        FaultKind::AudioBurst(stretch) => {
            let (place, ms) = piece(*stretch);
            for sample in &mut samples[place] {
                *sample = random.noise();
            }
            Some(format!("{ms} ms are noise"))
        }
        FaultKind::AudioRate(made) => {
            let hz = u32::from(made.hz);
            *samples = resample(samples, rate, hz);
            Some(format!("made at {hz} samples a second, sent as {rate}"))
        }
        FaultKind::AudioClipping(cut) => {
            Clipping { db: cut.db }.process(samples, rate);
            Some(format!("cut off at {} dB", cut.db))
        }
        _ => None,
    }
}

fn milliseconds(samples: usize, rate: u32) -> usize {
    let rate = usize::try_from(rate).unwrap_or(usize::MAX).max(1);
    samples.saturating_mul(1_000) / rate
}
