//! What goes wrong in one connection.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::engine::{SessionOptions, TranslationOptions};
use crate::expect::{Direction, Fired};
use crate::generators::Ending;

use super::engine::{FaultyGenerator, FaultyTranscriber};
use super::kind::{FailTranscription, FaultKind, IncompleteFor, Point, RefuseHandshake};
use super::random::Random;
use super::strike::{Memory, Strike, Victim};
use super::when::Occasion;
use super::wire::Wire;
use super::{Fault, Faults};

/// What is said of what needs a network, where there is none.
const NO_EFFECT: &str = ", which has no effect in process";

/// The faults of one connection, and how far they have come. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionFaults(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Whether there were ever any: without, a frame costs no lock.
    any: AtomicBool,
    /// How old the session is, in nanoseconds.
    now: AtomicU64,
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    wire: Wire,
    connection: u64,
    /// Of what was added last.
    seed: u64,
    rules: Vec<Rule>,
    /// How many there ever were.
    ever: u64,
    /// What went wrong where there was no frame, and is not noted yet.
    fired: Vec<Fired>,
    /// Whether there is neither a handshake nor a network.
    in_process: bool,
    /// How many bytes were sent by the client and by the server.
    bytes: [u64; 2],
}

/// A fault and how often it has happened.
#[derive(Debug)]
struct Rule {
    fault: Fault,
    random: Random,
    memory: Memory,
    /// What its times count from.
    since: Duration,
    seen: u64,
    fired: u64,
    /// Whether it waits for nothing but the time, and that has come.
    over: bool,
}

impl Rule {
    fn is_at(&self, point: Point) -> bool {
        self.fault.kind.point() == point
    }

    /// Whether it happens at its time, whatever is sent.
    fn is_by_time(&self) -> bool {
        self.fault.kind.is_of_session() && !self.fault.when.names_a_frame()
    }

    /// Whether it happens now that what its conditions name has come once more.
    fn is_up(&mut self) -> bool {
        let when = &self.fault.when;
        self.seen += 1;
        if !when.counts(self.seen) {
            return false;
        }
        // Drawn even where it may not happen once more, so that all draws stay where they are.
        let chance = when.chance;
        let drawn = chance.is_none_or(|chance| self.random.unit() < f64::from(chance));
        drawn && when.is_left(self.fired)
    }

    /// The same at a point without frames.
    fn is_up_at(&mut self, point: Point, age: Duration) -> bool {
        let is_old_enough = age.saturating_sub(self.since) >= self.fault.when.after();
        self.is_at(point) && is_old_enough && self.is_up()
    }

    /// Whether it may still happen.
    #[cfg(feature = "admin")]
    fn is_left(&self) -> bool {
        !self.over && self.fault.when.is_left(self.fired)
    }

    fn strike(&mut self, strike: &mut Strike, wire: Wire, victim: Victim<'_>) {
        let Self {
            fault,
            random,
            memory,
            ..
        } = self;
        if strike.hit(&fault.kind, wire, victim, random, memory) {
            self.fired += 1;
        }
    }

    /// Whether its kind can do anything to this frame.
    fn can_hit(&self, victim: &Victim<'_>) -> bool {
        match &self.fault.kind {
            FaultKind::SwapDeltas => victim.event.is_some_and(is_delta),
            kind if kind.is_of_audio() => victim.sound.is_some(),
            _ => true,
        }
    }
}

/// Whether an event of this type is a piece of something.
fn is_delta(event: &str) -> bool {
    event.rsplit('.').next() == Some("delta")
}

