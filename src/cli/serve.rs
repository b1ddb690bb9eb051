//! `mock-realtime serve`: the server, and the scenario it follows.

use std::fs;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use clap::Args;
use mock_realtime::scenario::{CompiledScenario, Loaded, ScenarioRun, load};
use mock_realtime::server::{Server, ServerOptions};

use super::scenario::failed;

/// How often files are looked at for changes.
const WATCH_EVERY: Duration = Duration::from_millis(250);

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
}

/// The scenario that new sessions get.
#[derive(Debug)]
struct Current {
    scenario: Mutex<Arc<CompiledScenario>>,
    files: Mutex<Vec<PathBuf>>,
}

impl Current {
    fn load(file: &Path) -> io::Result<Arc<Self>> {
        let Loaded { scenario, files } = load(file).map_err(|problems| failed(&problems))?;
        Ok(Arc::new(Self {
            scenario: Mutex::new(Arc::new(scenario.compile())),
            files: Mutex::new(files),
        }))
    }

    fn run(&self) -> ScenarioRun {
        let scenario = self.scenario.lock().unwrap_or_else(PoisonError::into_inner);
        ScenarioRun::new(Arc::clone(&scenario))
    }

    fn replace(&self, loaded: Loaded) {
        *self.scenario.lock().unwrap_or_else(PoisonError::into_inner) =
            Arc::new(loaded.scenario.compile());
        *self.files.lock().unwrap_or_else(PoisonError::into_inner) = loaded.files;
    }

    /// What tells whether a file of the scenario has changed.
    fn stamps(&self) -> Vec<Option<(SystemTime, u64)>> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = |file: &PathBuf| {
            let found = fs::metadata(file).ok()?;
            Some((found.modified().ok()?, found.len()))
        };
        files.iter().map(stamp).collect()
    }
}

/// Reads the scenario again whenever one of its files has changed.
async fn watch(current: Arc<Current>, file: PathBuf) {
    let mut known = current.stamps();
    loop {
        tokio::time::sleep(WATCH_EVERY).await;
        let stamps = current.stamps();
        if stamps == known {
            continue;
        }
        match load(&file) {
            Ok(loaded) => {
                current.replace(loaded);
                known = current.stamps();
                eprintln!("{} is read again", file.display());
            }
            Err(problems) => {
                known = stamps;
                eprintln!(
                    "{}\nnew sessions keep the scenario there was",
                    failed(&problems)
                );
            }
        }
    }
}

/// Serves until ctrl-c.
#[tokio::main]
pub(crate) async fn run(arguments: &Serve) -> io::Result<()> {
    let mut options = ServerOptions {
        seed: arguments.seed,
        ..ServerOptions::default()
    };
    if let Some(file) = &arguments.scenario {
        let current = Current::load(file)?;
        if arguments.watch {
            tokio::spawn(watch(Arc::clone(&current), file.clone()));
        }
        options.configure = Arc::new(move |session| current.run().configure(session));
    }
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
