//! What happened in a call, as far as it can be told from outside the bridge: both of its ends on one
//! clock.

mod model;
mod of;
mod probe;
mod total;
mod turns;

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;
use std::time::Duration;

use serde::Serialize;

use super::tones::Tones;
use super::{Happening, Notes, Party, Track};

pub use model::{HeardPiece, ModelRecord, SpokenItem, ToolCall};
pub use probe::Probe;
use total::RunningTotal;
pub use turns::Turn;

/// Whose words a caller speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Carrier {
    /// Twilio Media Streams, two-way.
    Twilio,
    /// AudioCodes' bot API in its streaming mode.
    AudioCodes,
}

impl Carrier {
    /// Whether it takes a call up again whose line broke.
    pub(crate) const fn resumes(self) -> bool {
        matches!(self, Self::AudioCodes)
    }

    /// Whether it asks the bridge to take a call, and begins when the bridge has.
    pub(crate) const fn asks(self) -> bool {
        matches!(self, Self::AudioCodes)
    }

    /// Its name on the command line and in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::AudioCodes => "audiocodes",
        }
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A call. All times count from its beginning, when the carrier's connection to the bridge was opened.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// Whose words the caller spoke.
    pub carrier: Carrier,
    /// What is asked, where it is no conversation.
    pub probe: Option<Probe>,
    /// What the caller did and noted.
    pub notes: Notes,
    /// What the caller heard, where it came out of the line.
    pub heard: Track,
    /// The bridge's audio where it came to the carrier, which plays it behind what came before.
    pub came: Vec<Arrival>,
    /// What came with the call and is to reach the model: custom parameters, the caller's number.
    pub parameters: Vec<(String, String)>,
    /// The other end, where the model is the mock.
    pub model: Option<ModelRecord>,
    /// The tones that its voices have under them, where it was held with others at once.
    pub(crate) tones: Option<Tones>,
    /// What follows from the rest, and is looked at by many.
    pub(crate) derived: Derived,
}

/// What follows from a record, found when it is first asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Derived {
    utterances: OnceLock<Vec<Range<Duration>>>,
    replies: OnceLock<Vec<Range<Duration>>>,
    totals: OnceLock<Totals>,
}

/// How much had come and gone at any time.
#[derive(Clone, Debug)]
struct Totals {
    came: RunningTotal,
    dropped: RunningTotal,
    /// Each stretch of sound with its whole length, from its first sample on.
    heard: RunningTotal,
}

/// Audio of the bridge, as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When.
    pub at: Duration,
    /// How long it is to be heard.
    pub length: Duration,
}

/// What is quiet for longer than this is between two replies; between words pauses are shorter.
const REPLY_PAUSE: Duration = Duration::from_millis(700);

/// Sound is looked at in steps of so long.
const STEP: Duration = Duration::from_millis(10);

