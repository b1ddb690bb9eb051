//! Many calls at once, at the pace of speech, to the bridge of `examples/bridge`:
//!
//! ```text
//! cargo bench --features connect --bench calls                                   500 calls of a minute
//! cargo bench --features connect --bench calls -- --calls 100 --seconds 30
//! ```
//!
//! Callers, bridge and model are processes of their own. What is held to is that no frame of the callers
//! leaves more than 20 ms late, and that every caller is answered. Exit codes: 0 it is so, 1 it is not.
#![cfg_attr(
    not(target_os = "linux"),
    allow(unused, reason = "what a process costs is read from Linux's /proc")
)]
#![allow(clippy::unwrap_used, reason = "panicking is how a benchmark fails")]

mod callers;
#[path = "../../examples/bridge/main.rs"]
mod example;
#[path = "../server/process.rs"]
#[allow(dead_code, reason = "another benchmark looks at more")]
mod process;
mod table;

use std::env;
use std::process::{Command as Program, ExitCode};
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::callers::Plan;
use crate::process::{Cost, Process};
use crate::table::{Costs, Table};

#[derive(Parser)]
#[command(about = "Many calls at once, at the pace of speech, to the bridge of the examples.")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// How many calls are held at once.
    #[arg(long, default_value_t = 500)]
    calls: u32,
    /// How long each of them is.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Given by `cargo bench`. Without it, as `cargo test` runs it, it is only seen whether all works.
    #[arg(long, hide = true, global = true)]
    bench: bool,
}

#[derive(Clone, Copy, Subcommand)]
enum Command {
    /// Be the bridge.
    #[command(hide = true)]
    Bridge,
}

/// As many calls as show that it works.
const SMALL: Plan = Plan {
    calls: 3,
    length: Duration::from_secs(9),
};

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Command::Bridge) = arguments.command {
        example::main().unwrap();
        return ExitCode::SUCCESS;
    }
    let plan = if arguments.bench {
        Plan {
            calls: arguments.calls,
            length: Duration::from_secs(arguments.seconds.into()),
        }
    } else {
        SMALL
    };
    let table = measure(plan);
    print!("{table}");
    // What so few calls in a program that is not optimised are late says nothing.
    if table.all_answered && (table.is_in_time() || !arguments.bench) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Starts the other two, holds the calls, and looks at all three while no call has ended.
#[cfg(target_os = "linux")]
fn measure(plan: Plan) -> Table {
    // A call is three sockets in the bridge and the callers.
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/calls/model.yaml");
    let model = Process::start(
        Program::new(env!("CARGO_BIN_EXE_mock-realtime")).args(["serve", scenario, "--port", "0"]),
    );
    let bridge = Process::start(
        Program::new(env::current_exe().unwrap())
            .arg("bridge")
            .env("BRIDGE_ADDRESS", "127.0.0.1:0")
            .env("OPENAI_API_KEY", "mock")
            .env("OPENAI_BASE_URL", format!("http://{}/v1", model.address)),
    );
    let costs = [Cost(std::process::id()), bridge.cost(), model.cost()];
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let calls = callers::hold_all(plan, format!("ws://{}/twilio", bridge.address));
        let (calls, costs) = tokio::join!(calls, Costs::between(costs, plan));
        Table::of(plan, &calls, costs)
    })
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    println!("nothing is measured: what a process costs is read from Linux's /proc");
    ExitCode::SUCCESS
}
