//! `mock-realtime call`: a telephone call comes in, and its story is told.

mod remote;
mod script;
mod story;

use std::fs;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use mock_realtime::scenario::{ScenarioRun, load};
use mock_realtime::server::calls::{
    CallHandle, CallRecord, CallRequest, IncomingCall, Outcome, RequestHeader, WebhookRequest,
};
use mock_realtime::server::{Server, ServerOptions};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::scenario::failed;
use remote::Remote;
use script::Script;
use story::Story;

const NOTES: &str = "\
The call is announced to the app by the webhook `realtime.call.incoming`, as OpenAI's service does it. The
app accepts, rejects, hands on or ends it at the server that this command starts, or at that of --server,
and follows it on a sideband socket (?call_id=…). The caller does what --say, --wav, --digits and --pause say, in their order.
They hear the answer to what they said before they go on, and hang up after the last of it. Without any
they only listen, for --hang-up-after.

Examples:
  mock-realtime call --webhook http://127.0.0.1:8000/webhook --secret whsec_bW9jaw== \\
    --say 'A table for two, please.' --digits 1 --say 'At eight.' restaurant.yaml
  mock-realtime call --webhook http://127.0.0.1:8000/webhook --secret whsec_bW9jaw== --wav caller.wav
  mock-realtime call --server http://127.0.0.1:8080 --webhook … --secret … --say Hello

Exit codes: 0 the app took the call, or rejected it; 1 nobody did, or the call could not come in; 2 wrong
use.";

#[derive(Args)]
#[command(after_help = NOTES)]
pub(crate) struct Call {
    /// What the model says, and when: a file of YAML or JSON. Without one it repeats what the caller
    /// said.
    #[arg(value_name = "SCENARIO", conflicts_with = "server")]
    scenario: Option<PathBuf>,
    /// The address of a server that runs already and where the app takes the call, such as
    /// `http://127.0.0.1:8080`. Without it, this command starts one.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// What that server's admin API wants to be shown.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "MOCK_REALTIME_ADMIN_TOKEN",
        hide_env_values = true
    )]
    admin_token: Option<String>,
    /// The address of the app's webhook.
    #[arg(long, value_name = "URL", env = "MOCK_REALTIME_WEBHOOK")]
    webhook: String,
    /// What the webhook is signed with: whsec_ and base64.
    #[arg(
        long,
        value_name = "SECRET",
        env = "OPENAI_WEBHOOK_SECRET",
        hide_env_values = true
    )]
    secret: String,
    /// Who calls: a number, or the address of a SIP user.
    #[arg(long, default_value = "+15550199")]
    from: String,
    /// Whom they have dialled.
    #[arg(long, default_value = "+15550100")]
    to: String,
    /// A header of the INVITE, which the app sees in the webhook; may be given more than once.
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<RequestHeader>,
    #[command(flatten)]
    script: Script,
    /// How long it rings until the caller gives up.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    rings_for: u64,
    /// How long the caller stays at most once the call is accepted.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    hang_up_after: u64,
    /// Write what was heard to this WAV file: the caller on the left, the model on the right.
    #[arg(long, value_name = "FILE")]
    save_wav: Option<PathBuf>,
    /// Print the record of the call as JSON instead of its story.
    #[arg(long)]
    json: bool,
    /// The address on which the app reaches the server that is started.
    #[arg(long, default_value = "127.0.0.1", env = "MOCK_REALTIME_HOST")]
    host: IpAddr,
    /// Its port; 0 takes a free one.
    #[arg(long, default_value_t = 8080, env = "MOCK_REALTIME_PORT")]
    port: u16,
    /// The seed of ids.
    #[arg(long, default_value_t = 0, env = "MOCK_REALTIME_SEED")]
    seed: u64,
}

fn header(text: &str) -> Result<RequestHeader, String> {
    let (name, value) = text
        .split_once(':')
        .ok_or("expected a name, a colon and a value, such as 'X-Shop: 4711'")?;
    Ok(RequestHeader {
        name: name.trim().to_owned(),
        value: value.trim().to_owned(),
    })
}

