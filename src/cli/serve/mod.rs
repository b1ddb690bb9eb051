//! `mock-realtime serve`: the server, and the scenario it follows.

mod scenario;
pub(crate) mod signals;
pub(crate) mod tls;

use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use clap::builder::{BoolishValueParser, PossibleValuesParser};
use mock_realtime::dialect::Choice;
use mock_realtime::mock::Verification;
use mock_realtime::scenario::Preset;
use mock_realtime::server::{Limits, Server, ServerOptions};

use super::access::Access;
use scenario::{Current, watch};
use signals::Requests;
use tls::{Authority, TlsArguments};

const EXAMPLES: &str = "\
Examples:
  mock-realtime serve                          repeats what the user says, on port 8080
  mock-realtime serve call.yaml --watch        follows a scenario, and its changes
  mock-realtime serve --preset bad-day         has everything go wrong now and then
  mock-realtime serve --port 0                 takes a free port; the first line says which
  mock-realtime serve --tls --tls-ca ca.pem    for clients that insist on wss:, such as npm's openai
  MOCK_REALTIME_PORT=9000 mock-realtime serve  every flag can be a variable of the environment

The server also answers GET /healthz, /readyz and /metrics (Prometheus). The first request to end
(ctrl-c, TERM) lets responses finish within --drain, the second ends it at once.

Exit codes: 0 ended as asked; 1 it cannot listen there, or a file is not what it should be, or it was
ended at once while sessions were open, or --verify found something; 2 wrong use.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Serve {
    /// What the mock says, and when: a file of YAML or JSON. Without one it repeats what the user
    /// said.
    #[arg(value_name = "SCENARIO", env = "MOCK_REALTIME_SCENARIO")]
    scenario: Option<PathBuf>,
    /// Follow a scenario that comes with the mock: `bad-day` has everything go wrong now and then.
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "scenario",
        env = "MOCK_REALTIME_PRESET",
        value_parser = PossibleValuesParser::new(Preset::ALL.iter().map(|preset| preset.name()))
    )]
    preset: Option<String>,
    /// Read the scenario again when its files change. New sessions get the new one; a broken file
    /// keeps the old one and says why.
    #[arg(long, requires = "scenario", env = "MOCK_REALTIME_WATCH", value_parser = BoolishValueParser::new())]
    watch: bool,
    /// The seed of ids and padding: the n-th session has the seed after it by n.
    #[arg(long, default_value_t = 0, env = "MOCK_REALTIME_SEED")]
    seed: u64,
    /// The address to listen on.
    #[arg(
        long,
        default_value = "127.0.0.1",
        env = "MOCK_REALTIME_HOST",
        help_heading = "Network"
    )]
    host: IpAddr,
    /// The port to listen on; 0 takes a free one.
    #[arg(
        long,
        default_value_t = 8080,
        env = "MOCK_REALTIME_PORT",
        help_heading = "Network"
    )]
    port: u16,
    /// The dialect: ga refuses the beta as OpenAI's service does; beta speaks nothing else; auto
    /// speaks what the client asks for.
    #[arg(
        long,
        value_name = "ga|beta|auto",
        default_value_t = Choice::Ga,
        env = "MOCK_REALTIME_DIALECT"
    )]
    dialect: Choice,
    /// Hold each frame that the server sends of itself against the protocol. One that breaks a rule
    /// is logged and not sent, and its session is closed with the code 1011; the exit code is then 1.
    #[arg(long, env = "MOCK_REALTIME_VERIFY", value_parser = BoolishValueParser::new())]
    verify: bool,
    #[command(flatten)]
    tls: TlsArguments,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    bounds: Bounds,
}

/// What a server bears, and for how long.
#[derive(Args)]
#[command(next_help_heading = "Limits")]
struct Bounds {
    /// The most sessions at once; one more is answered with the HTTP status 503.
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = Limits::default().sessions,
        env = "MOCK_REALTIME_MAX_SESSIONS"
    )]
    max_sessions: usize,
    /// How long a client may take to shake hands and to send the header of a request.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = Limits::default().handshake.as_secs(),
        env = "MOCK_REALTIME_HANDSHAKE_TIMEOUT"
    )]
    handshake_timeout: u64,
    /// How long responses on their way may take to be done when the server is asked to end.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 10,
        env = "MOCK_REALTIME_DRAIN"
    )]
    drain: u64,
}

