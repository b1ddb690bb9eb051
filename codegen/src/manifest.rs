//! `schema/MANIFEST.toml`: what each protocol was last synced with.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The name of the manifest in `schema/`.
pub const FILE: &str = "MANIFEST.toml";

/// All protocols, by folder.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
pub struct Manifest(pub BTreeMap<String, Entry>);

/// Where one protocol comes from.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What the document is and who publishes it.
    pub source: String,
    /// The version the document gives itself.
    pub version: String,
    /// `sha256:` and the digest of the document's bytes; nothing where the schema is kept by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

impl Manifest {
    /// Reads the manifest in `schema`.
    pub fn read(schema: &Path) -> Result<Self> {
        let file = schema.join(FILE);
        let place = file.display().to_string();
        let text =
            fs::read_to_string(&file).map_err(|error| Error::new(&place, error.to_string()))?;
        toml::from_str(&text).map_err(|error| Error::new(&place, error.to_string()))
    }

    /// Writes the manifest in `schema`.
    pub fn write(&self, schema: &Path) -> Result<()> {
        let file = schema.join(FILE);
        let place = file.display().to_string();
        let text = toml::to_string(self).map_err(|error| Error::new(&place, error.to_string()))?;
        let head =
            "# What each protocol was last synced with. Written by `cargo xtask schema sync`.\n\n";
        fs::write(&file, format!("{head}{text}"))
            .map_err(|error| Error::new(&place, error.to_string()))
    }
}
