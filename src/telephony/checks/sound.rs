//! What it sounds like.

use std::time::Duration;

use super::measure::{Likeness, RATE, likeness};
use super::{Limits, NO_MODEL, Verdict};
use crate::audio::{Clip, Encoding};
use crate::telephony::record::{CallRecord, ModelRecord};
use crate::telephony::{FindingKind, Track};

/// Less than this is another sound.
const SAME: f64 = 0.5;

/// By so much another pitch has to fit better than the right one.
const BETTER: f64 = 0.1;

/// From here on a sample is as loud as there is.
const FULL_SCALE: u16 = 32_000;

/// So many of a thousand samples may be.
const CLIPPED_PER_MILLE: usize = 2;

/// So many of them in a row, all the same, are no sound that anybody made: 1 ms.
const FLAT: usize = 8;

const NOTHING_HEARD: &str = "nothing was heard";

pub(super) fn payloads(call: &CallRecord, _: &Limits) -> Verdict {
    let wrong = [
        FindingKind::HeaderInAudio,
        FindingKind::HalfSample,
        FindingKind::BadBase64,
        FindingKind::EmptyAudio,
    ];
    let mut found = call.notes.findings.iter();
    match found.find(|finding| wrong.contains(&finding.kind)) {
        Some(finding) => Verdict::failed(finding.at, finding.to_string()),
        None if call.came.is_empty() => Verdict::not_applicable("no audio came"),
        None => Verdict::passed(format!("{} pieces", call.came.len())),
    }
}

/// What was heard beside what the model said.
fn of_the_model(call: &CallRecord) -> Result<(Likeness, Encoding), Verdict> {
    let model = call
        .model
        .as_ref()
        .ok_or_else(|| Verdict::not_applicable(NO_MODEL))?;
    let spoken = model.spoken();
    let encoding = spoken.first().map(|item| item.encoding);
    let likeness = likeness(&samples_of(&call.heard), &said_by(model));
    likeness
        .zip(encoding)
        .ok_or_else(|| Verdict::not_applicable(NOTHING_HEARD))
}

/// What the model said, at [`RATE`].
pub(super) fn said_by(model: &ModelRecord) -> Vec<i16> {
    let items = model.spoken().iter();
    let samples = items.flat_map(|item| Clip::from_bytes(&item.audio, item.encoding).at_rate(RATE));
    samples.collect()
}

/// All sound of a track, at [`RATE`].
pub(super) fn samples_of(track: &Track) -> Vec<i16> {
    let stretches = track.stretches().iter();
    let samples = stretches.flat_map(|stretch| {
        let clip = Clip::new(stretch.samples().to_vec(), stretch.sample_rate());
        clip.map(|clip| clip.at_rate(RATE)).unwrap_or_default()
    });
    samples.collect()
}

pub(super) fn format(call: &CallRecord, _: &Limits) -> Verdict {
    let (likeness, encoding) = match of_the_model(call) {
        Ok(found) => found,
        Err(verdict) => return verdict,
    };
    let evidence = format!("{:.0} % like it", likeness.at_pitch.max(0.0) * 100.0);
    if likeness.at_pitch >= SAME {
        return Verdict::passed(evidence);
    }
    let (name, rate) = (name(encoding), encoding.sample_rate());
    Verdict::failed(
        call.heard.start(),
        format!(
            "{evidence}: the model speaks {name} at {rate} Hz; what came on the line at {} Hz is \
             something else",
            line_rate(call)
        ),
    )
}

fn line_rate(call: &CallRecord) -> u32 {
    let stretches = call.heard.stretches();
    stretches
        .first()
        .map_or(RATE, crate::telephony::Stretch::sample_rate)
}

fn name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Pcm16 => "16-bit PCM",
        Encoding::Mulaw => "μ-law",
        Encoding::Alaw => "A-law",
    }
}

pub(super) fn pitch(call: &CallRecord, _: &Limits) -> Verdict {
    match of_the_model(call) {
        Ok((likeness, _)) => of_pitch(likeness, call.heard.start()),
        Err(verdict) => verdict,
    }
}

fn of_pitch(likeness: Likeness, at: Option<Duration>) -> Verdict {
    if likeness.at_pitch < SAME {
        Verdict::not_applicable("it is another sound")
    } else if likeness.at_pitch > likeness.same + BETTER {
        let evidence = format!("{:.2} times as high", likeness.pitch);
        Verdict::failed(at, evidence)
    } else {
        Verdict::passed("as high")
    }
}

pub(super) fn caller(call: &CallRecord, _: &Limits) -> Verdict {
    let Some(model) = &call.model else {
        return Verdict::not_applicable(NO_MODEL);
    };
    match likeness(&heard_by(model), &samples_of(&call.notes.said)) {
        Some(likeness) if likeness.at_pitch < SAME => Verdict::failed(
            call.notes.said.start(),
            format!("{:.0} % like it", likeness.at_pitch.max(0.0) * 100.0),
        ),
        Some(likeness) => of_pitch(likeness, call.notes.said.start()),
        None => Verdict::not_applicable("the model heard nothing of the caller"),
    }
}

