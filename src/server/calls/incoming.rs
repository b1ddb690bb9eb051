//! A call that comes in: who calls whom, what they say, and whom it is announced to.

use std::time::Duration;

use crate::audio::Clip;
use crate::engine::DtmfKey;
use crate::protocol::realtime::SipHeader;

use super::caller::{Caller, Speech, Step};
use super::webhook::Webhook;

/// How long it rings before the caller gives up. *Inferred*: what the service does is not known.
pub const RINGS_FOR: Duration = Duration::from_secs(60);

/// How long a caller stays at most, if nothing else is said.
pub const STAYS_FOR: Duration = Duration::from_secs(5 * 60);

/// The voice of callers who speak a text: none of the model's first choices.
const CALLERS_VOICE: &str = "ash";

/// A telephone call that is to come in.
///
/// The caller does what they are told in that order: says something, presses keys, listens. Then they
/// stay on the line until somebody hangs up, or [`stays_for`](Self::stays_for) is over.
///
/// ```
/// use std::time::Duration;
/// use mock_realtime::server::calls::{IncomingCall, Webhook};
///
/// let call = IncomingCall::from("+493012345")
///     .to("+15550100")
///     .webhook(Webhook::new("http://127.0.0.1:8000/openai", "whsec_bW9jay1yZWFsdGltZQ==")?)
///     .says("Good morning, I want to book a table.")
///     .listens()
///     .presses("12#".parse()?)
///     .hangs_up();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nobody calls until a mock is given the call"]
pub struct IncomingCall {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) headers: Vec<SipHeader>,
    pub(super) webhook: Option<Webhook>,
    pub(super) rings_for: Duration,
    steps: Vec<Step>,
    stays_for: Duration,
}

/// Keys of a telephone, to be pressed one after the other: digits, `*`, `#`, and `A` to `D`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys(Vec<DtmfKey>);

/// A character that no telephone has as a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoKey(pub char);

impl std::fmt::Display for NoKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "'{}' is no key of a telephone: expected 0 to 9, *, #, and A to D",
            self.0
        )
    }
}

impl std::error::Error for NoKey {}

impl std::str::FromStr for Keys {
    type Err = NoKey;

    fn from_str(keys: &str) -> Result<Self, NoKey> {
        let keys = keys.chars().map(|key| DtmfKey::new(key).ok_or(NoKey(key)));
        keys.collect::<Result<_, _>>().map(Self)
    }
}

impl IncomingCall {
    /// A call of somebody: a number, or the address of a SIP user.
    pub fn from(caller: impl Into<String>) -> Self {
        Self {
            from: caller.into(),
            to: "+15550100".to_owned(),
            headers: Vec::new(),
            webhook: None,
            rings_for: RINGS_FOR,
            steps: Vec::new(),
            stays_for: STAYS_FOR,
        }
    }

    /// Whom they have dialled.
    pub fn to(self, callee: impl Into<String>) -> Self {
        Self {
            to: callee.into(),
            ..self
        }
    }

    /// A header of the INVITE beside those that each has. The app sees it in the webhook.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push(SipHeader::new(name, value));
        self
    }

    /// Whom the call is announced to. Without it nobody is told, and whoever knows the call's id may
    /// accept it.
    pub fn webhook(self, webhook: Webhook) -> Self {
        Self {
            webhook: Some(webhook),
            ..self
        }
    }

    /// How long it rings until the caller gives up; [`RINGS_FOR`] otherwise.
    pub fn rings_for(self, time: Duration) -> Self {
        Self {
            rings_for: time,
            ..self
        }
    }

    /// How long the caller stays once the call is accepted, whatever is still to be said;
    /// [`STAYS_FOR`] otherwise.
    pub fn stays_for(self, time: Duration) -> Self {
        Self {
            stays_for: time,
            ..self
        }
    }

    /// The caller says a text, in the voice of the mock. The session hears these very words.
    pub fn says(self, text: impl Into<String>) -> Self {
        let text = text.into();
        let clip = Clip::spoken(&text, CALLERS_VOICE, 1.0);
        self.step(Step::Say(Speech::new(Some(text), &clip)))
    }

    /// The caller says what is recorded. The session hears what its transcriber makes of it.
    pub fn plays(self, clip: &Clip) -> Self {
        self.step(Step::Say(Speech::new(None, clip)))
    }

    /// The caller presses keys, five a second.
    pub fn presses(self, keys: Keys) -> Self {
        let keys = keys.0.into_iter().map(Step::Press);
        keys.fold(self, Self::step)
    }

    /// The caller is silent for a while.
    pub fn pauses(self, time: Duration) -> Self {
        self.step(Step::Pause(time))
    }

    /// The caller listens until the model has been heard to its end. If it has not begun within ten
    /// seconds they go on.
    pub fn listens(self) -> Self {
        self.step(Step::HearOut)
    }

    /// The caller listens until the model has been heard for so long, and goes on while it speaks: to
    /// interrupt it. If it is not heard within ten seconds they go on, too.
    pub fn listens_for(self, time: Duration) -> Self {
        self.step(Step::HearFor(time))
    }

    /// The caller hangs up.
    pub fn hangs_up(self) -> Self {
        self.step(Step::HangUp)
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// The caller, as they are once the call is accepted.
    pub(super) fn caller(&self) -> Caller {
        Caller::new(self.steps.clone(), self.stays_for)
    }

    /// What they say, where its words are known.
    pub(super) fn speeches(&self) -> impl Iterator<Item = (Clip, String)> {
        self.steps.iter().filter_map(|step| match step {
            Step::Say(Speech {
                text: Some(text),
                clip,
            }) => Some((clip.clone(), text.clone())),
            _ => None,
        })
    }

    /// The headers of the INVITE: those that each has, and those that were asked for.
    pub(super) fn sip_headers(&self, number: u64, call: &str) -> Vec<SipHeader> {
        let address = |who: &str| {
            if who.contains('@') {
                format!("<sip:{}>", who.trim_start_matches("sip:"))
            } else {
                format!("<sip:{who}@sip.mock.invalid>")
            }
        };
        let tag = call.get(call.len().saturating_sub(8)..).unwrap_or_default();
        let standard = [
            ("Max-Forwards", "69".to_owned()),
            ("From", format!("{};tag={tag}", address(&self.from))),
            ("To", address(&self.to)),
            ("Call-ID", format!("{call}@sip.mock.invalid")),
            ("CSeq", format!("{} INVITE", number + 1)),
            ("Content-Type", "application/sdp".to_owned()),
        ];
        let standard = standard.map(|(name, value)| SipHeader::new(name, value));
        standard.into_iter().chain(self.headers.clone()).collect()
    }
}
