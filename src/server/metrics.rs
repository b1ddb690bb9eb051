//! What is counted, and how Prometheus reads it.
//!
//! An event costs two additions to numbers that all sessions share: neither a lock nor memory. The
//! text is of three kinds of line, so it is written here.

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::admission::TurnedAway;
use crate::mock::SentKind;
#[cfg(feature = "conformance")]
use crate::mock::Verification;
use crate::protocol::EventKind;
use crate::protocol::realtime::{
    ClientEventKind, ServerEventKind, TranslationClientEventKind, TranslationServerEventKind,
};

/// The type of frames that are no events.
const OTHER: &str = "other";

/// What a server counts.
#[derive(Debug)]
pub(super) struct Metrics {
    sessions: AtomicU64,
    sessions_over: AtomicU64,
    refused_full: AtomicU64,
    refused_shutdown: AtomicU64,
    received: Traffic,
    sent: Traffic,
    written: AtomicU64,
    responses: Histogram,
    #[cfg(feature = "conformance")]
    verification: Option<Verification>,
}

/// The events that go one way.
#[derive(Debug)]
struct Traffic {
    /// By type: first those of conversations, in the order of their kind's `ALL`; then those that
    /// only translations have, and the others.
    events: Box<[(&'static str, AtomicU64)]>,
    bytes: AtomicU64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            sessions: AtomicU64::default(),
            sessions_over: AtomicU64::default(),
            refused_full: AtomicU64::default(),
            refused_shutdown: AtomicU64::default(),
            received: Traffic::of::<ClientEventKind, TranslationClientEventKind>(),
            sent: Traffic::of::<ServerEventKind, TranslationServerEventKind>(),
            written: AtomicU64::default(),
            responses: Histogram::default(),
            #[cfg(feature = "conformance")]
            verification: None,
        }
    }
}

impl Metrics {
    /// The same with what is found in the server's own frames, if somebody looks.
    #[cfg(feature = "conformance")]
    pub(super) fn with_verification(self, verification: Option<Verification>) -> Self {
        Self {
            verification,
            ..self
        }
    }

    pub(super) fn session_opened(&self) {
        self.sessions.fetch_add(1, Relaxed);
    }

    pub(super) fn session_closed(&self) {
        self.sessions_over.fetch_add(1, Relaxed);
    }

    pub(super) fn session_refused(&self, reason: TurnedAway) {
        let counter = match reason {
            TurnedAway::Full => &self.refused_full,
            TurnedAway::ShuttingDown => &self.refused_shutdown,
        };
        counter.fetch_add(1, Relaxed);
    }

    /// All that was counted, as Prometheus reads it.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        // A string takes everything.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let (all, over) = (load(&self.sessions), load(&self.sessions_over));
        head(out, "sessions", "gauge", "Sessions that are open.")?;
        sample(out, "sessions", "", all.saturating_sub(over))?;
        head(
            out,
            "sessions_opened_total",
            "counter",
            "Sessions that were opened.",
        )?;
        sample(out, "sessions_opened_total", "", all)?;
        head(
            out,
            "sessions_refused_total",
            "counter",
            "Sessions that were turned away.",
        )?;
        for (reason, counter) in [
            ("full", &self.refused_full),
            ("shutting_down", &self.refused_shutdown),
        ] {
            let labels = format!("{{reason=\"{reason}\"}}");
            sample(out, "sessions_refused_total", &labels, load(counter))?;
        }
        head(
            out,
            "events_total",
            "counter",
            "Events, by direction and type.",
        )?;
        self.received.write_events(out, "received")?;
        self.sent.write_events(out, "sent")?;
        head(
            out,
            "event_bytes_total",
            "counter",
            "Bytes of events, by direction.",
        )?;
        for (direction, traffic) in [("received", &self.received), ("sent", &self.sent)] {
            let labels = format!("{{direction=\"{direction}\"}}");
            sample(out, "event_bytes_total", &labels, load(&traffic.bytes))?;
        }
        head(
            out,
            "send_queue_events",
            "gauge",
            "Events that wait for clients to read.",
        )?;
        let waiting = self.sent.total().saturating_sub(load(&self.written));
        sample(out, "send_queue_events", "", waiting)?;
        head(
            out,
            "response_duration_seconds",
            "histogram",
            "From the first event of a response to its last.",
        )?;
        #[cfg(feature = "conformance")]
        if let Some(verification) = &self.verification {
            head(
                out,
                "rules_broken_total",
                "counter",
                "Rules of the protocol that the mock's own frames broke.",
            )?;
            sample(out, "rules_broken_total", "", verification.count())?;
        }
        self.responses.write(out, "response_duration_seconds")
    }
}

