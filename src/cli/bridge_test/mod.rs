//! `mock-realtime bridge-test`: a bridge between telephone and model, tried from both ends.

mod command;
mod junit;

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use mock_realtime::scenario::{Scenario, load};
use mock_realtime::telephony::audiocodes::AudioCodesOptions;
use mock_realtime::telephony::bridge_test::{BridgeTest, BridgeTestBuilder, Suite};
use mock_realtime::telephony::checks::Limits;
use mock_realtime::telephony::record::Carrier;
use mock_realtime::telephony::report::BridgeReport;
use mock_realtime::telephony::script::CallScript;
use mock_realtime::telephony::twilio::TwilioOptions;

use self::command::Bridge;
use crate::cli::scenario::failed;
use crate::cli::serve::signals::Requests;

/// The exit code where the test could not be made.
const NOT_MADE: u8 = 2;

#[derive(Args)]
#[command(after_help = "\
Examples:
  mock-realtime bridge-test --carrier twilio --bridge ws://127.0.0.1:8090/twilio -- ./my-bridge
      starts the model and the bridge, which finds the model by its environment, and makes the calls
      of the suite `standard`
  mock-realtime bridge-test --carrier audiocodes --bridge ws://127.0.0.1:8090/audiocodes \\
      --model-listen 127.0.0.1:8080 --call call.yaml --model-scenario model.yaml -n 20
      makes 20 calls at once to a bridge that runs already, and has ws://127.0.0.1:8080/v1 for its model
  mock-realtime bridge-test --carrier twilio --bridge wss://bridge.example/media --no-model
      makes calls to a bridge with a model of its own: what the caller notices is reported

The bridge that COMMAND starts has OPENAI_BASE_URL, OPENAI_API_KEY and MOCK_REALTIME_URL in its
environment.

Exit codes: 0 all checks passed, 1 one failed, 2 the test could not be made.")]
pub(crate) struct BridgeTestArguments {
    /// Whose words the callers speak.
    #[arg(long, value_enum)]
    carrier: CarrierArgument,
    /// The bridge, an address of scheme ws or wss.
    #[arg(long, value_name = "URL")]
    bridge: String,
    /// The calls to make.
    #[arg(long, value_enum, default_value_t = SuiteArgument::Standard, conflicts_with = "call")]
    suite: SuiteArgument,
    /// A script of a call of your own.
    #[arg(long, value_name = "FILE")]
    call: Option<PathBuf>,
    /// What the model says in it.
    #[arg(long, value_name = "FILE", requires = "call")]
    model_scenario: Option<PathBuf>,
    /// How many calls of each script to make at once.
    #[arg(short = 'n', long, default_value_t = 1, value_name = "CALLS")]
    calls: usize,
    /// Where the model listens: a free port, without.
    #[arg(long, value_name = "ADDRESS")]
    model_listen: Option<SocketAddr>,
    /// The bridge has another model than the mock.
    #[arg(long, conflicts_with_all = ["model_listen", "model_scenario"])]
    no_model: bool,
    /// What the carrier shows the bridge: Twilio's auth token, which signs, or AudioCodes' bearer token.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "BRIDGE_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
    /// Another limit than the usual, in milliseconds. Limits have the names of the fields of `Limits` in
    /// the library, such as answer, silence or truncation.
    #[arg(long = "limit", value_name = "NAME=MS", value_parser = limit)]
    limits: Vec<(String, Duration)>,
    /// A check that is not this bridge's business.
    #[arg(long = "skip", value_name = "CHECK")]
    skipped: Vec<String>,
    /// The seed of ids and of what is left to chance.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How to print what came of it.
    #[arg(long = "format", value_enum, default_value_t = Format::Text)]
    report: Format,
    /// A folder for the report as JSON and JUnit and, of each call, its sound, messages and picture.
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// What starts the bridge. It is ended when the test is over.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum CarrierArgument {
    /// Twilio Media Streams.
    Twilio,
    /// AudioCodes VoiceAI Connect.
    Audiocodes,
}

#[derive(Clone, Copy, ValueEnum)]
enum SuiteArgument {
    /// One call.
    Quick,
    /// What happens in every other call.
    Standard,
    /// What happens seldom, too.
    Extended,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For programs that collect the results of tests.
    Junit,
}

/// Makes the calls; the exit code says whether the bridge is good.
pub(crate) fn run(arguments: &BridgeTestArguments) -> io::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let report = match runtime.block_on(make_unless_asked_to_end(arguments)) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("error: {error}");
            return Ok(ExitCode::from(NOT_MADE));
        }
    };
    print(&mut io::stdout().lock(), &report, arguments.report)?;
    if let Some(folder) = &arguments.output {
        save(&report, folder)?;
    }
    Ok(ExitCode::from(u8::from(!report.is_success())))
}