impl CallRecord {
    /// When things happened that `pick` takes something of.
    pub fn all<'a, T>(
        &'a self,
        pick: impl Fn(&'a Happening) -> Option<T> + 'a,
    ) -> impl Iterator<Item = (Duration, T)> + 'a {
        let happenings = self.notes.happenings.iter();
        happenings.filter_map(move |(at, what)| Some((*at, pick(what)?)))
    }

    /// When such things happened.
    pub fn times<'a>(
        &'a self,
        is_it: impl Fn(&Happening) -> bool + 'a,
    ) -> impl Iterator<Item = Duration> + 'a {
        let picked = self.all(move |what| is_it(what).then_some(()));
        picked.map(|(at, ())| at)
    }

    /// When audio could flow: Twilio's `start` was sent, AudioCodes' session accepted.
    pub fn began(&self) -> Option<Duration> {
        self.times(|what| *what == Happening::Began).next()
    }

    /// When the call was over, by whomever.
    pub fn ended(&self) -> Option<Duration> {
        self.notes.ended.as_ref().map(|ending| ending.at)
    }

    /// When the caller hung up.
    pub fn hung_up(&self) -> Option<Duration> {
        let ending = self.notes.ended.as_ref();
        ending
            .filter(|ending| ending.by == Party::Caller)
            .map(|ending| ending.at)
    }

    /// When the carrier's connection was lost and, where the call went on, when it did.
    pub fn outages(&self) -> impl Iterator<Item = (Duration, Option<Duration>)> {
        self.times(|what| *what == Happening::Lost).map(|lost| {
            let mut resumed = self.times(|what| *what == Happening::Resumed);
            (lost, resumed.find(|at| *at >= lost))
        })
    }

    /// When the carrier's connection was lost for good.
    pub fn cut_off(&self) -> Option<Duration> {
        let mut outages = self.outages();
        outages.find_map(|(lost, resumed)| resumed.is_none().then_some(lost))
    }

    /// Whether there was no connection in some of these times.
    pub(crate) fn is_out(&self, times: Range<Duration>) -> bool {
        self.outages().any(|(lost, resumed)| {
            lost <= times.end && resumed.is_none_or(|resumed| resumed >= times.start)
        })
    }

    /// How long the call was.
    pub fn length(&self) -> Duration {
        let last = self.notes.happenings.last().map(|(at, _)| *at);
        let sounds = self.heard.end().max(self.notes.said.end());
        self.ended().or(last).unwrap_or_default().max(sounds)
    }

    /// Each thing that the caller said, from its first sound to its last.
    pub fn utterances(&self) -> &[Range<Duration>] {
        let utterances = &self.derived.utterances;
        utterances.get_or_init(|| spans(&self.notes.said, REPLY_PAUSE))
    }

    /// Each thing that the caller heard, from its first sound to its last.
    pub fn replies(&self) -> &[Range<Duration>] {
        let replies = &self.derived.replies;
        replies.get_or_init(|| spans(&self.heard, REPLY_PAUSE))
    }

    /// When the bridge had the playback stop, and how much was not heard for it.
    pub fn clears(&self) -> impl Iterator<Item = (Duration, Duration)> {
        self.all(|what| match what {
            Happening::Cleared { dropped } => Some(*dropped),
            _ => None,
        })
    }

    /// How much of the bridge's audio had come by then.
    pub fn came_by(&self, at: Duration) -> Duration {
        self.totals().came.by(at)
    }

    /// How much of the bridge's audio came in these times.
    pub(crate) fn came_in(&self, times: Range<Duration>) -> Duration {
        let came = &self.totals().came;
        came.before(times.end)
            .saturating_sub(came.before(times.start))
    }

    /// How much had been dropped by then.
    pub fn dropped_by(&self, at: Duration) -> Duration {
        self.totals().dropped.by(at)
    }

    /// How much had been heard by then, without the pauses between.
    pub fn heard_by(&self, at: Duration) -> Duration {
        let stretches = self.heard.stretches();
        let begun = stretches.partition_point(|stretch| stretch.start() < at);
        // All but the last that has begun are over.
        let rest = stretches[..begun].last();
        let rest = rest.map_or(Duration::ZERO, |last| last.end().saturating_sub(at));
        self.totals().heard.before(at).saturating_sub(rest)
    }

    /// How much waits to be heard.
    pub fn queued_at(&self, at: Duration) -> Duration {
        let gone = self.heard_by(at) + self.dropped_by(at);
        self.came_by(at).saturating_sub(gone)
    }

    fn totals(&self) -> &Totals {
        self.derived.totals.get_or_init(|| Totals {
            came: self
                .came
                .iter()
                .map(|arrival| (arrival.at, arrival.length))
                .collect(),
            dropped: self.clears().collect(),
            heard: self
                .heard
                .stretches()
                .iter()
                .map(|stretch| {
                    (
                        stretch.start(),
                        stretch.end().saturating_sub(stretch.start()),
                    )
                })
                .collect(),
        })
    }
}

/// Where there is sound, pauses up to this length left in.
fn spans(track: &Track, pause: Duration) -> Vec<Range<Duration>> {
    let mut spans: Vec<Range<Duration>> = Vec::new();
    for stretch in track.stretches() {
        let mut from = stretch.start();
        while from < stretch.end() {
            let to = (from + STEP).min(stretch.end());
            if track.is_audible(from..to) {
                match spans.last_mut() {
                    Some(last) if from <= last.end + pause => last.end = to,
                    _ => spans.push(from..to),
                }
            }
            from = to;
        }
    }
    spans
}
