//! The command line.

mod cli;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli::bridge_test::{self, BridgeTestArguments};
use cli::call::{self, Call};
use cli::check::{self, Check};
use cli::coverage::{self, Coverage};
use cli::demo::{self, Demo};
use cli::exercise::{self, ExerciseArguments};
use cli::healthcheck::{self, Healthcheck};
use cli::log::Log;
use cli::proxy::{self, Proxy};
use cli::replay::{self, Replay};
use cli::scenario::{self, Command as ScenarioCommand};
use cli::serve::{self, Serve};

/// A mock of the OpenAI Realtime API.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    log: Log,
}

const EXAMPLES: &str = "\
Start here:
  mock-realtime demo                     shows a conversation, event by event
  mock-realtime serve                    serves; point an SDK at ws://127.0.0.1:8080/v1, any key will do
  mock-realtime scenario init call.yaml  writes down what the mock says, for you to change
  mock-realtime serve call.yaml --watch  serves that
  mock-realtime help serve               says more of a command

Exit codes: 0 success; 1 the command could not do its work, and standard error says why; 2 wrong use.
Those of bridge-test, check, exercise, proxy and replay are their own.";

#[derive(Subcommand)]
enum Command {
    /// Hold a whole voice conversation, and draw it.
    Demo(Demo),
    /// Serve the mock until ctrl-c.
    Serve(Box<Serve>),
    /// Have a telephone call come in: announce it to an app, and hold it.
    Call(Box<Call>),
    /// Write, check and explain scenarios: what the mock says, and when.
    #[command(subcommand)]
    Scenario(ScenarioCommand),
    /// Call a bridge between telephone and model, and report how it does.
    BridgeTest(Box<BridgeTestArguments>),
    /// Check logs of sessions: are they the protocol?
    Check(Check),
    /// Record and check sessions on their way between an agent and any realtime server.
    Proxy(Box<Proxy>),
    /// Serve a recorded session again.
    Replay(Box<Replay>),
    /// Walk a client through every event, in every way it can come.
    Exercise(Box<ExerciseArguments>),
    /// Print what of the protocol this version does.
    Coverage(Coverage),
    /// Ask a server whether it takes sessions; exit code 0 if it does.
    Healthcheck(Healthcheck),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.log.start();
    let result = match cli.command {
        Command::Demo(arguments) => done(demo::run(&arguments)),
        Command::Serve(arguments) => done(serve::run(&arguments)),
        Command::Call(arguments) => call::run(&arguments),
        Command::Scenario(command) => done(scenario::run(&command)),
        Command::BridgeTest(arguments) => bridge_test::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Proxy(arguments) => proxy::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Exercise(arguments) => exercise::run(&arguments),
        Command::Coverage(arguments) => done(coverage::print(&arguments)),
        Command::Healthcheck(arguments) => done(healthcheck::run(&arguments)),
    };
    match result {
        Ok(code) => code,
        // Whoever read the output has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The exit code of a command that says no more by it than whether it could do its work.
fn done(result: io::Result<()>) -> io::Result<ExitCode> {
    result.map(|()| ExitCode::SUCCESS)
}