/// The bridge is in a group of its own, which ctrl-c does not reach.
async fn make_unless_asked_to_end(arguments: &BridgeTestArguments) -> io::Result<BridgeReport> {
    let mut requests = Requests::listen()?;
    tokio::select! {
        report = make(arguments) => report,
        () = requests.next() => Err(io::Error::other("interrupted: the test was not made to its end")),
    }
}

async fn make(arguments: &BridgeTestArguments) -> io::Result<BridgeReport> {
    let test = builder(arguments)?.start().await?;
    let mut bridge = match arguments.command.split_first() {
        Some((program, rest)) => Some(Bridge::start(program, rest, test.model_url())?),
        None => {
            if let Some(url) = test.model_url() {
                eprintln!("the model listens on {url}");
            }
            None
        }
    };
    if let Some(bridge) = &mut bridge {
        bridge.until_reachable(&arguments.bridge).await?;
    }
    let report = test.run(&arguments.bridge).await.map_err(io::Error::other);
    // It is ended when it is dropped, and not before the calls are.
    drop(bridge);
    report
}

/// A limit, as `--limit` has it.
fn limit(text: &str) -> Result<(String, Duration), String> {
    let (name, milliseconds) = text
        .split_once('=')
        .ok_or("expected NAME=MS, such as answer=1500")?;
    let milliseconds = milliseconds
        .parse()
        .map_err(|_| format!("{milliseconds:?} is no number of milliseconds"))?;
    Ok((name.to_owned(), Duration::from_millis(milliseconds)))
}

fn builder(arguments: &BridgeTestArguments) -> io::Result<BridgeTestBuilder> {
    let carrier = match arguments.carrier {
        CarrierArgument::Twilio => Carrier::Twilio,
        CarrierArgument::Audiocodes => Carrier::AudioCodes,
    };
    let mut builder = BridgeTest::builder(carrier)
        .calls(arguments.calls)
        .seed(arguments.seed)
        .twilio_options(TwilioOptions {
            auth_token: arguments.token.clone(),
            ..TwilioOptions::default()
        })
        .audiocodes_options(AudioCodesOptions {
            bearer_token: arguments.token.clone(),
            ..AudioCodesOptions::default()
        });
    let mut limits = Limits::default();
    for (name, limit) in &arguments.limits {
        limits.set(name, *limit).map_err(io::Error::other)?;
    }
    builder = builder.limits(limits);
    for check in &arguments.skipped {
        builder = builder.skip(check).map_err(io::Error::other)?;
    }
    if arguments.no_model {
        builder = builder.without_model();
    }
    if let Some(address) = arguments.model_listen {
        builder = builder.model_address(address);
    }
    let Some(call) = &arguments.call else {
        let suite = match arguments.suite {
            SuiteArgument::Quick => Suite::Quick,
            SuiteArgument::Standard => Suite::Standard,
            SuiteArgument::Extended => Suite::Extended,
        };
        return builder.suite(suite).map_err(|problems| failed(&problems));
    };
    let script = CallScript::load(call).map_err(|problems| failed(&problems))?;
    let model = match &arguments.model_scenario {
        Some(file) => load(file).map_err(|problems| failed(&problems))?.scenario,
        None => Scenario::default(),
    };
    Ok(builder.case(script, model))
}

fn print(out: &mut impl Write, report: &BridgeReport, format: Format) -> io::Result<()> {
    match format {
        Format::Text => write!(out, "{report}"),
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, report)?;
            writeln!(out)
        }
        Format::Junit => junit::write(out, report),
    }
}

/// Everything that can be kept of a test.
fn save(report: &BridgeReport, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut text = fs::File::create(folder.join("report.txt"))?;
    print(&mut text, report, Format::Text)?;
    let mut json = fs::File::create(folder.join("report.json"))?;
    print(&mut json, report, Format::Json)?;
    let mut junit = fs::File::create(folder.join("junit.xml"))?;
    print(&mut junit, report, Format::Junit)?;
    for call in &report.calls {
        let file = |extension: &str| folder.join(format!("{}.{extension}", call.file_name()));
        call.save_sound(file("wav")).map_err(io::Error::other)?;
        call.save_messages(file("jsonl"))?;
        fs::write(file("svg"), call.picture())?;
    }
    Ok(())
}
