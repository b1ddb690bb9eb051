//! The scenario that new sessions get, read again when its files change.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use mock_realtime::faults::Faults;
use mock_realtime::scenario::{CompiledScenario, Loaded, Preset, ScenarioRun, load};

use crate::cli::scenario::failed;

/// How often files are looked at for changes.
const WATCH_EVERY: Duration = Duration::from_millis(250);

/// The scenario that new sessions get.
#[derive(Debug)]
pub(super) struct Current {
    scenario: Mutex<Arc<CompiledScenario>>,
    files: Mutex<Vec<PathBuf>>,
}

impl Current {
    pub(super) fn load(file: &Path) -> io::Result<Arc<Self>> {
        let loaded = load(file).map_err(|problems| failed(&problems))?;
        Ok(Self::of(loaded))
    }

    /// A scenario that comes with the mock.
    pub(super) fn preset(name: &str) -> io::Result<Arc<Self>> {
        let preset = Preset::named(name)
            .ok_or_else(|| io::Error::other(format!("there is no preset `{name}`")))?;
        let scenario = preset.scenario().map_err(|problems| failed(&problems))?;
        let files = Vec::new();
        Ok(Self::of(Loaded { scenario, files }))
    }

    fn of(Loaded { scenario, files }: Loaded) -> Arc<Self> {
        Arc::new(Self {
            scenario: Mutex::new(Arc::new(scenario.compile())),
            files: Mutex::new(files),
        })
    }

    pub(super) fn run(&self) -> ScenarioRun {
        let scenario = self.scenario.lock().unwrap_or_else(PoisonError::into_inner);
        ScenarioRun::new(Arc::clone(&scenario))
    }

    /// What goes wrong in new connections.
    pub(super) fn faults(&self) -> Faults {
        let scenario = self.scenario.lock().unwrap_or_else(PoisonError::into_inner);
        scenario.scenario().faults.clone()
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
pub(super) async fn watch(current: Arc<Current>, file: PathBuf) {
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