impl Call {
    /// The call that is asked for.
    fn request(&self) -> io::Result<CallRequest> {
        let milliseconds = |seconds: u64| Some(seconds.saturating_mul(1_000));
        Ok(CallRequest {
            from: Some(self.from.clone()),
            to: Some(self.to.clone()),
            headers: self.headers.clone(),
            webhook: Some(WebhookRequest {
                url: self.webhook.clone(),
                secret: self.secret.clone(),
            }),
            rings_for_ms: milliseconds(self.rings_for),
            stays_for_ms: milliseconds(self.hang_up_after),
            does: self.script.does()?,
        })
    }

    fn options(&self) -> io::Result<ServerOptions> {
        let mut options = ServerOptions {
            seed: self.seed,
            ..ServerOptions::default()
        };
        if let Some(file) = &self.scenario {
            let loaded = load(file).map_err(|problems| failed(&problems))?;
            let scenario = Arc::new(loaded.scenario.compile());
            options.configure = Arc::new(move |session| {
                ScenarioRun::new(Arc::clone(&scenario)).configure(session);
            });
        }
        Ok(options)
    }
}

/// Has the call come in, and tells how it goes.
#[tokio::main]
pub(crate) async fn run(arguments: &Call) -> io::Result<ExitCode> {
    let request = arguments.request()?;
    let mut story = Story::new(io::stdout(), arguments.json);
    let line = match &arguments.server {
        Some(server) => {
            let token = arguments.admin_token.clone();
            let remote = Remote::ring(server, token, &request).await?;
            story.begin(None, &arguments.webhook)?;
            Line::Remote(Box::new(remote))
        }
        None => {
            let own = Own::ring(arguments, request).await?;
            story.begin(Some(&own.url), &arguments.webhook)?;
            Line::Own(own)
        }
    };
    let record = line.tell(&mut story).await?;
    if let Some(file) = &arguments.save_wav {
        fs::write(file, line.wav().await?).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", file.display()))
        })?;
    }
    line.end().await;
    story.end(&record)?;
    Ok(match &record.outcome {
        None | Some(Outcome::NotAnswered | Outcome::ServerStopped) => ExitCode::FAILURE,
        Some(_) => ExitCode::SUCCESS,
    })
}

/// A call, wherever it came in.
enum Line {
    Own(Own),
    Remote(Box<Remote>),
}

impl Line {
    /// Tells the call until it is over.
    async fn tell(&self, story: &mut Story<impl Write>) -> io::Result<CallRecord> {
        loop {
            let record = match self {
                Self::Own(own) => own.next(story.told()).await,
                Self::Remote(remote) => remote.next(story.told()).await?,
            };
            let is_over = record.outcome.is_some() && record.journal.len() == story.told();
            story.go_on(&record)?;
            if is_over {
                return Ok(record);
            }
        }
    }

    async fn wav(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::Own(own) => Ok(own.call.audio().wav()),
            Self::Remote(remote) => Ok(remote.wav().await?.to_vec()),
        }
    }

    async fn end(self) {
        if let Self::Own(own) = self {
            drop(own.stop);
            // Sockets that are open have been told that the call is over.
            let _ = tokio::time::timeout(Duration::from_secs(2), own.serving).await;
        }
    }
}

/// A call at a server of its own.
struct Own {
    call: CallHandle,
    url: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Own {
    async fn ring(arguments: &Call, request: CallRequest) -> io::Result<Self> {
        let incoming = IncomingCall::try_from(request).map_err(io::Error::other)?;
        let (host, port) = (arguments.host, arguments.port);
        let server = Server::bind((host, port), arguments.options()?).await;
        let server = server.map_err(|error| {
            let text = format!(
                "cannot listen on {host} port {port}: {error}; is it taken? --port 0 finds a free one"
            );
            io::Error::new(error.kind(), text)
        })?;
        let (url, switchboard) = (server.url(), server.switchboard());
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(server.run(async {
            // A sender that is gone stops it too.
            let _ = stopped.await;
        }));
        Ok(Self {
            call: switchboard.ring(incoming),
            url,
            stop,
            serving,
        })
    }

    async fn next(&self, told: usize) -> CallRecord {
        tokio::select! {
            biased;
            record = self.call.until(|record| record.journal.len() > told) => record,
            record = self.call.ended() => record,
        }
    }
}
