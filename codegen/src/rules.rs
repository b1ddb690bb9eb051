//! The choices a person makes about a published document: names, files, kinds of string.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Result};

/// The name of the rules' file in a protocol's folder.
pub const FILE: &str = "sync.toml";

/// How a published document becomes our schema; read from `sync.toml`.
///
/// Of a protocol without such a document only the unions of events are said.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// There is no document to follow: the schema is kept by hand.
    #[serde(default)]
    pub by_hand: bool,
    /// The unions of events, each with the name it gets here.
    pub events: Vec<EventUnion>,
    /// Published definitions outside the events that clients send: read strictly as well.
    #[serde(default)]
    pub requests: Vec<String>,
    /// Published definitions outside the events that the server sends.
    #[serde(default)]
    pub responses: Vec<String>,
    /// Put off the front of published names: `Realtime`.
    #[serde(default)]
    pub strip_prefix: String,
    /// Our name for a published definition, where the stripped one will not do.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    /// Our name for what the document has inline, by its path here (`UserMessage.content[]`).
    #[serde(default)]
    pub inline: BTreeMap<String, String>,
    /// Our name for a member of a union, by union and value (`AudioFormat.audio/pcm`).
    #[serde(default)]
    pub variants: BTreeMap<String, String>,
    /// Which definitions open a file of their own; what they reach follows them.
    #[serde(default)]
    pub families: BTreeMap<String, Vec<String>>,
    /// What kind of string a field is, by path; `*.field` for any definition.
    #[serde(default)]
    pub formats: BTreeMap<String, String>,
    /// The fields that are base64 of audio, by path.
    #[serde(default)]
    pub base64: Vec<String>,
    /// The protocol whose Rust types stand for the definitions that are the same in both.
    pub shares: Option<Shares>,
}

/// Another protocol that has much in common with this one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shares {
    /// Its folder of `schema/`.
    pub protocol: String,
    /// The module that is generated from it, as a path from the crate's root: `protocol::realtime`.
    pub module: String,
}

/// One union of events.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventUnion {
    /// The published name. With `*` at its end: all definitions whose names begin so, where the
    /// document has events but no union of them.
    /// Nothing in a protocol that is kept by hand.
    #[serde(default)]
    pub published: String,
    /// Published events that belong to it as well, where it is gathered.
    #[serde(default)]
    pub also: Vec<String>,
    /// Our name.
    pub name: String,
    /// Who sends them.
    pub direction: Direction,
    /// Whether what the schema does not know is refused; if nothing is said, clients are read
    /// strictly and servers openly.
    pub strict: Option<bool>,
    /// Put before the names of its events.
    #[serde(default)]
    pub prefix: String,
}

impl EventUnion {
    /// Whether what the schema does not know is refused.
    pub fn is_strict(&self) -> bool {
        self.strict.unwrap_or(self.direction == Direction::Client)
    }
}

/// Who sends an event.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The client: read strictly unless a rule says other, as the real server does.
    Client,
    /// The server: read openly unless a rule says other, as a client must that outlives a version.
    Server,
}

impl Rules {
    /// Reads `sync.toml` in a protocol's folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let file = folder.join(FILE);
        let text = std::fs::read_to_string(&file)
            .map_err(|error| Error::new(file.display().to_string(), error.to_string()))?;
        toml::from_str(&text)
            .map_err(|error| Error::new(file.display().to_string(), error.to_string()))
    }
}
