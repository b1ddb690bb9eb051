//! `mock-realtime proxy`: sessions on their way to any server, recorded and checked.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use mock_realtime::proxy::{self, ProxyOptions, ProxySummary, Upstream};
use mock_realtime::recording::Redaction;

use super::serve::signals::Requests;
use super::serve::tls::{Authority, TlsArguments};

#[derive(Args)]
#[command(after_help = "\
Examples:
  mock-realtime proxy --upstream https://api.openai.com/v1 --record calls
  mock-realtime proxy --upstream ws://127.0.0.1:8080/v1 --record calls --redact audio,text --check

Point the agent at the address in the first line. Keys pass, and are in no recording. The recordings
are read by check, replay and scenario from-recording.

Exit codes: 0 ended as asked; 1 it could not begin, or something could not be recorded, or with --check
something broke a rule; 2 wrong use.")]
pub(crate) struct Proxy {
    /// The server behind the proxy: a base URL as SDKs have it.
    #[arg(long, value_name = "URL")]
    upstream: String,
    /// Trust the authorities in this file (PEM) for the server's TLS, and no others.
    #[arg(long, value_name = "FILE")]
    upstream_ca: Option<PathBuf>,
    /// Record each session in a file of its own in this folder.
    #[arg(long, value_name = "FOLDER", required_unless_present = "check")]
    record: Option<PathBuf>,
    /// What not to record: audio is silence then, and every letter an x.
    #[arg(
        long,
        value_enum,
        value_name = "audio,text",
        value_delimiter = ',',
        requires = "record"
    )]
    redact: Vec<Redact>,
    /// Say what is not the protocol, as it passes.
    #[arg(long)]
    check: bool,
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    #[command(flatten)]
    tls: TlsArguments,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Redact {
    Audio,
    Text,
}

/// Passes on until it is asked to end.
#[tokio::main]
pub(crate) async fn run(arguments: &Proxy) -> io::Result<ExitCode> {
    let mut requests = Requests::listen()?;
    let tls = arguments.tls.choose(arguments.listen.ip())?;
    let mut options = options(arguments)?;
    options.tls = tls.as_ref().map(|chosen| chosen.tls.clone());
    let proxy = proxy::Proxy::bind(arguments.listen, options).await?;
    let authority = tls.and_then(|chosen| chosen.authority);
    // Whoever started this may have stopped reading, which is no reason to stop.
    let _ = introduce(&proxy.url(), arguments, authority.as_ref());
    let summary = proxy.run(requests.next()).await;
    let _ = sum_up(&summary, arguments.check);
    let is_well = summary.incomplete == 0 && summary.broken.is_empty();
    Ok(if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn options(arguments: &Proxy) -> io::Result<ProxyOptions> {
    let upstream = match &arguments.upstream_ca {
        Some(authority) => Upstream::trusting(arguments.upstream.as_str(), authority),
        None => Upstream::new(arguments.upstream.as_str()),
    };
    Ok(ProxyOptions {
        record: arguments.record.clone(),
        redact: Redaction {
            audio: arguments.redact.contains(&Redact::Audio),
            text: arguments.redact.contains(&Redact::Text),
        },
        check: arguments.check,
        ..ProxyOptions::to(upstream.map_err(io::Error::other)?)
    })
}

/// Says where the proxy is; the first line is for scripts, and the second if there is something to
/// trust.
fn introduce(url: &str, arguments: &Proxy, authority: Option<&Authority>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening on {url}")?;
    if let Some(authority) = authority {
        writeln!(out, "certificate to trust: {}", authority.path().display())?;
    }
    if let Some(folder) = &arguments.record {
        writeln!(out, "recording to {}", folder.display())?;
    }
    Ok(())
}

fn sum_up(summary: &ProxySummary, is_checked: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let (sessions, events) = (summary.sessions, summary.events);
    writeln!(out, "{sessions} sessions, {events} events")?;
    if summary.unreachable > 0 {
        writeln!(
            out,
            "{} requests did not reach the server",
            summary.unreachable
        )?;
    }
    if summary.incomplete > 0 {
        let count = summary.incomplete;
        writeln!(
            out,
            "{count} sessions could not be recorded or checked to their end"
        )?;
    }
    if is_checked && summary.broken.is_empty() {
        writeln!(out, "nothing breaks a rule")?;
    }
    for (rule, count) in &summary.broken {
        writeln!(out, "{rule}: {count}")?;
    }
    Ok(())
}
