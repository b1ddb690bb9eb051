//! The command line.
//!
//! Exit codes: 0 success, 1 the command could not do its work, 2 wrong use.

mod cli;

use std::io::{self, Write};
use std::net::IpAddr;
use std::process::ExitCode;

use clap::{ArgAction, Args, Parser, Subcommand};
use cli::coverage::{self, Coverage};
use mock_realtime::server::{Server, ServerOptions};
use tracing_subscriber::filter::LevelFilter;

#[derive(Parser)]
#[command(version, about, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 success, 1 the command could not do its work, 2 wrong use.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Tell more on standard error: once for what goes wrong with connections, twice for all.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
}

impl Cli {
    fn log_level(&self) -> LevelFilter {
        match self.verbose {
            0 => LevelFilter::WARN,
            1 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        }
    }
}

#[derive(Subcommand)]
enum Command {
    /// Serve the mock until ctrl-c.
    Serve(Serve),
    /// Print what of the protocol this version does.
    Coverage(Coverage),
}

#[derive(Args)]
struct Serve {
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The seed of ids and padding: the n-th session has the seed after it by n.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_max_level(cli.log_level())
        .init();
    let result = match cli.command {
        Command::Serve(arguments) => serve(&arguments),
        Command::Coverage(arguments) => coverage::print(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn serve(arguments: &Serve) -> io::Result<()> {
    let options = ServerOptions {
        seed: arguments.seed,
        ..ServerOptions::default()
    };
    let address = (arguments.host, arguments.port);
    let server = Server::bind(address, options).await.map_err(|error| {
        let (host, port) = address;
        io::Error::new(error.kind(), format!("cannot listen on {host} port {port}: {error}; is it taken? --port 0 finds a free one"))
    })?;
    let url = server.url();
    // The first line is for scripts, the rest for people. Whoever started this may have stopped
    // reading, which is no reason to stop serving.
    let _ = writeln!(
        io::stdout(),
        "listening on {url}\n\n\
         from openai import OpenAI\n\
         with OpenAI(api_key=\"mock\", websocket_base_url=\"{url}\").realtime.connect(model=\"gpt-realtime\") as c:\n    \
         print(c.recv().type)"
    );
    server.run(interrupted()).await;
    Ok(())
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