/// Serves until it is asked to end.
#[tokio::main]
pub(crate) async fn run(arguments: &Serve) -> io::Result<()> {
    let mut requests = Requests::listen()?;
    let mut options = options(arguments)?;
    let tls = arguments.tls.choose(arguments.host)?;
    options.tls = tls.as_ref().map(|chosen| chosen.tls.clone());
    let server = listen(arguments, options).await?;
    let authority = tls.and_then(|chosen| chosen.authority);
    // Whoever started this may have stopped reading, which is no reason to stop serving.
    let _ = introduce(&server.url(), authority.as_ref());
    let verification = server.verification();
    let (drain, draining) = tokio::sync::oneshot::channel();
    let ended = server.run(async {
        // A sender is gone only with this function.
        let _ = draining.await;
    });
    let asked_twice = async {
        requests.next().await;
        tracing::info!("asked to end: no new sessions");
        let _ = drain.send(());
        requests.next().await;
    };
    tokio::select! {
        () = ended => verdict(verification.as_ref()),
        () = asked_twice => Err(io::Error::other("ended at once, with sessions open")),
    }
}

/// An error if the server's own frames broke a rule.
fn verdict(verification: Option<&Verification>) -> io::Result<()> {
    match verification.map_or(0, Verification::count) {
        0 => Ok(()),
        count => Err(io::Error::other(format!(
            "the server's own frames broke the protocol, {}; the log says how",
            if count == 1 {
                "once".to_owned()
            } else {
                format!("{count} times")
            }
        ))),
    }
}

/// What the flags come to, but for TLS.
fn options(arguments: &Serve) -> io::Result<ServerOptions> {
    let Bounds {
        max_sessions,
        handshake_timeout,
        drain,
    } = arguments.bounds;
    let mut options = ServerOptions {
        seed: arguments.seed,
        limits: Limits {
            sessions: max_sessions,
            handshake: Duration::from_secs(handshake_timeout),
            ..Limits::default()
        },
        drain: Duration::from_secs(drain),
        dialect: arguments.dialect,
        verify: arguments.verify,
        ..ServerOptions::default()
    };
    arguments.access.apply(&mut options);
    let current = match (&arguments.scenario, &arguments.preset) {
        (Some(file), _) => Some(Current::load(file)?),
        (None, Some(name)) => Some(Current::preset(name)?),
        (None, None) => None,
    };
    if let Some(current) = current {
        if let Some(file) = arguments.scenario.as_ref().filter(|_| arguments.watch) {
            tokio::spawn(watch(Arc::clone(&current), file.clone()));
        }
        let source = Arc::clone(&current);
        options.faults = Arc::new(move || source.faults());
        options.configure = Arc::new(move |session| current.run().configure(session));
    }
    Ok(options)
}

async fn listen(arguments: &Serve, options: ServerOptions) -> io::Result<Server> {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "few files can be open, and each session is one");
    }
    let (host, port) = (arguments.host, arguments.port);
    let server = Server::bind((host, port), options).await;
    server.map_err(|error| {
        let text = format!(
            "cannot listen on {host} port {port}: {error}; is it taken? --port 0 finds a free one"
        );
        io::Error::new(error.kind(), text)
    })
}

/// Says where the server is. The first line is for scripts, and the second if there is something to
/// trust; the rest is for people.
fn introduce(url: &str, authority: Option<&Authority>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening on {url}")?;
    if let Some(authority) = authority {
        let file = authority.path().display();
        writeln!(
            out,
            "certificate to trust: {file}\n\n\
             export SSL_CERT_FILE={file}       # Python, Go, OpenSSL\n\
             export NODE_EXTRA_CA_CERTS={file} # node"
        )?;
    }
    writeln!(
        out,
        "\nfrom openai import OpenAI\n\
         with OpenAI(api_key=\"mock\", websocket_base_url=\"{url}\").realtime.connect(model=\"gpt-realtime\") as c:\n    \
         print(c.recv().type)"
    )
}