impl ConnectionFaults {
    /// The faults of the connection with this number, of all these sets.
    pub(crate) fn of<'a>(connection: usize, sets: impl IntoIterator<Item = &'a Faults>) -> Self {
        let faults = Self::default();
        faults.running().connection = connection as u64;
        for set in sets {
            faults.add(set);
        }
        faults
    }

    /// Those of a call, whose seed stands in the place of the connection's number.
    #[cfg(feature = "telephony")]
    pub(crate) fn of_call(wire: Wire, seed: u64) -> Self {
        let faults = Self::default();
        let mut running = faults.running();
        (running.wire, running.connection) = (wire, seed);
        drop(running);
        faults
    }

    /// The number of the connection.
    pub(crate) fn connection(&self) -> usize {
        usize::try_from(self.running().connection).unwrap_or(usize::MAX)
    }

    /// Whether nothing goes wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.running().rules.is_empty()
    }

    /// Has more go wrong from now on.
    pub(crate) fn add(&self, faults: &Faults) {
        let mut running = self.running();
        let (connection, since) = (running.connection, self.now());
        running.seed = faults.seed;
        for fault in &faults.rules {
            let number = running.ever;
            running.ever += 1;
            if fault.when.is_in(connection) {
                self.0.any.store(true, Ordering::Relaxed);
                running.rules.push(Rule {
                    fault: fault.clone(),
                    random: Random::new(faults.seed, connection, number),
                    memory: Memory::default(),
                    since,
                    seen: 0,
                    fired: 0,
                    over: false,
                });
            }
        }
    }

    /// What can still go wrong, with the seed of what was added last.
    #[cfg(feature = "admin")]
    pub(crate) fn in_force(&self) -> Faults {
        let running = self.running();
        let left = running.rules.iter().filter(|rule| rule.is_left());
        Faults {
            seed: running.seed,
            rules: left.map(|rule| rule.fault.clone()).collect(),
        }
    }

    /// Has nothing more go wrong.
    pub(crate) fn clear(&self) {
        self.running().rules.clear();
    }

    /// How the handshake is refused, if it is.
    pub(crate) fn refusal(&self) -> Option<RefuseHandshake> {
        let mut running = self.running();
        let mut refusal = None;
        let mut fired = Vec::new();
        for rule in &mut running.rules {
            if let FaultKind::RefuseHandshake(found) = &rule.fault.kind
                && rule.fired == 0
                && refusal.is_none()
            {
                let found = found.clone();
                if rule.is_up() {
                    rule.fired += 1;
                    fired.push(Fired {
                        kind: rule.fault.kind.name(),
                        what: format!("answered with {}", u16::from(found.status)),
                    });
                    refusal = Some(found);
                }
            }
        }
        running.fired.extend(fired);
        refusal
    }

    /// The same where there is neither a handshake nor a network: what is about them is noted, and has
    /// no effect.
    pub(crate) fn begin_in_process(&self) -> Option<RefuseHandshake> {
        self.running().in_process = true;
        self.lateness();
        self.refusal()
    }

    /// How much later the handshake is answered.
    pub(crate) fn lateness(&self) -> Duration {
        let mut running = self.running();
        let in_process = running.in_process;
        let mut late = Duration::ZERO;
        let mut fired = Vec::new();
        for rule in &mut running.rules {
            if let FaultKind::SlowAccept(wait) = rule.fault.kind
                && rule.is_up()
            {
                let time = wait
                    .shortest()
                    .saturating_add(rule.random.part_of(wait.jitter()));
                late = late.saturating_add(time);
                let mut what = format!("accepted {} ms late", time.as_millis());
                if in_process {
                    what.push_str(NO_EFFECT);
                }
                let kind = rule.fault.kind.name();
                fired.push(Fired { kind, what });
            }
        }
        running.fired.extend(fired);
        late
    }

    /// Puts the faults of responses and transcriptions where those are made.
    pub(crate) fn apply(&self, options: &mut SessionOptions) {
        FaultyGenerator::put_before(&mut options.generator, self);
        FaultyTranscriber::put_before(&mut options.transcriber, self);
    }

    /// The same for a session that translates, which has no responses.
    pub(crate) fn apply_to_translation(&self, options: &mut TranslationOptions) {
        FaultyTranscriber::put_before(&mut options.transcriber, self);
    }

    /// Whether frames of this side may be hit.
    pub(crate) fn may_hit(&self, side: Direction) -> bool {
        if !self.any() {
            return false;
        }
        let running = self.running();
        let mut rules = running.rules.iter();
        rules.any(|rule| rule.is_at(Point::Frame) && rule.fault.when.is_of(side))
    }

    /// What becomes of a frame.
    pub(crate) fn strike(&self, victim: Victim<'_>) -> Strike {
        let mut running = self.running();
        let side = usize::from(victim.from == Direction::Server);
        running.bytes[side] += victim.text.len() as u64;
        let bytes = running.bytes[side];
        let (in_process, wire) = (running.in_process, running.wire);
        let mut strike = Strike::default();
        for rule in &mut running.rules {
            let occasion = Occasion {
                from: victim.from,
                event: victim.event,
                age: victim.now.saturating_sub(rule.since),
                bytes,
            };
            if rule.is_at(Point::Frame)
                && !rule.is_by_time()
                && rule.can_hit(&victim)
                && rule.fault.when.holds_of(occasion)
                && rule.is_up()
            {
                rule.strike(&mut strike, wire, victim);
                if in_process
                    && strike.pieces.take().is_some()
                    && let Some(fired) = strike.fired.last_mut()
                {
                    fired.what.push_str(NO_EFFECT);
                }
            }
        }
        strike
    }

    /// What happens by now, for it is time.
    pub(crate) fn strike_by_time(&self, now: Duration) -> Option<Strike> {
        if !self.any() {
            return None;
        }
        let mut running = self.running();
        let wire = running.wire;
        let due = running.rules.iter_mut().find(|rule| rule.is_due(now))?;
        due.over = true;
        let mut strike = Strike::default();
        if due.is_up() {
            let victim = Victim {
                from: Direction::Server,
                event: None,
                text: "",
                sound: None,
                now,
            };
            due.strike(&mut strike, wire, victim);
        }
        Some(strike)
    }

    /// When the next thing happens by time.
    pub(crate) fn next_by_time(&self) -> Option<Duration> {
        if !self.any() {
            return None;
        }
        let running = self.running();
        let waiting = running
            .rules
            .iter()
            .filter(|rule| rule.is_by_time() && !rule.over);
        waiting.map(Rule::due_at).min()
    }

    /// How a response goes wrong, if it does.
    pub(super) fn response(&self) -> Option<Ending> {
        self.first_at(Point::Response, |kind| match kind {
            FaultKind::FailResponse(fail) => Some((
                Ending::Failed {
                    kind: fail.error_type.clone(),
                    code: fail.code.clone(),
                },
                format!("the response fails: {}", fail.code),
            )),
            FaultKind::IncompleteResponse(incomplete) => Some(match incomplete.reason {
                IncompleteFor::MaxOutputTokens => (
                    Ending::MaxOutputTokens,
                    "the response is too long".to_owned(),
                ),
                IncompleteFor::ContentFilter => {
                    (Ending::ContentFilter, "the response is filtered".to_owned())
                }
            }),
            FaultKind::StuckResponse => {
                Some((Ending::Never, "the response is never done".to_owned()))
            }
            _ => None,
        })
    }

    /// How a transcription fails, if it does.
    pub(super) fn transcription(&self) -> Option<FailTranscription> {
        self.first_at(Point::Transcription, |kind| match kind {
            FaultKind::FailTranscription(fail) => {
                Some((fail.clone(), "the turn is not transcribed".to_owned()))
            }
            _ => None,
        })
    }

    /// What the first does that is up; those after it count, and do nothing.
    fn first_at<T>(
        &self,
        point: Point,
        read: impl Fn(&FaultKind) -> Option<(T, String)>,
    ) -> Option<T> {
        if !self.any() {
            return None;
        }
        let now = self.now();
        let mut running = self.running();
        let mut first = None;
        for rule in &mut running.rules {
            if rule.is_up_at(point, now)
                && first.is_none()
                && let Some((does, what)) = read(&rule.fault.kind)
            {
                rule.fired += 1;
                let kind = rule.fault.kind.name();
                first = Some((does, Fired { kind, what }));
            }
        }
        let (does, fired) = first?;
        running.fired.push(fired);
        Some(does)
    }

    /// The session is so old.
    pub(crate) fn set_time(&self, now: Duration) {
        let nanoseconds = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        self.0.now.store(nanoseconds, Ordering::Relaxed);
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(self.0.now.load(Ordering::Relaxed))
    }

    fn any(&self) -> bool {
        self.0.any.load(Ordering::Relaxed)
    }

    /// What went wrong where there was no frame since this was last asked.
    pub(crate) fn take_fired(&self) -> Vec<Fired> {
        if !self.any() {
            return Vec::new();
        }
        std::mem::take(&mut self.running().fired)
    }

    /// A panic elsewhere does not make what is here wrong.
    fn running(&self) -> MutexGuard<'_, Running> {
        self.0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rule {
    fn due_at(&self) -> Duration {
        self.since.saturating_add(self.fault.when.after())
    }

    fn is_due(&self, now: Duration) -> bool {
        self.is_by_time() && !self.over && self.due_at() <= now
    }
}
