//! The command line.
//!
//! Exit codes: 0 success, 1 the command could not do its work, 2 wrong use.

mod cli;

use std::io;
use std::process::ExitCode;

use clap::{ArgAction, Parser, Subcommand};
use cli::coverage::{self, Coverage};
use cli::scenario::{self, Command as ScenarioCommand};
use cli::serve::{self, Serve};
use tracing_subscriber::filter::LevelFilter;

#[derive(Parser)]
#[command(version, about, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 success, 1 the command could not do its work, 2 wrong use.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Tell more on standard error: once for what goes wrong with connections, twice for all.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
}

impl Cli {
    fn log_level(&self) -> LevelFilter {
        match self.verbose {
            0 => LevelFilter::WARN,
            1 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        }
    }
}

#[derive(Subcommand)]
enum Command {
    /// Serve the mock until ctrl-c.
    Serve(Serve),
    /// Write, check and explain scenarios: what the mock says, and when.
    #[command(subcommand)]
    Scenario(ScenarioCommand),
    /// Print what of the protocol this version does.
    Coverage(Coverage),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_max_level(cli.log_level())
        .init();
    let result = match cli.command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Scenario(command) => scenario::run(&command),
        Command::Coverage(arguments) => coverage::print(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
