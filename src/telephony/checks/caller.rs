//! What of the caller reaches the model.

use std::ops::Range;
use std::time::Duration;

use super::{Limits, NO_MODEL, Verdict, millis, seconds};
use crate::protocol::realtime::{ClientEvent, ServerEvent};
use crate::telephony::Happening;
use crate::telephony::record::{CallRecord, Carrier, HeardPiece, ModelRecord};

/// The root mean square above which a piece can be heard: −50 dB of full scale.
const AUDIBLE: f64 = 104.0;

/// What the caller says is with the model so much later at most.
const ON_ITS_WAY: Duration = Duration::from_secs(1);

/// Turn detection puts the beginning of speech so much earlier, and notices the end so much later.
const BEFORE: Duration = Duration::from_millis(500);
const AFTER: Duration = Duration::from_secs(2);

/// How much of the words has to arrive, in percent.
const MOST: u32 = 80;

pub(super) fn is_heard(call: &CallRecord, _: &Limits) -> Verdict {
    let Some(model) = &call.model else {
        return Verdict::not_applicable(NO_MODEL);
    };
    let heard = audible(model);
    let turns = call.turns();
    for (number, turn) in turns.iter().enumerate() {
        // Where barge-in is off, the carrier keeps to itself what is said while the bot speaks.
        let is_withheld = call.carrier == Carrier::AudioCodes && !call.notes.withheld.is_zero();
        if is_withheld && turn.interrupts() {
            continue;
        }
        if call.is_out(turn.said.clone()) {
            continue;
        }
        let window = turn.said.start..turn.said.end + ON_ITS_WAY;
        let reached: Duration = heard
            .iter()
            .filter(|(at, _)| window.contains(at))
            .map(|(_, length)| *length)
            .sum();
        let said = call.said_in(&turn.said);
        if reached * 100 < said * MOST {
            let evidence = format!(
                "of turn {}, {} long, {} reached the model",
                number + 1,
                seconds(said),
                seconds(reached)
            );
            return Verdict::failed(turn.said.start, evidence);
        }
    }
    if turns.is_empty() {
        return Verdict::not_applicable("the caller said nothing");
    }
    Verdict::passed(format!("all {} turns", turns.len()))
}

/// The pieces with sound in them, and how long they are.
fn audible(model: &ModelRecord) -> Vec<(Duration, Duration)> {
    let loud = |samples: &[i16]| {
        let power: f64 = samples.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
        #[allow(clippy::cast_precision_loss, reason = "no piece has so many samples")]
        let count = samples.len() as f64;
        power > AUDIBLE * AUDIBLE * count
    };
    let pieces = model.heard().into_iter().map(|piece| {
        let HeardPiece {
            at,
            sample_rate: rate,
            samples,
        } = piece;
        // A piece of a bridge that gathers may be long, and only in part have sound in it.
        let step = (rate / 50).max(1) as usize;
        let loud = samples.chunks(step).filter(|step| loud(step));
        let samples: usize = loud.map(<[i16]>::len).sum();
        let nanos = samples as u64 * 1_000_000_000 / u64::from(rate);
        (at, Duration::from_nanos(nanos))
    });
    pieces.filter(|(_, length)| !length.is_zero()).collect()
}

impl CallRecord {
    /// How much of a stretch of time there were words in.
    fn said_in(&self, times: &Range<Duration>) -> Duration {
        let step = Duration::from_millis(20);
        let mut said = Duration::ZERO;
        let mut from = times.start;
        while from < times.end {
            let to = from + step;
            if self.notes.said.is_audible(from..to) {
                said += step;
            }
            from = to;
        }
        said.min(times.end.saturating_sub(times.start))
    }
}

pub(super) fn silence(call: &CallRecord, _: &Limits) -> Verdict {
    let Some(model) = &call.model else {
        return Verdict::not_applicable(NO_MODEL);
    };
    let utterances = call.utterances();
    let mut turns = 0;
    for (at, event) in model.received() {
        if !matches!(event, ServerEvent::InputAudioBufferSpeechStarted(_)) {
            continue;
        }
        turns += 1;
        let belongs = |said: &Range<Duration>| at + BEFORE >= said.start && at <= said.end + AFTER;
        if !utterances.iter().any(belongs) {
            return Verdict::failed(at, "the model heard somebody speak, but nobody did");
        }
    }
    if call.length() < AFTER {
        return Verdict::not_applicable("the call was too short");
    }
    Verdict::passed(format!("{turns} turns, each of the caller"))
}

