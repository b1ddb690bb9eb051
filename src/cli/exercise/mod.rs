//! `mock-realtime exercise`: whether a client bears all that the protocol allows.

mod client;
mod print;
mod trigger;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use mock_realtime::exercise::{Report, Sessions, Variant, variants};
use mock_realtime::server::{Exercise, ExerciseOptions, Server, ServerOptions};
use tokio::sync::oneshot;

use super::serve::tls::TlsArguments;
use client::{Client, Place};
use trigger::Trigger;

/// The exit code where no client could be exercised.
const NO_CLIENT: u8 = 2;

const EXPLANATION: &str = "\
A client is walked through variants of every server event: optional fields absent or there, nulls, long,
empty and unusual texts, large numbers, and what tomorrow may add: unknown fields, values and events.
Each comes at its place in a session that is otherwise as the service's are.

COMMAND starts the client. It finds the server in OPENAI_BASE_URL (http://…/v1) and MOCK_REALTIME_URL
(ws://…/v1), connects, and reads. It may connect again whenever its session is closed (code 1000), or
end: then it is started again. A client that listens itself is asked to connect by a POST to its URL
with {\"url\": \"ws://…/v1\", \"base_url\": \"http://…/v1\"}, whenever nobody is connected. Without
either, whoever connects is the client.

What counts: the client leaves, no longer answers a WebSocket ping, or sends what breaks the protocol.
A client made for it says more (--reports): for each event a line on standard output,
  {\"type\": \"response.done\", \"ok\": true}
with \"ok\": false and \"error\" if it cannot read it, and \"event\" with what it has read, if it likes.

Examples:
  mock-realtime exercise -- python my_agent.py
  mock-realtime exercise --reports --format json -- node reads-and-reports.mjs
  mock-realtime exercise http://127.0.0.1:3000/calls
  mock-realtime exercise --listen 127.0.0.1:8080
  mock-realtime exercise --list
  mock-realtime exercise --only 'response.done/null:response.usage' -- python my_agent.py

Exit codes: 0 the client bears everything; 1 it does not; 2 there was no client to exercise, or wrong
use.";

#[derive(Args)]
#[command(after_help = EXPLANATION)]
pub(crate) struct ExerciseArguments {
    /// Where the client listens, and is asked to connect.
    #[arg(value_name = "URL", conflicts_with = "command")]
    url: Option<String>,
    /// The client's program and its arguments.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// What the sessions are for, whatever the client asks for.
    #[arg(long, value_enum, default_value_t = Kind::Conversations)]
    sessions: Kind,
    /// Only variants whose names begin so; may be given several times.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Leave out what only the protocol of tomorrow may have.
    #[arg(long)]
    valid_only: bool,
    /// Print the names of the variants rather than try them.
    #[arg(long)]
    list: bool,
    /// The client reports each event it reads on standard output.
    #[arg(long, requires = "command")]
    reports: bool,
    /// The seed of ids and padding.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How long the client may take for a variant.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 2000)]
    patience: u64,
    /// How long it has to be quiet before the next variant is sent.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 20)]
    settle: u64,
    /// How long the client may take to connect, or to connect again.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    connect: u64,
    /// How to print what is found.
    #[arg(long = "format", value_enum, default_value_t = Format::Text)]
    report: Format,
    #[command(flatten)]
    tls: TlsArguments,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Conversations,
    Transcriptions,
    Translations,
}

impl From<Kind> for Sessions {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Conversations => Self::Conversations,
            Kind::Transcriptions => Self::Transcriptions,
            Kind::Translations => Self::Translations,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One object.
    Json,
}

/// Exercises a client; the exit code says whether it bears everything.
pub(crate) fn run(arguments: &ExerciseArguments) -> io::Result<ExitCode> {
    let chosen = choose(arguments)?;
    if arguments.list {
        return print::list(&chosen).map(|()| ExitCode::SUCCESS);
    }
    match exercise(arguments, chosen) {
        Ok(report) => {
            print::report(&report, arguments)?;
            Ok(if report.is_passed() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Err(error) => {
            eprintln!("error: {error}");
            Ok(ExitCode::from(NO_CLIENT))
        }
    }
}

fn choose(arguments: &ExerciseArguments) -> io::Result<Vec<Variant>> {
    let is_asked_for = |variant: &Variant| {
        let only = &arguments.only;
        only.is_empty() || only.iter().any(|name| variant.name().starts_with(name))
    };
    let chosen: Vec<Variant> = variants(arguments.sessions.into())
        .filter(is_asked_for)
        .filter(|variant| !arguments.valid_only || !variant.mutation().is_forward_compatible())
        .collect();
    if chosen.is_empty() {
        let text = "no variant is called so; --list prints the names of all of them";
        return Err(io::Error::other(text));
    }
    Ok(chosen)
}

#[tokio::main]
async fn exercise(arguments: &ExerciseArguments, chosen: Vec<Variant>) -> io::Result<Report> {
    let options = ExerciseOptions {
        seed: arguments.seed,
        patience: Duration::from_millis(arguments.patience),
        settle: Duration::from_millis(arguments.settle),
        reports: arguments.reports,
    };
    let exercise = Exercise::new(chosen, options);
    let trigger = arguments.url.as_deref().map(Trigger::new).transpose()?;
    let tls = arguments.tls.choose(arguments.listen.ip())?;
    let server_options = ServerOptions {
        seed: arguments.seed,
        tls: tls.as_ref().map(|chosen| chosen.tls.clone()),
        ..ServerOptions::default()
    };
    let server = Server::bind_exercise(arguments.listen, server_options, exercise.clone()).await;
    let server = server.map_err(|error| {
        let text = format!("cannot listen on {}: {error}", arguments.listen);
        io::Error::new(error.kind(), text)
    })?;
    let authority = tls.and_then(|chosen| chosen.authority);
    let place = Place {
        url: server.url(),
        authority: authority
            .as_ref()
            .map(|authority| authority.path().to_owned()),
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    let connect = Duration::from_secs(arguments.connect);
    let result = match &trigger {
        Some(trigger) => trigger.exercise(&place, &exercise, connect).await,
        None if arguments.command.is_empty() => {
            eprintln!("listening on {}", place.url);
            wait_for_clients(&exercise, connect).await
        }
        None => {
            let client = Client::new(&arguments.command, place, &exercise, arguments.reports);
            client.exercise(connect).await
        }
    };
    let report = exercise.report().await;
    let _ = stop.send(());
    let _ = serving.await;
    // What was found before is worth more than why there is no more of it.
    match result {
        Err(error) if report.tried.is_empty() => Err(error),
        Err(error) => {
            eprintln!("warning: {error}");
            Ok(report)
        }
        Ok(()) => Ok(report),
    }
}

/// Waits until somebody who was not started here is walked through everything.
async fn wait_for_clients(exercise: &Exercise, connect: Duration) -> io::Result<()> {
    tokio::select! {
        () = exercise.over() => Ok(()),
        () = exercise.abandoned(connect) => Err(nobody(connect)),
    }
}

fn nobody(connect: Duration) -> io::Error {
    io::Error::other(format!(
        "no client connected within {} s",
        connect.as_secs()
    ))
}