/// What the model heard, at [`RATE`].
pub(super) fn heard_by(model: &ModelRecord) -> Vec<i16> {
    let pieces = model.heard();
    let rate = pieces.first().map_or(RATE, |piece| piece.sample_rate);
    let samples = pieces.into_iter().flat_map(|piece| piece.samples).collect();
    let clip = Clip::new(samples, rate);
    clip.map(|clip| clip.at_rate(RATE)).unwrap_or_default()
}

pub(super) fn level(call: &CallRecord, _: &Limits) -> Verdict {
    let mut loud = 0;
    let mut count = 0;
    for sample in call
        .heard
        .stretches()
        .iter()
        .flat_map(crate::telephony::Stretch::samples)
    {
        count += 1;
        loud += usize::from(sample.unsigned_abs() >= FULL_SCALE);
    }
    if count == 0 {
        return Verdict::not_applicable(NOTHING_HEARD);
    }
    let evidence = format!("{loud} of {count} samples are as loud as there are");
    if loud * 1_000 > count * CLIPPED_PER_MILLE {
        Verdict::failed(call.heard.start(), evidence)
    } else {
        Verdict::passed(evidence)
    }
}

pub(super) fn clicks(call: &CallRecord, _: &Limits) -> Verdict {
    if call.heard.is_empty() {
        return Verdict::not_applicable(NOTHING_HEARD);
    }
    for stretch in call.heard.stretches() {
        let mut begin = 0;
        for run in stretch.samples().chunk_by(|one, other| one == other) {
            if run.len() >= FLAT && run[0].unsigned_abs() >= FULL_SCALE {
                let at = stretch.start() + time_of(begin, stretch.sample_rate());
                let length = time_of(run.len(), stretch.sample_rate());
                let evidence = format!("{} ms at full scale", length.as_millis());
                return Verdict::failed(at, evidence);
            }
            begin += run.len();
        }
    }
    Verdict::passed("none")
}

fn time_of(samples: usize, rate: u32) -> Duration {
    Duration::from_nanos(samples as u64 * 1_000_000_000 / u64::from(rate.max(1)))
}

#[cfg(test)]
mod tests {
    use super::super::made::{CallBuilder, check, good_call};
    use super::*;
    use crate::telephony::Finding;

    #[test]
    fn a_header_in_the_audio_is_named() {
        let mut call = good_call();
        assert!(check("audio-is-bare", &call).is_passed());
        call.notes.findings.push(Finding {
            at: Duration::ZERO,
            kind: FindingKind::HeaderInAudio,
            detail: "RIFF".to_owned(),
            code: None,
        });
        assert!(check("audio-is-bare", &call).is_failed());
    }

    #[test]
    fn confused_rates_and_formats_are_named() {
        let slow = CallBuilder::default().bot_as(500, 2_000, |clip| clip.at_rate(24_000));
        let slow = slow.until(9_000).build();
        assert!(check("pitch-is-kept", &slow).is_failed());
        let noise = CallBuilder::default().bot_as(500, 2_000, |clip| {
            Encoding::Mulaw.decode(&clip.encoded(Encoding::Pcm16))
        });
        let noise = noise.until(9_000).build();
        assert!(check("format-is-right", &noise).is_failed());
        for name in ["pitch-is-kept", "format-is-right", "caller-sounds-right"] {
            let verdict = check(name, &good_call());
            assert!(verdict.is_passed(), "{name}: {verdict:?}");
        }
    }

    #[test]
    fn a_caller_at_a_wrong_rate_is_named() {
        let call = CallBuilder::default().caller_as(500, 2_000, |clip| clip.at_rate(24_000));
        assert!(check("caller-sounds-right", &call.until(9_000).build()).is_failed());
    }

    #[test]
    fn what_is_too_loud_is_named() {
        let loud = |clip: &Clip| -> Vec<i16> {
            let samples = clip.at_rate(RATE).into_iter();
            samples.map(|sample| sample.saturating_mul(50)).collect()
        };
        let call = CallBuilder::default()
            .bot_as(500, 2_000, loud)
            .until(9_000)
            .build();
        assert!(check("level-is-kept", &call).is_failed());
        assert!(check("level-is-kept", &good_call()).is_passed());
    }

    #[test]
    fn loud_padding_is_named_where_it_is() {
        let padded = |clip: &Clip| {
            let mut samples = clip.at_rate(RATE);
            samples.extend([32_124; 100]);
            samples
        };
        let call = CallBuilder::default()
            .bot_as(500, 1_000, padded)
            .until(9_000)
            .build();
        let Verdict::Failed { at: Some(at), .. } = check("no-clicks", &call) else {
            panic!("it was not heard");
        };
        assert!(
            at.abs_diff(Duration::from_millis(1_502)) < Duration::from_millis(1),
            "{at:?}"
        );
        assert!(check("no-clicks", &good_call()).is_passed());
    }
}
