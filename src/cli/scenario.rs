//! `mock-realtime scenario`: writing, checking and explaining scenarios.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use miette::{GraphicalReportHandler, GraphicalTheme};
use mock_realtime::recording::Recording;
use mock_realtime::scenario::{self, Preset, Problems, RecordedScenario, Situation, load};
use mock_realtime::telephony::script::CallScript;

use super::replay;

/// How wide reports are.
const LONGEST_LINE: usize = 100;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Print a commented scenario to start from.
    Init(Init),
    /// Say all that is wrong with a scenario.
    Check(Check),
    /// Say which response is chosen, and why the others are not.
    Explain(Explain),
    /// Print the JSON Schema of scenario files, for editors.
    Schema(SchemaArguments),
    /// Print the scenario that response configs of the Python original make.
    Convert(Convert),
    /// Print the scenario of a recorded session, to start from.
    FromRecording(FromRecording),
}

#[derive(Args)]
pub(crate) struct Init {
    /// The scenario to start from.
    #[arg(long, default_value = "starter", value_parser = preset_names())]
    preset: String,
    /// Write it to this file, which must not exist.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Check {
    /// The scenario.
    file: PathBuf,
}

#[derive(Args)]
pub(crate) struct Explain {
    /// The scenario.
    file: PathBuf,
    /// What the user says.
    #[arg(long, value_name = "TEXT")]
    say: String,
    /// In which turn of the user, from 1.
    #[arg(long, default_value_t = 1)]
    turn: u32,
    /// In which state; in the first, without.
    #[arg(long)]
    state: Option<String>,
    /// A tool that the session has declared; may be given several times.
    #[arg(long = "tool", value_name = "NAME")]
    tools: Vec<String>,
}

#[derive(Args)]
pub(crate) struct SchemaArguments {
    /// That of the scripts of telephone calls instead.
    #[arg(long)]
    call: bool,
}

#[derive(Args)]
pub(crate) struct Convert {
    /// The response configs: JSON, an object of configs by their keys.
    file: PathBuf,
}

#[derive(Args)]
pub(crate) struct FromRecording {
    /// The recording: of the proxy, or any log that check reads.
    file: PathBuf,
    /// Which session, if there are several in the file; from 1.
    #[arg(long, value_name = "NUMBER")]
    session: Option<usize>,
    /// Write what was spoken to WAV files in this folder, and have the scenario play them. Without it
    /// the mock's own voice says the transcripts.
    #[arg(long, value_name = "FOLDER")]
    audio: Option<PathBuf>,
}

fn preset_names() -> clap::builder::PossibleValuesParser {
    Preset::ALL
        .iter()
        .map(|preset| preset.name())
        .collect::<Vec<_>>()
        .into()
}

/// Does what the command says.
pub(crate) fn run(command: &Command) -> io::Result<()> {
    match command {
        Command::Init(arguments) => init(arguments),
        Command::Check(arguments) => check(arguments),
        Command::Explain(arguments) => explain(arguments),
        Command::Schema(arguments) => print_schema(arguments),
        Command::Convert(arguments) => convert(arguments),
        Command::FromRecording(arguments) => from_recording(arguments),
    }
}

fn init(arguments: &Init) -> io::Result<()> {
    let preset = Preset::named(&arguments.preset).map_or("", Preset::text);
    let Some(file) = &arguments.file else {
        return io::stdout().write_all(preset.as_bytes());
    };
    let created = fs::File::create_new(file).map_err(|error| in_file(file, &error));
    created?.write_all(preset.as_bytes())?;
    writeln!(io::stdout(), "{} is written", file.display())
}

fn check(arguments: &Check) -> io::Result<()> {
    let loaded = load(&arguments.file).map_err(|problems| failed(&problems))?;
    let count = |number: usize, what: &str| {
        let plural = if number == 1 { "" } else { "s" };
        format!("{number} {what}{plural}")
    };
    let scenario = &loaded.scenario;
    writeln!(
        io::stdout(),
        "{} is sound: {}, {} in {}",
        arguments.file.display(),
        count(scenario.responses.len(), "response"),
        count(scenario.states.len(), "state"),
        count(loaded.files.len(), "file"),
    )
}

fn explain(arguments: &Explain) -> io::Result<()> {
    let scenario = load(&arguments.file)
        .map_err(|problems| failed(&problems))?
        .scenario;
    let mut situation = Situation::of_words(&scenario, &arguments.say, arguments.turn);
    if let Some(state) = &arguments.state {
        if !scenario.states.contains(state) {
            let states = scenario.states.join(", ");
            return Err(io::Error::other(format!(
                "the scenario has no state `{state}`; there are: {states}"
            )));
        }
        situation.state = Some(state.clone());
    }
    situation.tools_usable = !arguments.tools.is_empty();
    situation.functions.clone_from(&arguments.tools);
    write!(io::stdout(), "{}", scenario.explain(&situation))
}

fn print_schema(arguments: &SchemaArguments) -> io::Result<()> {
    let schema = if arguments.call {
        CallScript::json_schema()
    } else {
        scenario::schema()
    };
    let schema = serde_json::to_string_pretty(&schema)?;
    writeln!(io::stdout(), "{schema}")
}

fn convert(arguments: &Convert) -> io::Result<()> {
    let file = &arguments.file;
    let json = fs::read_to_string(file).map_err(|error| in_file(file, &error))?;
    let scenario = scenario::convert(&json)
        .map_err(|error| io::Error::other(format!("{}: {error}", file.display())))?;
    let text = scenario.to_yaml().map_err(io::Error::other)?;
    write!(io::stdout(), "{text}")
}

fn from_recording(arguments: &FromRecording) -> io::Result<()> {
    let recording = Recording::read(&arguments.file)?;
    let session = replay::session(&recording, arguments.session, &arguments.file)?;
    let folder = arguments.audio.as_ref();
    let name = folder.map(|folder| folder.display().to_string());
    let recorded = RecordedScenario::of(session, name.as_deref());
    if let Some(folder) = folder {
        fs::create_dir_all(folder).map_err(|error| in_file(folder, &error))?;
    }
    for (file, sound) in &recorded.sounds {
        sound.save(file).map_err(io::Error::other)?;
    }
    let text = recorded.to_yaml().map_err(io::Error::other)?;
    write!(io::stdout(), "{text}")
}

fn in_file(file: &std::path::Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", file.display()))
}

/// The problems as people read them: each with the lines of the file it is in.
pub(crate) fn failed(problems: &Problems) -> io::Error {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(LONGEST_LINE);
    let mut report = String::new();
    let mut count = 0;
    for problem in problems.iter() {
        count += 1;
        if handler.render_report(&mut report, problem).is_err() {
            return io::Error::other(problems.to_string());
        }
    }
    let plural = if count == 1 { "mistake" } else { "mistakes" };
    io::Error::other(format!("{count} {plural} in the scenario\n{report}"))
}
