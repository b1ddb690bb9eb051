//! A call to look at.

use std::borrow::Cow;
use std::time::Duration;

use super::CallReport;
use crate::audio::picture::{Lane, Mark, svg};
use crate::telephony::Happening;
use crate::telephony::checks::Verdict;

/// Samples a second that are drawn.
const RATE: u32 = 8_000;

const EVENT: &str = "#000";
const FAILURE: &str = "#c00";

/// Names of marks may be as long as the bridge likes.
const LONGEST: usize = 24;

pub(super) fn draw(report: &CallReport) -> String {
    let record = &report.record;
    let times = Duration::ZERO..record.length();
    let (said, heard) = (
        record.notes.said.render(times.clone(), RATE),
        record.heard.render(times, RATE),
    );
    let lane = |name, colour, samples| Lane {
        name,
        colour,
        samples,
    };
    let lanes = [
        lane("caller", "#1f6fb4", &said),
        lane("bridge", "#c0562b", &heard),
    ];
    let happened = record.notes.happenings.iter();
    let mut marks: Vec<Mark> = happened
        .filter_map(|(at, what)| Some(Mark::new(*at, name_of(what)?, EVENT)))
        .collect();
    // A line that is bad all the time is drawn once.
    let faults = report.faults.iter();
    marks.extend(faults.map(|fault| {
        let times = match fault.times {
            1 => String::new(),
            times => format!(" ×{times}"),
        };
        Mark::new(fault.first, format!("⚡ {}{times}", fault.kind), EVENT)
    }));
    marks.extend(report.turns.iter().map(|turn| {
        let name = if turn.interrupts {
            "caller interrupts"
        } else {
            "caller speaks"
        };
        Mark::new(turn.at, name, EVENT)
    }));
    marks.extend(
        report
            .checks
            .iter()
            .filter_map(|check| match check.verdict {
                Verdict::Failed { at, .. } => {
                    let name = format!("✗ {}", check.name);
                    Some(Mark::new(at.unwrap_or_default(), name, FAILURE))
                }
                _ => None,
            }),
    );
    marks.sort_by_key(|mark| mark.at);
    svg(&lanes, &marks, RATE)
}

/// What of it is drawn: what the bridge asked for, and what the caller did.
fn name_of(what: &Happening) -> Option<Cow<'static, str>> {
    let short = |name: &str| name.chars().take(LONGEST).collect::<String>();
    Some(match what {
        Happening::Began => "call begins".into(),
        Happening::Pressed(keys) => format!("key {keys}").into(),
        Happening::MarkSet(_) => "mark".into(),
        Happening::MarkBack { heard: true, .. } => "mark heard".into(),
        Happening::Cleared { dropped } => {
            format!("playback stopped, {:.1} s left", dropped.as_secs_f64()).into()
        }
        Happening::PlayStarted(stream) => format!("stream {}", short(stream)).into(),
        Happening::PlayStopped(_) => "stream closed".into(),
        Happening::SpeechHeard => "bridge hears speech".into(),
        Happening::Command(command) => short(command).into(),
        Happening::Lost => "connection lost".into(),
        Happening::Resumed => "resumed".into(),
        _ => return None,
    })
}
