//! `mock-realtime serve`: the server, and the scenario it follows.

mod scenario;
mod tls;

use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use mock_realtime::server::{Server, ServerOptions};

use super::access::Access;
use scenario::{Current, watch};
use tls::{Authority, TlsArguments};

#[derive(Args)]
pub(crate) struct Serve {
    /// What the mock says, and when: a file of YAML or JSON. Without one it repeats what the user
    /// said.
    #[arg(value_name = "SCENARIO")]
    scenario: Option<PathBuf>,
    /// Read the scenario again when its files change. New sessions get the new one; a broken file
    /// keeps the old one and says why.
    #[arg(long, requires = "scenario")]
    watch: bool,
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The seed of ids and padding: the n-th session has the seed after it by n.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    tls: TlsArguments,
    #[command(flatten)]
    access: Access,
}

/// Serves until ctrl-c.
#[tokio::main]
pub(crate) async fn run(arguments: &Serve) -> io::Result<()> {
    let mut options = ServerOptions {
        seed: arguments.seed,
        ..ServerOptions::default()
    };
    arguments.access.apply(&mut options);
    if let Some(file) = &arguments.scenario {
        let current = Current::load(file)?;
        if arguments.watch {
            tokio::spawn(watch(Arc::clone(&current), file.clone()));
        }
        options.configure = Arc::new(move |session| current.run().configure(session));
    }
    let tls = arguments.tls.choose(arguments.host)?;
    options.tls = tls.as_ref().map(|chosen| chosen.tls.clone());
    let server = listen(arguments, options).await?;
    let authority = tls.and_then(|chosen| chosen.authority);
    // Whoever started this may have stopped reading, which is no reason to stop serving.
    let _ = introduce(&server.url(), authority.as_ref());
    server.run(interrupted()).await;
    Ok(())
}

async fn listen(arguments: &Serve, options: ServerOptions) -> io::Result<Server> {
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

/// Ready when ctrl-c is pressed, or the process is asked to terminate.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler the default one ends the process, which is what is wanted.
        std::future::pending::<()>().await;
    }
}
