//! Sound for the microphone: 16-bit samples, 24,000 a second.

use std::f64::consts::TAU;

const RATE: f64 = 24_000.0;

/// Something that is taken for speech: a tone that swells four times a second.
pub(crate) fn speech(seconds: f64) -> Vec<u8> {
    let samples = (0..samples(seconds)).map(|n| {
        let at = f64::from(n) / RATE;
        let swelling = 0.6 + 0.4 * (TAU * 4.0 * at).sin();
        (12_000.0 * swelling * (TAU * 300.0 * at).sin()) as i16
    });
    samples.flat_map(i16::to_le_bytes).collect()
}

pub(crate) fn silence(seconds: f64) -> Vec<u8> {
    vec![0; 2 * samples(seconds) as usize]
}

fn samples(seconds: f64) -> u32 {
    (RATE * seconds) as u32
}
