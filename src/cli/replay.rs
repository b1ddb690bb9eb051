//! `mock-realtime replay`: a recorded session, served again.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use mock_realtime::recording::{RecordedSession, Recording};
use mock_realtime::replay::{self, ReplayOptions, ReplayServer, ReplaySummary, Speed};

use super::serve::signals::Requests;
use super::serve::tls::{Authority, TlsArguments};

#[derive(Args)]
#[command(after_help = "\
Examples:
  mock-realtime replay session.jsonl
  mock-realtime replay session.jsonl --strict --once --speed instant

Each client that connects gets the recording from its beginning. What it sends is held against what was
recorded; differences are told on standard error. A strict replay closes with code 1008 at the first.

Exit codes: 0 ended as asked; 1 it could not begin, or with --strict something was not as recorded; 2
wrong use.")]
pub(crate) struct Replay {
    /// The recording: of the proxy, or any log that check reads.
    file: PathBuf,
    /// End a session at the first difference.
    #[arg(long)]
    strict: bool,
    /// How fast the server's events come: recorded, instant, or so many times as fast, as in 0.5x.
    #[arg(long, default_value_t = Speed::Recorded)]
    speed: Speed,
    /// Which session, if there are several in the file; from 1.
    #[arg(long, value_name = "NUMBER")]
    session: Option<usize>,
    /// End after the first client has left.
    #[arg(long)]
    once: bool,
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    #[command(flatten)]
    tls: TlsArguments,
}

/// Serves until it is asked to end.
#[tokio::main]
pub(crate) async fn run(arguments: &Replay) -> io::Result<ExitCode> {
    let mut requests = Requests::listen()?;
    let recording = Recording::read(&arguments.file)?;
    let session = session(&recording, arguments.session, &arguments.file)?;
    let replay = replay::Replay::of(arguments.file.display().to_string(), session)
        .speed(arguments.speed)
        .strict(arguments.strict);
    if replay.said() == 0 {
        let file = arguments.file.display();
        let text = format!(
            "{file}: the server says nothing in this session, so there is nothing to replay"
        );
        return Err(io::Error::other(text));
    }
    let tls = arguments.tls.choose(arguments.listen.ip())?;
    let options = ReplayOptions {
        tls: tls.as_ref().map(|chosen| chosen.tls.clone()),
        once: arguments.once,
    };
    let (asked, said) = (replay.asked(), replay.said());
    let server = ReplayServer::bind(arguments.listen, replay, options).await?;
    let authority = tls.and_then(|chosen| chosen.authority);
    // Whoever started this may have stopped reading, which is no reason to stop.
    let _ = introduce(&server.url(), authority.as_ref(), asked, said);
    let summary = server.run(requests.next()).await;
    let _ = sum_up(&summary);
    Ok(if arguments.strict && summary.differing > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The session with this number, or the first. That there are others is said.
pub(crate) fn session<'a>(
    recording: &'a Recording,
    number: Option<usize>,
    file: &Path,
) -> io::Result<&'a RecordedSession> {
    let count = recording.sessions.len();
    if number.is_none() && count > 1 {
        let file = file.display();
        tracing::warn!("{file} has {count} sessions; this is the first, --session names another");
    }
    let index = number.unwrap_or(1).checked_sub(1);
    let session = index.and_then(|index| recording.sessions.get(index));
    session.ok_or_else(|| {
        let file = file.display();
        io::Error::other(format!("{file} has no such session; it has 1 to {count}"))
    })
}

/// Says where the replay is; the first line is for scripts, and the second if there is something to
/// trust.
fn introduce(
    url: &str,
    authority: Option<&Authority>,
    asked: usize,
    said: usize,
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening on {url}")?;
    if let Some(authority) = authority {
        writeln!(out, "certificate to trust: {}", authority.path().display())?;
    }
    writeln!(
        out,
        "{said} events of the server, for {asked} of the client and its audio"
    )
}

fn sum_up(summary: &ReplaySummary) -> io::Result<()> {
    let ReplaySummary {
        sessions,
        differing,
        ..
    } = summary;
    let mut out = io::stdout().lock();
    writeln!(out, "{sessions} sessions, {differing} not as recorded")
}
