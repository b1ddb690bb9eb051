//! Where things lie.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use mock_realtime_codegen::{Error, rules};

use crate::Result;

/// A folder of `schema/` that has rules: one protocol.
pub(crate) struct Protocol {
    /// The folder's name.
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
}

impl Protocol {
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            folder: schema().join(name),
        }
    }

    fn surface_file(&self) -> PathBuf {
        schema().join(format!("{}.surface.txt", self.name))
    }

    /// Whether the committed surface is this one.
    pub(crate) fn has_surface(&self, surface: &str) -> bool {
        fs::read_to_string(self.surface_file()).is_ok_and(|committed| committed == surface)
    }

    /// Writes the surface; says whether that changed anything.
    pub(crate) fn write_surface(&self, surface: &str) -> Result<bool> {
        if self.has_surface(surface) {
            return Ok(false);
        }
        let file = self.surface_file();
        fs::write(&file, surface).map_err(|error| failed(file.display().to_string(), &error))?;
        Ok(true)
    }
}

/// The root of the project.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The folder of all protocols.
pub(crate) fn schema() -> PathBuf {
    root().join("schema")
}

/// All protocols, by name.
pub(crate) fn protocols() -> Result<Vec<Protocol>> {
    let schema = schema();
    let failed = |error: io::Error| failed(schema.display().to_string(), &error);
    let mut protocols = Vec::new();
    for entry in fs::read_dir(&schema).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.path().join(rules::FILE).exists() {
            protocols.push(Protocol::named(&entry.file_name().to_string_lossy()));
        }
    }
    protocols.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(protocols)
}

/// The bytes of a file, or of standard input for `-`.
pub(crate) fn read(file: &str) -> Result<Vec<u8>> {
    if file == "-" {
        let mut bytes = Vec::new();
        let read = io::stdin().read_to_end(&mut bytes);
        return read
            .map(|_| bytes)
            .map_err(|error| failed("standard input", &error));
    }
    fs::read(file).map_err(|error| failed(file, &error))
}

pub(crate) fn failed(place: impl Into<String>, error: &io::Error) -> Error {
    Error::new(place, error.to_string())
}