impl Traffic {
    fn of<C: EventKind, T: EventKind>() -> Self {
        let of_conversations = C::ALL.iter().map(|kind| kind.as_str());
        let of_translations = T::ALL.iter().map(|kind| kind.as_str());
        let only_there = of_translations.filter(|kind| C::from_type(kind).is_none());
        let types = of_conversations.chain(only_there).chain([OTHER]);
        Self {
            events: types.map(|kind| (kind, AtomicU64::default())).collect(),
            bytes: AtomicU64::default(),
        }
    }

    fn count(&self, kind: Option<usize>, bytes: usize) {
        let kind = kind.unwrap_or(self.events.len() - 1);
        if let Some((_, counter)) = self.events.get(kind) {
            counter.fetch_add(1, Relaxed);
        }
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// Where events of this type are counted.
    fn place(&self, kind: &str) -> Option<usize> {
        self.events.iter().position(|(counted, _)| *counted == kind)
    }

    fn total(&self) -> u64 {
        self.events.iter().map(|(_, counter)| load(counter)).sum()
    }

    fn write_events(&self, out: &mut String, direction: &str) -> fmt::Result {
        for (kind, counter) in &self.events {
            let labels = format!("{{direction=\"{direction}\",type=\"{kind}\"}}");
            sample(out, "events_total", &labels, load(counter))?;
        }
        Ok(())
    }
}

/// What one session counts.
#[derive(Debug, Default)]
pub(super) struct Meter {
    metrics: Arc<Metrics>,
    /// Events that the client has not taken yet.
    waiting: u64,
    /// When the responses began that are not done. Those beside each other are taken to be done in
    /// the order in which they began.
    running: VecDeque<Duration>,
}

impl Meter {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            metrics,
            waiting: 0,
            running: VecDeque::new(),
        }
    }

    /// The client has sent a frame: an event of this type, or none.
    pub(super) fn received(&self, kind: Option<&str>, bytes: usize) {
        let received = &self.metrics.received;
        received.count(kind.and_then(|kind| received.place(kind)), bytes);
    }

    /// A frame goes to the client: an event of this kind, or none.
    pub(super) fn sent(&mut self, kind: Option<SentKind>, bytes: usize, now: Duration) {
        use SentKind::{Conversation, Translation};
        let sent = &self.metrics.sent;
        let place = match kind {
            Some(Conversation(kind)) => Some(kind as usize),
            Some(Translation(kind)) => sent.place(kind.as_str()),
            None => None,
        };
        sent.count(place, bytes);
        self.waiting += 1;
        match kind {
            Some(Conversation(ServerEventKind::ResponseCreated)) => self.running.push_back(now),
            Some(Conversation(ServerEventKind::ResponseDone)) => {
                if let Some(began) = self.running.pop_front() {
                    self.metrics.responses.observe(now.saturating_sub(began));
                }
            }
            _ => {}
        }
    }

    /// All that was sent is written.
    pub(super) fn flushed(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        self.metrics.written.fetch_add(waiting, Relaxed);
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.flushed();
    }
}

/// Up to how many milliseconds a response may take to be in a bucket.
const BUCKETS: [u64; 12] = [
    1, 5, 10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000,
];

/// How long something took, in buckets.
#[derive(Debug, Default)]
struct Histogram {
    /// Each without those before it; the last has what is longer than all.
    buckets: [AtomicU64; BUCKETS.len() + 1],
    microseconds: AtomicU64,
}

impl Histogram {
    fn observe(&self, time: Duration) {
        let bucket = BUCKETS.partition_point(|limit| Duration::from_millis(*limit) < time);
        self.buckets[bucket].fetch_add(1, Relaxed);
        let microseconds = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(microseconds, Relaxed);
    }

    fn write(&self, out: &mut String, name: &str) -> fmt::Result {
        let mut count = 0;
        let limits = BUCKETS.map(|limit| Duration::from_millis(limit).as_secs_f64().to_string());
        let limits = limits.iter().map(String::as_str).chain(["+Inf"]);
        for (limit, bucket) in limits.zip(&self.buckets) {
            count += load(bucket);
            let labels = format!("{{le=\"{limit}\"}}");
            sample(out, &format!("{name}_bucket"), &labels, count)?;
        }
        let sum = Duration::from_micros(load(&self.microseconds)).as_secs_f64();
        sample(out, &format!("{name}_sum"), "", sum)?;
        sample(out, &format!("{name}_count"), "", count)
    }
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Relaxed)
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(out, "# HELP mock_realtime_{name} {help}")?;
    writeln!(out, "# TYPE mock_realtime_{name} {kind}")
}

fn sample(out: &mut String, name: &str, labels: &str, value: impl fmt::Display) -> fmt::Result {
    writeln!(out, "mock_realtime_{name}{labels} {value}")
}
