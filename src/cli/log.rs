//! What is told on standard error, how much of it, and in which form.

use std::io::{self, IsTerminal};

use clap::{ArgAction, Args, ValueEnum};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt, registry};

/// What says how much is told where no flag does; other programs in Rust read it, too.
const RUST_LOG: &str = "RUST_LOG";

#[derive(Args)]
#[command(next_help_heading = "Log, on standard error")]
pub(crate) struct Log {
    /// Tell more: once for what goes wrong with connections, twice for all.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
    /// What to tell: off, error, warn, info (sessions), debug (connections) or trace; or by module,
    /// as in `warn,mock_realtime::server=debug`. Without it, `RUST_LOG` says.
    #[arg(
        long = "log",
        global = true,
        value_name = "FILTER",
        env = "MOCK_REALTIME_LOG"
    )]
    filter: Option<Targets>,
    /// The form of what is told.
    #[arg(
        long = "log-format",
        global = true,
        value_enum,
        default_value_t,
        env = "MOCK_REALTIME_LOG_FORMAT"
    )]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: an object a line.
    Json,
}

impl Log {
    /// Tells from now on.
    pub(crate) fn start(&self) {
        let lines = fmt::layer().with_writer(io::stderr);
        let lines = match self.format {
            Format::Text => lines.with_ansi(io::stderr().is_terminal()).boxed(),
            Format::Json => lines.json().flatten_event(true).boxed(),
        };
        registry().with(lines.with_filter(self.filter())).init();
    }

    fn filter(&self) -> Targets {
        if let Some(filter) = &self.filter {
            return filter.clone();
        }
        let all = |level: LevelFilter| Targets::new().with_default(level);
        match self.verbose {
            0 => from_environment().unwrap_or_else(|| all(LevelFilter::WARN)),
            1 => all(LevelFilter::DEBUG),
            _ => all(LevelFilter::TRACE),
        }
    }
}

fn from_environment() -> Option<Targets> {
    let filter = std::env::var(RUST_LOG).ok()?;
    match filter.parse() {
        Ok(filter) => Some(filter),
        Err(error) => {
            eprintln!("{RUST_LOG} is no filter and not followed: {error}");
            None
        }
    }
}
