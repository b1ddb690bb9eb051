//! What the server costs, beside one that does nothing but write the same frames:
//!
//! ```text
//! cargo bench --bench server                        a table, with what is to be held
//! cargo bench --bench server -- soak --minutes 10   turns, audio, cancels and broken connections
//! cargo bench --bench server -- bad-day --sessions 500   the same while everything goes wrong
//! ```
//!
//! Both servers are processes of their own that are driven by the same client. What counts is their
//! CPU time and memory, which other work on the machine changes little, and the ratio of the two.
//! Exit codes: 0 all is held, 1 something is not.
//!
//! Ten thousand sessions need as many open files twice: the client's and the server's. The limit is
//! raised as far as the system allows.
#![cfg_attr(
    not(target_os = "linux"),
    allow(unused, reason = "what a process costs is read from Linux's /proc")
)]
#![allow(clippy::unwrap_used, reason = "panicking is how a benchmark fails")]

mod bad_day;
mod client;
mod floor;
mod process;
mod recording;
mod rows;
mod soak;
mod table;
mod traffic;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "What the server costs, beside one that only writes the same frames.")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Given by `cargo bench`. Without it, as `cargo test` runs it, it is only seen whether all works.
    #[arg(long, hide = true, global = true)]
    bench: bool,
    /// Only the rows whose name has this in it.
    row: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Hold conversations for a while, and see that memory stays and no session is lost.
    Soak {
        /// For how long.
        #[arg(long, default_value_t = 10.0)]
        minutes: f64,
        /// How many conversations at a time.
        #[arg(long, default_value_t = 100)]
        sessions: usize,
    },
    /// Hold conversations with a server that has a bad day, and see that memory stays and that its
    /// faults explain how each session ends.
    BadDay {
        /// For how long.
        #[arg(long, default_value_t = 10.0)]
        minutes: f64,
        /// How many conversations at a time.
        #[arg(long, default_value_t = 500)]
        sessions: usize,
        /// How many seconds a caller thinks between two turns, about.
        #[arg(long, default_value_t = 2.0)]
        pause: f64,
    },
    /// Be the server that only writes what is in the file.
    #[command(hide = true)]
    Floor { recording: PathBuf },
}

#[cfg(target_os = "linux")]
#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let held = match arguments.command {
        Some(Command::Floor { recording }) => return floor::serve(&recording).await,
        Some(Command::Soak { minutes, sessions }) => {
            soak::run(Duration::from_secs_f64(60.0 * minutes), sessions).await
        }
        Some(Command::BadDay {
            minutes,
            sessions,
            pause,
        }) => {
            let time = Duration::from_secs_f64(60.0 * minutes);
            bad_day::run(time, sessions, Duration::from_secs_f64(pause)).await
        }
        None if arguments.bench => rows::measure(&rows::FULL, arguments.row.as_deref()).await,
        None => {
            // What such small numbers cost says nothing.
            rows::measure(&rows::SMALL, None).await;
            soak::run(Duration::from_secs(2), 10).await
                && bad_day::run(Duration::from_secs(2), 10, Duration::from_millis(100)).await
        }
    };
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    println!("nothing is measured: what a process costs is read from Linux's /proc");
    ExitCode::SUCCESS
}
