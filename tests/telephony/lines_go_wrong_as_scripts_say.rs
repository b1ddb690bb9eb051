//! Between carrier and bridge goes wrong what a script says: when it says so, as the journal tells, and by
//! the seed. Whatever it is, the caller lives.

use std::time::Duration;

use mock_realtime::faults::{CallFaults, EventType, Fault};
use mock_realtime::protocol::audiocodes::CarrierMessageKind::{
    Activities, SessionEnd, SessionInitiate, UserStreamChunk, UserStreamStart,
};
use mock_realtime::protocol::twilio::CarrierMessageKind::{Connected, Dtmf, Media, Start, Stop};
use mock_realtime::protocol::{Event, audiocodes, decode, twilio};
use mock_realtime::telephony::audiocodes::AudioCodesOptions;
use mock_realtime::telephony::script::{CallScript, KeyPresses};
use mock_realtime::telephony::twilio::TwilioOptions;
use mock_realtime::telephony::{
    Call, CallFrame, CallResult, Happening, Input, Output, Party, Sender,
};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, from_value, json};

use crate::telephone::ms;

/// What a driver was told to do, and when; and what came of the call.
type Driven = (Vec<(Duration, Output)>, CallResult);

/// Drives a call, each time so late; `answer` is what the bridge says to a frame.
fn drive(mut call: Call, late: Duration, answer: impl Fn(&str) -> Vec<String>) -> Driven {
    let (mut now, mut outputs) = (Duration::ZERO, Vec::new());
    call.handle(Input::Opened, now);
    loop {
        while let Some(output) = call.poll(now) {
            let answers = match &output {
                Output::Text(text) => answer(text),
                Output::Open => {
                    call.handle(Input::Opened, now);
                    Vec::new()
                }
                _ => Vec::new(),
            };
            outputs.push((now, output));
            assert!(outputs.len() < 100_000, "it never ends");
            for answer in answers {
                call.handle(Input::Text(&answer), now);
            }
        }
        let Some(next) = call.deadline() else {
            return (outputs, call.into_result());
        };
        now = now.max(next).saturating_add(late);
        call.handle(Input::Time, now);
    }
}

fn twilio(script: &CallScript, seed: u64, late: Duration) -> Driven {
    let options = TwilioOptions {
        seed,
        ..TwilioOptions::default()
    };
    drive(Call::twilio(options, script).unwrap(), late, |_| Vec::new())
}

/// A bot that takes a call, and says nothing in it.
fn audiocodes(script: &CallScript) -> Driven {
    let call = Call::audiocodes(AudioCodesOptions::default(), script).unwrap();
    drive(call, Duration::ZERO, |frame| {
        let answer = match decode(frame) {
            Ok(audiocodes::CarrierMessage::SessionInitiate(_)) => {
                json!({"type": "session.accepted", "mediaFormat": "raw/lpcm16"})
            }
            Ok(audiocodes::CarrierMessage::SessionResume(_)) => json!({"type": "session.accepted"}),
            Ok(audiocodes::CarrierMessage::UserStreamStart(_)) => {
                json!({"type": "userStream.started"})
            }
            _ => return Vec::new(),
        };
        vec![answer.to_string()]
    })
}

/// A second of silence on a line where this goes wrong.
fn a_second_with(fault: Fault) -> Driven {
    let script = CallScript::new("bad").with_fault(fault).silent_ms(1_000);
    twilio(&script, 0, Duration::ZERO)
}

