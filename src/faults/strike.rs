//! What faults do to a frame.

use std::time::Duration;

use crate::audio::Encoding;
use crate::engine::Refusal;
use crate::expect::{Direction, Fired};
use crate::protocol::encode;
use crate::protocol::realtime::ServerEvent;

use super::kind::{FaultKind, Packets, ServiceError, Stall, UnknownEvent};
use super::line::{Hold, Way};
use super::random::Random;
use super::wire::Wire;
use super::{sound, text};

/// How long a delta waits for the next.
const SWAP: Duration = Duration::from_secs(1);

/// The most bytes of copies of a frame, unless it is longer itself.
const MOST_COPIED: usize = 1024 * 1024;

/// A frame as faults see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Victim<'a> {
    pub(crate) from: Direction,
    /// The type of the event as GA or the carrier calls it, if it is an event.
    pub(crate) event: Option<&'static str>,
    /// What is on the wire.
    pub(crate) text: &'a str,
    /// How the sound in it is written, if it is an audio delta of the server.
    pub(crate) sound: Option<Encoding>,
    pub(crate) now: Duration,
}

/// What comes of it.
#[derive(Debug, Default)]
pub(crate) struct Strike {
    /// What is sent to the client before it.
    pub(crate) before: Vec<String>,
    /// What is on the wire instead.
    pub(crate) text: Option<String>,
    pub(crate) lost: bool,
    /// How often it comes besides.
    pub(crate) copies: u64,
    pub(crate) way: Way,
    pub(crate) stall: Option<Silence>,
    pub(crate) pieces: Option<Pieces>,
    /// The end of the connection, instead of it.
    pub(crate) end: Option<Ending>,
    /// What went wrong, in words.
    pub(crate) fired: Vec<Fired>,
}

/// How long nothing arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    Until(Duration),
    ForEver,
}

/// How a frame is cut on the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pieces {
    Packets { bytes: usize, pause: Duration },
    Fragments { bytes: usize },
}

/// How a connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Close { code: u16, reason: String },
    Break,
}

/// What a fault of a line keeps from frame to frame.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// When all bytes before are there.
    pub(super) free_at: Duration,
}

impl Strike {
    /// Does what a fault does. Where there is nothing it could do, it has not happened.
    pub(super) fn hit(
        &mut self,
        kind: &FaultKind,
        wire: Wire,
        victim: Victim<'_>,
        random: &mut Random,
        memory: &mut Memory,
    ) -> bool {
        let done = self.transport(kind, victim, random, memory);
        let done = done.or_else(|| self.session(kind, wire, victim, random));
        let Some(what) = done.or_else(|| self.content(kind, wire, victim, random)) else {
            return false;
        };
        self.fired.push(Fired {
            kind: kind.name(),
            what,
        });
        true
    }

    /// What happens to the frame on its way.
    fn transport(
        &mut self,
        kind: &FaultKind,
        victim: Victim<'_>,
        random: &mut Random,
        memory: &mut Memory,
    ) -> Option<String> {
        let now = victim.now;
        Some(match kind {
            FaultKind::Delay(wait) => {
                let delay = wait
                    .shortest()
                    .saturating_add(random.part_of(wait.jitter()));
                self.way.delay = self.way.delay.saturating_add(delay);
                format!("{} ms late", delay.as_millis())
            }
            FaultKind::Bandwidth(line) => {
                let takes = takes(victim.text.len(), line.bytes_per_second.into());
                memory.free_at = memory.free_at.max(now).saturating_add(takes);
                self.way.not_before = self.way.not_before.max(memory.free_at);
                let late = memory.free_at.saturating_sub(now);
                format!("{} ms late by the bandwidth", late.as_millis())
            }
            FaultKind::Packets(Packets { bytes, pause_ms }) => {
                let bytes = length((*bytes).into());
                let pause = Duration::from_millis(*pause_ms);
                self.pieces = Some(Pieces::Packets { bytes, pause });
                format!("in packets of {bytes} bytes")
            }
            FaultKind::Fragments(fragments) => {
                let bytes = length(fragments.bytes.into());
                self.pieces = Some(Pieces::Fragments { bytes });
                format!("in fragments of {bytes} bytes")
            }
            FaultKind::Drop => {
                self.lost = true;
                "lost".to_owned()
            }
            FaultKind::Duplicate(duplicate) => {
                // What is long comes less often, for all copies wait at once.
                let most = (MOST_COPIED / victim.text.len().max(1)).max(1) as u64;
                self.copies = most.min(self.copies + u64::from(duplicate.times));
                format!("{} times", self.copies + 1)
            }
            FaultKind::Reorder(reorder) => {
                let by = reorder.by.into();
                self.way.hold = Some(Hold {
                    by,
                    of_its_type: false,
                    most: Duration::from_millis(reorder.ms),
                });
                format!("overtaken by {by}")
            }
            FaultKind::SwapDeltas => {
                self.way.hold = Some(Hold {
                    by: 1,
                    of_its_type: true,
                    most: SWAP,
                });
                "after the next delta".to_owned()
            }
            _ => return None,
        })
    }