pub(super) fn keys(call: &CallRecord, limits: &Limits) -> Verdict {
    let pressed: Vec<(Duration, &String)> = call
        .all(|what| match what {
            Happening::Pressed(keys) => Some(keys),
            _ => None,
        })
        .collect();
    if pressed.is_empty() {
        return Verdict::not_applicable("no key was pressed");
    }
    let Some(model) = &call.model else {
        return Verdict::not_applicable(NO_MODEL);
    };
    let told = items(model);
    // Each key is looked for behind the one before it.
    let mut place = (0, 0);
    let mut slowest = Duration::ZERO;
    for (at, key) in pressed
        .iter()
        .flat_map(|(at, keys)| keys.chars().map(|key| (*at, key)))
    {
        let Some((found, when)) = find(&told, place, key, at) else {
            return Verdict::failed(at, format!("key {key} did not reach the model"));
        };
        place = found;
        slowest = slowest.max(when.saturating_sub(at));
        if slowest > limits.key {
            let evidence = format!("key {key} reached the model after {}", millis(slowest));
            return Verdict::failed(at, evidence);
        }
    }
    let keys = pressed
        .iter()
        .map(|(_, keys)| keys.chars().count())
        .sum::<usize>();
    let first = pressed[0].0;
    let mentions = |(at, text): &&(Duration, String)| *at >= first && mentions_keys(text, &pressed);
    let told = told.iter().filter(mentions).count();
    if told > keys {
        return Verdict::failed(first, format!("{keys} keys reached the model as {told}"));
    }
    Verdict::passed(format!("{keys} keys, after {} at most", millis(slowest)))
}

/// Where a key is told next, behind a place: which text, which character.
fn find(
    told: &[(Duration, String)],
    (text, character): (usize, usize),
    key: char,
    pressed: Duration,
) -> Option<((usize, usize), Duration)> {
    for (number, (at, words)) in told.iter().enumerate().skip(text) {
        if *at < pressed {
            continue;
        }
        let from = if number == text { character } else { 0 };
        let behind = words.get(from..).unwrap_or_default();
        if let Some(found) = behind.find(key) {
            return Some(((number, from + found + key.len_utf8()), *at));
        }
    }
    None
}

fn mentions_keys(text: &str, pressed: &[(Duration, &String)]) -> bool {
    pressed.iter().any(|(_, keys)| text.contains(keys.as_str()))
}

/// The words of the items that the bridge made, without the ids and names around them.
fn items(model: &ModelRecord) -> Vec<(Duration, String)> {
    let items = model.sent().filter_map(|(at, event)| match event {
        ClientEvent::ConversationItemCreate(created) => {
            let item = serde_json::to_value(&created.item).ok()?;
            let mut words = String::new();
            gather(&item, &mut words);
            Some((at, words))
        }
        _ => None,
    });
    items.collect()
}

/// The values of `text` and `output` in an item.
fn gather(value: &serde_json::Value, words: &mut String) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(text) if name == "text" || name == "output" => words.push_str(text),
                    _ => gather(value, words),
                }
            }
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| gather(value, words)),
        _ => {}
    }
}

pub(super) fn parameters(call: &CallRecord, _: &Limits) -> Verdict {
    let Some(model) = &call.model else {
        return Verdict::not_applicable(NO_MODEL);
    };
    if call.parameters.is_empty() {
        return Verdict::not_applicable("nothing came with the call");
    }
    let told = model.told();
    for (name, value) in &call.parameters {
        if !told.iter().any(|(_, text)| text.contains(value.as_str())) {
            let evidence = format!("{name} did not reach the model");
            return Verdict::failed(call.began(), evidence);
        }
    }
    Verdict::passed(format!("{} of them", call.parameters.len()))
}

#[cfg(test)]
mod tests {
    use super::super::made::{CallBuilder, check, good_call};

    #[test]
    fn a_bridge_that_is_deaf_is_named() {
        let deaf = CallBuilder::default()
            .caller(1_000, 1_000)
            .bot(3_000, 1_000)
            .unheard(6_000, 1_000)
            .until(9_000)
            .build();
        let verdict = check("caller-is-heard", &deaf);
        assert!(
            verdict.is_failed() && verdict.text().contains("turn 2"),
            "{verdict:?}"
        );
        assert!(check("caller-is-heard", &good_call()).is_passed());
    }

    #[test]
    fn a_turn_of_nobody_is_named() {
        let call = CallBuilder::default()
            .speech_started(5_000)
            .until(9_000)
            .build();
        assert!(check("silence-is-no-turn", &call).is_failed());
        assert!(check("silence-is-no-turn", &good_call()).is_passed());
    }

    #[test]
    fn keys_that_are_lost_doubled_or_late_are_named() {
        let press = || CallBuilder::default().key(1_000, "4").key(1_500, "2");
        let good = press()
            .item(1_010, "key 4")
            .item(1_510, "key 2")
            .until(9_000)
            .build();
        assert!(check("keys-reach-the-model", &good).is_passed());
        for (bad, why) in [
            (press().item(1_010, "key 4"), "lost"),
            (press().item(1_010, "key 2").item(1_510, "key 4"), "swapped"),
            (press().item(1_010, "key 4").item(5_000, "key 2"), "late"),
            (
                press()
                    .item(1_010, "key 4")
                    .item(1_020, "key 4")
                    .item(1_510, "key 2"),
                "doubled",
            ),
        ] {
            let verdict = check("keys-reach-the-model", &bad.until(9_000).build());
            assert!(verdict.is_failed(), "{why}: {verdict:?}");
        }
    }

    #[test]
    fn parameters_that_are_lost_are_named() {
        let with = |text: &str| {
            let call = CallBuilder::default().item(100, text).until(9_000);
            let mut call = call.build();
            call.parameters = vec![("caller".to_owned(), "+15550100".to_owned())];
            call
        };
        assert!(check("parameters-reach-the-model", &with("+15550100 calls")).is_passed());
        assert!(check("parameters-reach-the-model", &with("somebody calls")).is_failed());
    }
}
