//! What both callers have in common: what goes in, what comes out, and what is noted.

use std::fmt;
use std::time::Duration;

use super::finding::{Finding, FindingKind};
use super::record::Carrier;
use super::track::Track;
use crate::audio::Clip;
use crate::expect::Fired;

/// What happens to a caller. `now` beside it counts from the beginning of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// The connection to the bridge is open.
    Opened,
    /// The bridge sent a text frame.
    Text(&'a str),
    /// The bridge sent a binary frame of so many bytes.
    Binary(usize),
    /// The bridge closed the connection.
    Closed {
        /// The close code; none where it gave none.
        code: Option<u16>,
        /// Its words for why.
        reason: &'a str,
    },
    /// The bridge answered the request for a connection with this HTTP status, and opened none.
    TurnedAway {
        /// The status.
        status: u16,
        /// The same in words.
        reason: &'a str,
    },
    /// The connection could not be opened, or broke.
    Broken(&'a str),
    /// The bridge violated the WebSocket protocol, or sent more than is taken at once; the connection
    /// is gone.
    Violated(&'a str),
    /// Time has passed.
    Time,
}

/// What a driver is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a text frame.
    Text(String),
    /// Close the connection.
    Close {
        /// The close code.
        code: u16,
        /// The reason.
        reason: String,
    },
    /// Drop the connection without a close.
    Break,
    /// Open a new connection, for the old one is lost.
    Open,
}

/// What the person on the telephone does, or what happens to the line.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Says this, behind what is still being said.
    Say(Clip),
    /// Presses these keys: `0` to `9`, `*`, `#`, `A` to `D`. There are no others on a telephone.
    Press(String),
    /// Hangs up.
    HangUp,
    /// For so long nothing of the caller's audio gets through. Its time passes all the same.
    Gap(Duration),
    /// The connection to the bridge breaks.
    Break,
}

/// Whether a telephone has this key.
pub(crate) fn is_key(key: char) -> bool {
    matches!(key, '0'..='9' | 'A'..='D' | '*' | '#')
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// The person on the telephone.
    Caller,
    /// The carrier, because of what the bridge did or did not do.
    Carrier,
    /// The bridge.
    Bridge,
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Caller => "caller",
            Self::Carrier => "carrier",
            Self::Bridge => "bridge",
        })
    }
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// When, counted from its beginning.
    pub at: Duration,
    /// Who ended it.
    pub by: Party,
    /// Why, for people.
    pub reason: String,
    /// The code the carrier reports it under, where it has one.
    pub code: Option<u16>,
}

/// Something that happened in a call and is worth a line in its report. Audio is in the tracks.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Happening {
    /// The connection to the bridge was opened.
    Opened,
    /// The bridge answered the request for a connection with this HTTP status, and opened none.
    TurnedAway(u16),
    /// The bridge said that it is there, and well.
    Validated,
    /// The bridge closed the connection with this code, or with none.
    Closed(Option<u16>),
    /// The bridge took the call, or the carrier its stream: from now on audio flows.
    Began,
    /// The caller pressed a key, or several that are told together.
    Pressed(String),
    /// The bridge asked to be told when the audio so far has been heard.
    MarkSet(String),
    /// A mark came back.
    MarkBack {
        /// Its name.
        name: String,
        /// Whether the audio before it was heard to its end. Not where a `clear` took it out.
        heard: bool,
    },
    /// What was queued was dropped.
    Cleared {
        /// So much of it.
        dropped: Duration,
    },
    /// The bridge began a reply.
    PlayStarted(String),
    /// The bridge said that the reply is complete.
    PlayStopped(String),
    /// The reply was heard to its end, or dropped.
    PlayEnded(String),
    /// The carrier began to listen to the caller for the bridge.
    Listening,
    /// The carrier stopped listening.
    NotListening,
    /// The bridge hears the caller speak.
    SpeechHeard,
    /// The bridge understood the caller.
    Understood {
        /// The words.
        text: String,
        /// Whether it is sure of them.
        final_: bool,
    },
    /// The bridge sent an activity that the carrier does not say by sound.
    Command(String),
    /// The connection was lost.
    Lost,
    /// The call goes on, on a new connection.
    Resumed,
    /// Something went wrong on the line to the bridge, as the script asks for.
    Fault(Fired),
}

/// What a caller notes of its call.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// What the caller said.
    pub said: Track,
    /// What happened, in order.
    pub happenings: Vec<(Duration, Happening)>,
    /// What the bridge did wrong, in order. The first thousand are kept.
    pub findings: Vec<Finding>,
    /// When the bridge's audio came, and how long each piece lasts.
    pub came: Vec<(Duration, Duration)>,
    /// How much of what the caller said did not get through.
    pub withheld: Duration,
    /// How the call ended, once it has.
    pub ended: Option<Ending>,
}

/// What a bridge has sent before it knows of the end of a call comes so much later at most.
const ON_ITS_WAY: Duration = Duration::from_millis(500);

/// So many findings are kept: a bridge that does the same wrong for hours does not fill the memory.
const KEPT_FINDINGS: usize = 1_000;

impl Notes {
    pub(super) fn happened(&mut self, at: Duration, what: Happening) {
        self.happenings.push((at, what));
    }

    pub(super) fn found(
        &mut self,
        at: Duration,
        kind: FindingKind,
        detail: String,
        code: Option<u16>,
    ) {
        if self.findings.len() < KEPT_FINDINGS {
            self.findings.push(Finding {
                at,
                kind,
                detail,
                code,
            });
        }
    }

    /// Notes a message that came after the end, unless it was on its way by then.
    pub(super) fn found_after_end(&mut self, now: Duration) {
        let ended = self.ended.as_ref().map(|ending| ending.at);
        if ended.is_some_and(|ended| now > ended + ON_ITS_WAY) {
            let what = "a message after the end".to_owned();
            self.found(now, FindingKind::AfterEnd, what, None);
        }
    }

    /// How often a bridge did something wrong.
    pub fn count(&self, kind: FindingKind) -> usize {
        let found = self.findings.iter();
        found.filter(|finding| finding.kind == kind).count()
    }
}

/// A caller of whichever carrier: a machine without clock or socket, which a driver pumps.
///
/// A driver gives it what happens with [`handle`](Self::handle), does all that
/// [`poll`](Self::poll) says, and comes again at the [`deadline`](Self::deadline). What is due
/// happens at its time, however late the driver wakes.
pub trait Caller: fmt::Debug + Send {
    /// Whose words it speaks.
    fn carrier(&self) -> Carrier;

    /// The headers of the request that opens a connection to the bridge.
    fn headers(&self, url: &str) -> Vec<(&'static str, String)>;

    /// Something happens to it.
    fn handle(&mut self, input: Input<'_>, now: Duration);

    /// The person on the telephone does something. Without effect once the call has ended.
    fn act(&mut self, action: Action, now: Duration);

    /// What the driver is to do next; none until something happens again.
    fn poll(&mut self) -> Option<Output>;

    /// When it wants to be woken with [`Input::Time`].
    fn deadline(&self) -> Option<Duration>;

    /// Whether the call has begun: what the caller does now gets through.
    fn has_begun(&self) -> bool;

    /// How many samples a second of the caller's voice the line carries.
    fn sample_rate(&self) -> u32;

    /// Whether the caller is still saying something.
    fn is_speaking(&self) -> bool;

    /// What is noted of the call.
    fn notes(&self) -> &Notes;

    /// What was heard of the bridge and, after the present, what will be if nothing is dropped.
    fn heard(&self) -> &Track;
}
