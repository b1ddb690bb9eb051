//! The rows that are measured, as a table.

use std::fmt;
use std::time::Duration;

/// How a number is shown.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Microseconds,
    Milliseconds,
    Kibibytes,
    Sessions,
}

/// What is to be held.
#[derive(Clone, Copy)]
pub(crate) enum Bar {
    /// At most so many times the floor.
    TimesTheFloor(f64),
    AtMost(f64),
    AtLeast(f64),
}

/// A thing that was measured.
pub(crate) struct Row {
    pub(crate) what: &'static str,
    pub(crate) unit: Unit,
    pub(crate) mock: f64,
    pub(crate) floor: Option<f64>,
    pub(crate) bar: Bar,
}

impl Row {
    fn ratio(&self) -> Option<f64> {
        self.floor.map(|floor| self.mock / floor)
    }

    pub(crate) fn is_held(&self) -> bool {
        match self.bar {
            Bar::TimesTheFloor(most) => self.ratio().is_some_and(|ratio| ratio <= most),
            Bar::AtMost(most) => self.mock <= most,
            Bar::AtLeast(least) => self.mock >= least,
        }
    }

    pub(crate) fn heading() -> String {
        format!(
            "{:<55} {:>12} {:>12} {:>7}   {:<26}\n",
            "server's cost", "mock", "floor", "ratio", "bar"
        )
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let floor = self.floor.map(|floor| self.unit.show(floor));
        let ratio = self.ratio().map(|ratio| format!("{ratio:.2}"));
        let bar = match self.bar {
            Bar::TimesTheFloor(most) => format!("at most {most} times the floor"),
            Bar::AtMost(most) => format!("at most {}", self.unit.show(most)),
            Bar::AtLeast(least) => format!("at least {}", self.unit.show(least)),
        };
        write!(
            f,
            "{:<55} {:>12} {:>12} {:>7}   {bar:<26}",
            self.what,
            self.unit.show(self.mock),
            floor.unwrap_or_default(),
            ratio.unwrap_or_default(),
        )
    }
}

impl Unit {
    fn show(self, number: f64) -> String {
        match self {
            Self::Microseconds => format!("{number:.2} µs"),
            Self::Milliseconds => format!("{number:.1} ms"),
            Self::Kibibytes => format!("{number:.1} KiB"),
            Self::Sessions => format!("{number:.0}"),
        }
    }
}

/// In microseconds, each of so many.
#[expect(clippy::cast_precision_loss, reason = "a measurement")]
pub(crate) fn microseconds_each(all: Duration, of: usize) -> f64 {
    all.as_secs_f64() * 1e6 / of as f64
}
