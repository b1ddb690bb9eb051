//! What maintainers run: `cargo xtask --help`.

mod project;
mod schema;

use std::fmt::Display;
use std::path::Path;
use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};
use mock_realtime_codegen::generate;
use project::Protocol;

/// Tasks of those who maintain mock-realtime.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
#[command(
    after_help = "Exit codes: 0 done, nothing found; 1 something differs or is missing; \
    2 the task could not be done. `coverage` and `ci` pass on what they run."
)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Follow the published protocol
    #[command(subcommand)]
    Schema(SchemaTask),
    /// Rewrite schema/*.surface.txt: one line an event and one a type, as generated
    Codegen {
        /// Print the generated Rust instead, formatted
        #[arg(long)]
        print: bool,
    },
    /// Say of each client event whether it is handled and of each server event whether it is sent
    Coverage,
    /// Run everything that has to pass before a change goes in: .ci/run
    Ci,
}

#[derive(Subcommand)]
enum SchemaTask {
    /// Rewrite the structure of schema/ from a published document; our descriptions stay
    #[command(after_help = "Exit codes: 0 the schema follows the document; \
        2 the document has something unknown or needs a rule in sync.toml, and nothing was written.")]
    Sync {
        /// The document as JSON; `-` reads standard input
        file: String,
    },
    /// Say what a published document would change, and whom that breaks
    #[command(
        after_help = "Senders write a value, receivers read it; each line says who sends it.\n\n\
        Exit codes: 0 nothing differs, and nothing is printed; 1 something differs; \
        2 the document could not be read."
    )]
    Diff {
        /// The document as JSON; `-` reads standard input
        file: String,
        /// Print a JSON list: protocol, path, published, what, `sent_by`, breaks
        #[arg(long)]
        json: bool,
    },
    /// Check that schema/ is whole: it loads, the overlay fits, all is described, the surface is new
    #[command(after_help = "Exit codes: 0 all is well; 1 something is not, one line each.")]
    Check,
}

/// A task that could not be done: place and message.
type Result<T> = std::result::Result<T, mock_realtime_codegen::Error>;

/// Done, and nothing found.
const FINE: u8 = 0;
/// Done, and something found.
const FOUND: u8 = 1;
/// Not done.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Schema(SchemaTask::Sync { file }) => schema::sync(&file),
        Task::Schema(SchemaTask::Diff { file, json }) => schema::diff(&file, json),
        Task::Schema(SchemaTask::Check) => schema::check(),
        Task::Codegen { print } => codegen(print),
        Task::Coverage => {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let transcripts = Path::new("tests").join("transcripts");
            run(Command::new(cargo)
                .args(["run", "--quiet", "--", "coverage", "--transcripts"])
                .arg(transcripts))
        }
        Task::Ci => run(Command::new("bash").arg(Path::new(".ci").join("run"))),
    };
    ExitCode::from(done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        FAILED
    }))
}

fn codegen(print: bool) -> Result<u8> {
    for protocol in project::protocols()? {
        let generated = generate(&protocol.folder)?;
        if print {
            print!("{}", generated.rust);
        } else if protocol.write_surface(&generated.surface)? {
            println!("wrote {}", shown(&protocol));
        }
    }
    Ok(FINE)
}

fn shown(protocol: &Protocol) -> impl Display {
    format!("schema/{}.surface.txt", protocol.name)
}

/// Runs a command in the root of the project and gives its exit code.
fn run(command: &mut Command) -> Result<u8> {
    let status = command
        .current_dir(project::root())
        .status()
        .map_err(|error| project::failed(command.get_program().to_string_lossy(), &error))?;
    // No code means a signal ended it.
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(FAILED))
}
