//! Call scripts in files, read as scenarios are.

use std::fs;
use std::path::Path;

use super::model::{BargeInConfig, CallScript, CallStep, SayConfig, Sound};
use crate::audio::AudioManager;
use crate::scenario::{Document, Problems, Step};

impl CallScript {
    /// Reads a script from a file of YAML or JSON. The audio files it names are relative to it, and
    /// are there.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), mock_realtime::scenario::Problems> {
    /// let script = mock_realtime::telephony::script::CallScript::load("call.yaml".as_ref())?;
    /// println!("{} steps", script.steps.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn load(file: &Path) -> Result<Self, Problems> {
        let name = file.display().to_string();
        let text = fs::read_to_string(file).map_err(|error| Problems::unreadable(&name, &error))?;
        let folder = file.parent().unwrap_or(Path::new(""));
        Self::read(&name, text, folder)
    }

    /// Reads a script from a text. Files it names are relative to the folder the program runs in.
    pub fn parse(name: &str, text: &str) -> Result<Self, Problems> {
        Self::read(name, text.to_owned(), Path::new(""))
    }

    /// The JSON Schema of call scripts, for editors and validators.
    pub fn json_schema() -> schemars::Schema {
        schemars::schema_for!(Self)
    }

    fn read(name: &str, text: String, folder: &Path) -> Result<Self, Problems> {
        let mut document: Document<Self> = Document::parse(name, text)?;
        let script = &mut document.value;
        let mut files = Files {
            folder,
            manager: AudioManager::default(),
            wrong: Vec::new(),
        };
        for (number, step) in script.steps.iter_mut().enumerate() {
            match step {
                CallStep::Say(say) => files.resolve(&mut say.0, number, &["say"]),
                CallStep::BargeIn(BargeInConfig { say, .. }) => {
                    files.resolve(&mut say.0, number, &["barge_in", "say"]);
                }
                _ => {}
            }
        }
        script.recordings = std::mem::take(&mut script.recordings)
            .into_iter()
            .map(|(file, words)| {
                let path = vec!["recordings".into(), file.as_str().into()];
                (files.check(&file, path), words)
            })
            .collect();
        for (path, message) in files.wrong {
            let help = "paths are relative to the file they stand in";
            document.blame(&path, message, Some(help.to_owned()));
        }
        document.finish()
    }
}

/// The audio files that a script names.
struct Files<'a> {
    folder: &'a Path,
    manager: AudioManager,
    /// What is wrong, and where it stands.
    wrong: Vec<(Vec<Step>, String)>,
}

impl Files<'_> {
    fn resolve(&mut self, say: &mut SayConfig, number: usize, keys: &[&str]) {
        if let Sound::File(file) = &mut say.sound {
            let mut path = vec!["steps".into(), number.into()];
            path.extend(keys.iter().map(|key| (*key).into()));
            path.push("file".into());
            *file = self.check(file, path);
        }
    }

    /// The file from where the program runs.
    fn check(&mut self, file: &str, path: Vec<Step>) -> String {
        let found = self.folder.join(file);
        if let Err(error) = self.manager.load(&found) {
            self.wrong.push((path, error.to_string()));
        }
        found.display().to_string()
    }
}