    /// What happens to the session.
    fn session(
        &mut self,
        kind: &FaultKind,
        wire: Wire,
        victim: Victim<'_>,
        random: &mut Random,
    ) -> Option<String> {
        Some(match kind {
            FaultKind::Stall(Stall { ms: Some(ms) }) => {
                let until = victim.now.saturating_add(Duration::from_millis(*ms));
                self.stall = Some(Silence::Until(until));
                format!("nothing arrives for {ms} ms")
            }
            FaultKind::Stall(Stall { ms: None }) => {
                self.stall = Some(Silence::ForEver);
                "nothing arrives any more".to_owned()
            }
            FaultKind::Disconnect(end) => {
                let (ending, what) = match end.code {
                    Some(code) => {
                        let (code, reason) = (code.get(), end.reason.clone());
                        (
                            Ending::Close { code, reason },
                            format!("closed with {code}"),
                        )
                    }
                    None => (Ending::Break, "the connection breaks".to_owned()),
                };
                self.end.get_or_insert(ending);
                what
            }
            FaultKind::ServiceError(error) => {
                let (refusal, close) = refused(*error);
                let code = refusal.code().unwrap_or_else(|| refusal.kind()).to_owned();
                let mut what = format!("the service says {code}");
                if let Some((code, reason)) = close {
                    what = format!("{what} and closes with {code}");
                    self.end.get_or_insert(Ending::Close { code, reason });
                }
                let event = refusal.into_event(random.id("event_").into());
                let mut text = String::new();
                encode(&ServerEvent::from(event), &mut text).ok()?;
                self.before.push(text);
                what
            }
            FaultKind::UnknownEvent(UnknownEvent { event_type }) => {
                let drawn = || {
                    format!(
                        "{}.x{}",
                        victim.event.unwrap_or("mock"),
                        random.below(1_000)
                    )
                };
                let name = event_type.clone().unwrap_or_else(drawn);
                let event = wire.unknown_event(&name, victim.text, random);
                self.before.push(event);
                format!("`{name}` comes, which there is not")
            }
            _ => return None,
        })
    }

    /// What happens to what the frame says.
    fn content(
        &mut self,
        kind: &FaultKind,
        wire: Wire,
        victim: Victim<'_>,
        random: &mut Random,
    ) -> Option<String> {
        let now = self.text.as_deref().unwrap_or(victim.text);
        let (text, what) = match kind {
            FaultKind::Truncate(fault) => text::truncate(now, *fault, random),
            FaultKind::Malform => text::malform(now, random),
            FaultKind::BreakSchema(fault) => {
                text::break_schema(now, (wire, victim.from), fault, random)
            }
            FaultKind::WrongId(fault) => text::wrong_id(now, wire, fault, random),
            _ => sound::spoil(now, victim.sound?, kind, random),
        }?;
        self.text = Some(text);
        Some(what)
    }
}

/// What the service says, and how it closes if it does.
fn refused(error: ServiceError) -> (Refusal, Option<(u16, String)>) {
    match error {
        ServiceError::ServerError => (Refusal::server_error(), None),
        ServiceError::RateLimitExceeded => terminal(Refusal::rate_limit_exceeded()),
        ServiceError::InsufficientQuota => terminal(Refusal::insufficient_quota()),
        ServiceError::SessionExpired => {
            let refusal = Refusal::expired(60);
            let reason = refusal.message().to_owned();
            (refusal, Some((Refusal::EXPIRED, reason)))
        }
    }
}

fn terminal(refusal: Refusal) -> (Refusal, Option<(u16, String)>) {
    let reason = format!("{}.{}", refusal.kind(), refusal.code().unwrap_or_default());
    (refusal, Some((Refusal::TERMINAL, reason)))
}

/// How long so many bytes take.
fn takes(bytes: usize, a_second: u64) -> Duration {
    let nanoseconds = bytes as u128 * 1_000_000_000 / u128::from(a_second.max(1));
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

fn length(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