fn texts(outputs: &[(Duration, Output)]) -> Vec<&str> {
    let texts = outputs.iter().filter_map(|(_, output)| match output {
        Output::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

/// The numbers of the frames that came, as the bridge reads them; none of those it cannot read.
fn numbers(outputs: &[(Duration, Output)]) -> Vec<Option<u64>> {
    let number = |text: &&str| {
        let frame: Value = serde_json::from_str(text).ok()?;
        frame["sequenceNumber"].as_str()?.parse().ok()
    };
    texts(outputs).iter().map(number).collect()
}

/// What a sound second looks like: `connected`, then frames with numbers from 1 on.
fn sound() -> Vec<Option<u64>> {
    let (outputs, _) = twilio(&CallScript::new("good").silent_ms(1_000), 0, Duration::ZERO);
    let numbers = numbers(&outputs);
    assert!(numbers.len() > 40 && numbers[0].is_none() && numbers[1] == Some(1));
    numbers
}

#[test]
fn a_frame_is_lost_doubled_or_overtaken() {
    let sound = sound();
    // The fifth slice of audio has the number 6, behind `start`.
    let (lost, result) = a_second_with(Fault::lose().on(Media).nth(5..=5));
    let mut expected = sound.clone();
    expected.remove(6);
    assert_eq!(numbers(&lost), expected);
    let entry = result.journal.entries().iter().find(|entry| entry.lost);
    assert_eq!(entry.unwrap().faults[0].to_string(), "drop: lost");

    let (doubled, _) = a_second_with(Fault::duplicate().on(Media).nth(5..=5));
    let mut expected = sound.clone();
    expected.insert(6, Some(6));
    assert_eq!(numbers(&doubled), expected);

    let (overtaken, _) = a_second_with(Fault::reorder(2).on(Media).nth(5..=5));
    let mut expected = sound;
    expected[6..9].rotate_left(1);
    assert_eq!(numbers(&overtaken), expected);
}

#[test]
fn frames_are_late_and_none_is_lost() {
    let (outputs, result) = a_second_with(Fault::delay(ms(30)..=ms(90)).on(Media).nth(5..=20));
    assert_eq!(numbers(&outputs), sound());
    let (mut late, mut longest) = (0, Duration::ZERO);
    for (at, output) in &outputs {
        let Output::Text(text) = output else { continue };
        let Ok(twilio::CarrierMessage::Media(media)) = decode(text) else {
            continue;
        };
        let due = ms(5 + media.media.timestamp.parse::<u64>().unwrap());
        late += usize::from(*at > due);
        longest = longest.max(at.saturating_sub(due));
    }
    assert!(late >= 16 && longest >= ms(60), "{late}, {longest:?}");
    let delays = result.notes.happenings.iter();
    let delays =
        delays.filter(|(_, what)| matches!(what, Happening::Fault(fired) if fired.kind == "delay"));
    assert_eq!(delays.count(), 16);
}

#[test]
fn nothing_comes_for_a_time_and_then_all_of_it() {
    let (outputs, _) = a_second_with(Fault::stall(ms(300)).after(ms(400)));
    assert_eq!(numbers(&outputs), sound());
    let silent = outputs
        .iter()
        .filter(|(at, _)| (ms(401)..ms(699)).contains(at));
    assert_eq!(silent.count(), 0);
    let burst = outputs.iter().filter(|(at, _)| *at == ms(700));
    assert!(burst.count() >= 14);
}

#[test]
fn a_carrier_who_hangs_up_on_a_dead_line_is_gone() {
    let (outputs, result) = a_second_with(Fault::stall_for_ever().after(ms(400)));
    assert_eq!(outputs.last().unwrap().1, Output::Break);
    assert!(
        outputs
            .iter()
            .all(|(at, output)| *at <= ms(400) || *output == Output::Break)
    );
    assert_eq!(result.notes.ended.unwrap().by, Party::Caller);
}

#[test]
fn a_frame_is_nonsense() {
    let (sound_outputs, _) = twilio(&CallScript::new("good").silent_ms(1_000), 0, Duration::ZERO);
    let sound = texts(&sound_outputs);
    for (fault, error) in [
        (Fault::malform(), "JSON"),
        (Fault::truncate(), "JSON"),
        (Fault::break_schema(), ""),
    ] {
        let (outputs, result) = a_second_with(fault.clone().on(Media).nth(5..=5));
        let told = texts(&outputs);
        let changed: Vec<usize> = (0..sound.len())
            .filter(|at| told[*at] != sound[*at])
            .collect();
        assert_eq!(changed, [6], "{fault:?}");
        let found = decode::<twilio::CarrierMessage>(told[6])
            .unwrap_err()
            .to_string();
        assert!(found.contains(error), "{found}");
        // The journal has it as it was on the wire, and says what it is.
        let entries = result.journal.entries().iter();
        let struck: Vec<_> = entries.filter(|entry| !entry.faults.is_empty()).collect();
        assert_eq!(struck.len(), 1);
        assert_eq!(struck[0].frame, CallFrame::Text(told[6].to_owned()));
        assert_eq!(struck[0].faults[0].kind, fault.kind().name());
        let happened = result.notes.happenings.iter();
        let happened = happened.filter(|(at, what)| {
            *at == struck[0].at && *what == Happening::Fault(struck[0].faults[0].clone())
        });
        assert_eq!(happened.count(), 1);
    }
}

#[test]
fn an_unknown_event_and_a_wrong_id_look_like_the_carriers_own() {
    let (outputs, _) = a_second_with(Fault::unknown_event().on(Media).nth(5..=5));
    let unknown: Value = serde_json::from_str(texts(&outputs)[6]).unwrap();
    let event = unknown["event"].as_str().unwrap();
    assert!(event.starts_with("media.x"), "{unknown}");
    let stream = unknown["streamSid"].as_str().unwrap();
    assert!(decode::<twilio::CarrierMessage>(texts(&outputs)[7]).is_ok());
    assert!(texts(&outputs)[7].contains(stream));

    let (outputs, _) = a_second_with(Fault::wrong_id().on(Media).nth(5..=5));
    let Ok(twilio::CarrierMessage::Media(media)) = decode(texts(&outputs)[6]) else {
        panic!("{}", texts(&outputs)[6]);
    };
    assert!(media.stream_sid.starts_with("MZ") && media.stream_sid.len() == 34);
    assert_ne!(media.stream_sid, stream);
}

#[test]
fn whatever_a_carrier_sends_can_be_nonsense() {
    let script = |fault: Fault| CallScript {
        longest_ms: Some(2_000),
        ..CallScript::new("nonsense")
            .with_fault(fault)
            .press(KeyPresses::new("5").unwrap())
            .silent_ms(300)
    };
    let of_twilio = [Connected, Start, Media, Dtmf, Stop].map(EventType::from);
    let of_audiocodes = [
        SessionInitiate,
        Activities,
        UserStreamStart,
        UserStreamChunk,
        SessionEnd,
    ];
    let of_audiocodes = of_audiocodes.map(EventType::from);
    for (kind, is_readable) in [
        (Fault::malform(), false),
        (Fault::truncate(), false),
        (Fault::break_schema(), false),
        (Fault::unknown_event(), false),
        (Fault::wrong_id(), true),
    ] {
        let on = |event: &EventType| script(kind.clone().on(event.clone()).nth(1..=1));
        for event in &of_twilio {
            let (_, result) = twilio(&on(event), 0, Duration::ZERO);
            let has_ids = *event != EventType::from(Connected);
            let struck = struck::<twilio::CarrierMessage>(&result, is_readable);
            assert_eq!(struck, has_ids || !is_readable, "{kind:?} {event:?}");
        }
        for event in &of_audiocodes {
            let (_, result) = audiocodes(&on(event));
            let struck = struck::<audiocodes::CarrierMessage>(&result, is_readable);
            assert!(struck, "{kind:?} {event:?}");
        }
    }
}

/// Whether something went wrong, and whether what was sent then is readable as it should be.
fn struck<E: Event>(result: &CallResult, is_readable: bool) -> bool {
    let entries = result.journal.entries();
    let Some(place) = entries.iter().position(|entry| !entry.faults.is_empty()) else {
        return false;
    };
    // What is unknown comes before the frame that it happened to.
    let is_unknown = entries[place].faults[0].kind == "unknown_event";
    let CallFrame::Text(text) = &entries[place - usize::from(is_unknown)].frame else {
        return false;
    };
    assert_eq!(decode::<E>(text).is_ok(), is_readable, "{text}");
    true
}

#[test]
fn what_breaks_the_first_frames_breaks_them() {
    let (outputs, _) = a_second_with(Fault::lose().on(Connected).on(Start));
    assert_eq!(numbers(&outputs)[0], Some(2));
}

#[test]
fn a_line_that_breaks_ends_a_call_at_twilio() {
    let (outputs, result) = a_second_with(Fault::close(1011, "mains").after(ms(400)));
    let (at, last) = outputs.last().unwrap();
    let (code, reason) = (1011, "mains".to_owned());
    assert_eq!((*at, last), (ms(400), &Output::Close { code, reason }));
    assert_eq!(result.notes.ended.unwrap().at, ms(400));
    assert!(matches!(
        &result.journal.entries().last().unwrap().frame,
        CallFrame::Close {
            code: Some(1011),
            ..
        }
    ));
    let (outputs, _) = a_second_with(Fault::disconnect().on(Media).nth(5..=5));
    assert_eq!(outputs.last().unwrap().1, Output::Break);
    assert_eq!(numbers(&outputs).last(), Some(&Some(5)));
}

#[test]
fn a_line_that_breaks_is_opened_anew_by_audiocodes() {
    let chunk = UserStreamChunk;
    let script = CallScript::new("bad")
        .with_fault(Fault::disconnect().on(chunk).nth(10..=10))
        .with_fault(Fault::malform().on(chunk).nth(20..=20))
        .silent_ms(5_000);
    let (outputs, result) = audiocodes(&script);
    let told: Vec<&Output> = outputs.iter().map(|(_, output)| output).collect();
    assert!(told.contains(&&Output::Break) && told.contains(&&Output::Open));
    let happened: Vec<&Happening> = result
        .notes
        .happenings
        .iter()
        .map(|(_, what)| what)
        .collect();
    let place = |what: &Happening| happened.iter().position(|it| *it == what);
    assert!(place(&Happening::Lost) < place(&Happening::Resumed));
    // What goes wrong after that goes wrong on the new line.
    let torn = happened
        .iter()
        .position(|what| matches!(what, Happening::Fault(fired) if fired.kind == "malform"));
    assert!(torn > place(&Happening::Resumed), "{happened:?}");
    assert_eq!(result.notes.ended.unwrap().by, Party::Caller);
}

#[test]
fn what_a_step_has_go_wrong_goes_wrong_from_there_on() {
    let script = CallScript::new("bad")
        .silent_ms(500)
        .press(KeyPresses::new("1").unwrap())
        .faults(Fault::malform().nth(1..=1))
        .press(KeyPresses::new("2").unwrap())
        .silent_ms(400)
        .faults(CallFaults::from(Fault::unknown_event().after(ms(40))))
        .silent_ms(400);
    let (outputs, result) = twilio(&script, 0, Duration::ZERO);
    let keys: Vec<_> = texts(&outputs)
        .into_iter()
        .filter(|text| text.contains("dtmf"))
        .collect();
    // Both are pressed at one moment, with the step between.
    let is_sound = |text: &&str| decode::<twilio::CarrierMessage>(text).is_ok();
    let sound: Vec<bool> = keys.iter().map(is_sound).collect();
    assert_eq!(sound, [true, false], "{keys:?}");
    let fired: Vec<_> = result
        .notes
        .happenings
        .iter()
        .filter_map(|(at, what)| match what {
            Happening::Fault(fired) => Some((*at, fired.kind)),
            _ => None,
        })
        .collect();
    let began = ms(5);
    let [(torn, "malform"), (unknown, "unknown_event")] = fired[..] else {
        panic!("{fired:?}");
    };
    assert_eq!((torn, unknown), (began + ms(500), began + ms(940)));
}

/// A line on which most things go wrong.
fn bad_line() -> CallScript {
    CallScript::new("bad")
        .with_fault(Fault::delay(ms(0)..=ms(80)).chance(0.3))
        .with_fault(Fault::reorder(2).chance(0.05))
        .with_fault(Fault::duplicate().chance(0.05))
        .with_fault(Fault::lose().chance(0.05))
        .with_fault(Fault::malform().chance(0.05))
        .with_fault(Fault::break_schema().chance(0.05))
        .with_fault(Fault::wrong_id().chance(0.05))
        .with_fault(Fault::unknown_event().chance(0.05))
        .with_fault(Fault::stall(ms(100)).every(37))
        .say("Is anybody there?")
        .silent_ms(1_000)
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
    let bytes = |seed, late| {
        let (outputs, _) = twilio(&bad_line(), seed, late);
        let outputs = outputs.into_iter().map(|(_, output)| output);
        outputs.collect::<Vec<_>>()
    };
    assert_eq!(bytes(1, ms(0)), bytes(1, ms(0)));
    // A driver that wakes late changes nothing.
    assert_eq!(bytes(1, ms(0)), bytes(1, ms(13)));
    assert_ne!(bytes(1, ms(0)), bytes(2, ms(0)));
}

#[test]
fn what_does_not_go_wrong_changes_nothing() {
    let good = || CallScript::new("good").say("Hello?").silent_ms(500);
    let never = good().with_fault(Fault::malform().chance(0.0));
    let (plain, plain_result) = twilio(&good(), 3, Duration::ZERO);
    let (over, over_result) = twilio(&never, 3, Duration::ZERO);
    assert_eq!(plain, over);
    assert_eq!(
        plain_result.journal.entries(),
        over_result.journal.entries()
    );
    let by_carrier = over_result.journal.entries().iter();
    assert!(by_carrier.clone().all(|entry| entry.by == Sender::Carrier));
}

fn any_fault() -> impl Strategy<Value = Value> {
    let time = select(vec![0, 1, 50, 10_000, u64::MAX]);
    let kind = (time.clone(), 1..5_u64).prop_flat_map(|(time, few)| {
        select(vec![
            json!({ "delay": { "ms": time, "jitter_ms": time } }),
            json!({ "bandwidth": { "bytes_per_second": few } }),
            json!({ "stall": { "ms": time } }),
            json!({ "stall": {} }),
            json!("drop"),
            json!({ "duplicate": { "times": few * 20 } }),
            json!({ "reorder": { "by": few, "ms": time } }),
            json!({ "truncate": { "bytes": time } }),
            json!({ "truncate": {} }),
            json!("malform"),
            json!({ "break_schema": {} }),
            json!({ "break_schema": { "how": "missing" } }),
            json!({ "wrong_id": {} }),
            json!({ "unknown_event": {} }),
            json!({ "unknown_event": { "type": "" } }),
            json!({ "disconnect": {} }),
            json!({ "disconnect": { "code": 1011 } }),
        ])
    });
    let event = select(vec![
        json!([]),
        json!("media"),
        json!(["start", "userStream.*"]),
        json!(["stop", "session.*"]),
    ]);
    (
        kind,
        event,
        0.0..=1.0_f64,
        select(vec![0, 0, 100, u64::MAX]),
    )
        .prop_map(|(kind, event, chance, after_ms)| {
            let when = json!({ "event": event, "chance": chance, "after_ms": after_ms });
            json!({ "kind": kind, "when": when })
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Nothing panics, the call comes to its end, and the same seed gives the same.
    #[test]
    fn any_faults_leave_callers_alive(
        first in proptest::collection::vec(any_fault(), 0..4),
        then in proptest::collection::vec(any_fault(), 0..4),
        seed in any::<u64>(),
    ) {
        let faults = |rules: &[Value]| -> CallFaults {
            from_value(json!({ "seed": seed, "rules": rules })).unwrap()
        };
        let script = CallScript {
            faults: faults(&first),
            ..CallScript::default()
                .silent_ms(200)
                .faults(faults(&then))
                .say("Hello?")
                .silent_ms(200)
        };
        let (once, result) = twilio(&script, seed, Duration::ZERO);
        let (again, _) = twilio(&script, seed, Duration::ZERO);
        prop_assert!(result.notes.ended.is_some());
        prop_assert_eq!(once, again);
        let (_, result) = audiocodes(&script);
        prop_assert!(result.notes.ended.is_some());
    }
}
