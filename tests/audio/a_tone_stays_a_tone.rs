//! A sine goes through a file, another sample rate and each encoding, and stays what it is.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]
#![allow(clippy::cast_precision_loss, reason = "no test is that long")]

use std::f64::consts::TAU;
use std::time::Duration;

use mock_realtime::audio::{AudioManager, Clip, DeltaSizes, Encoding};

const FREQUENCY: f64 = 1_000.0;
const HEIGHT: f64 = 12_000.0;

/// Two seconds in a file at this rate, loaded again.
#[allow(clippy::cast_possible_truncation, reason = "it is below full scale")]
fn loaded(rate: u32) -> Clip {
    let sample = |number| {
        let turns = f64::from(number) / f64::from(rate) * FREQUENCY;
        ((turns * TAU).sin() * HEIGHT).round() as i16
    };
    let clip = Clip::new((0..rate * 2).map(sample).collect(), rate).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tone.wav");
    clip.save(&file).unwrap();
    AudioManager::default().load(&file).unwrap()
}

/// The sine of the frequency that fits best: its height and its phase in turns, and the power of
/// what it leaves.
fn fit(samples: &[f64], rate: f64) -> (f64, f64, f64) {
    let angle = |number: usize| number as f64 / rate * FREQUENCY * TAU;
    let sum = |wave: fn(f64) -> f64| -> f64 {
        let products = samples
            .iter()
            .enumerate()
            .map(|(n, sample)| sample * wave(angle(n)));
        products.sum::<f64>() * 2.0 / samples.len() as f64
    };
    let (sine, cosine) = (sum(f64::sin), sum(f64::cos));
    let left = samples
        .iter()
        .enumerate()
        .map(|(n, sample)| (sample - sine * angle(n).sin() - cosine * angle(n).cos()).powi(2));
    let power = left.sum::<f64>() / samples.len() as f64;
    (sine.hypot(cosine), cosine.atan2(sine) / TAU, power)
}

#[test]
fn in_every_encoding_from_every_rate() {
    for rate in [8_000, 11_025, 22_050, 24_000, 44_100, 48_000] {
        let clip = loaded(rate);
        for (encoding, least_snr) in [
            (Encoding::Pcm16, 60.0),
            (Encoding::Mulaw, 35.0),
            (Encoding::Alaw, 35.0),
        ] {
            let deltas = clip.deltas(encoding, DeltaSizes::default());
            let bytes: Vec<u8> = deltas.iter().flat_map(AsRef::as_ref).copied().collect();
            assert_eq!(
                encoding.duration(bytes.len()),
                Duration::from_secs(2),
                "{rate} Hz"
            );
            // Without the ends, where the tone begins and stops: whole periods of it.
            let out = encoding.sample_rate() as usize;
            let samples: Vec<f64> = encoding.decode(&bytes).into_iter().map(f64::from).collect();
            let middle = &samples[out / 4..out * 7 / 4];
            let (height, _, rest) = fit(middle, out as f64);
            let snr = 10.0 * (height * height / 2.0 / rest).log10();
            let gain = 20.0 * (height / HEIGHT).log10();
            let halves = middle.split_at(middle.len() / 2);
            let turned = fit(halves.1, out as f64).1 - fit(halves.0, out as f64).1;
            let off = (turned - turned.round()) / (middle.len() as f64 / 2.0 / out as f64);
            let what = format!(
                "{rate} Hz in {encoding:?}: SNR {snr:.1} dB, {gain:.3} dB, {off:.4} Hz off"
            );
            assert!(snr >= least_snr, "{what}");
            assert!(gain.abs() <= 0.5, "{what}");
            assert!(off.abs() <= FREQUENCY / 1_000.0, "{what}");
        }
    }
}
