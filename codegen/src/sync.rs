//! Following a published document: its structure replaces ours, our words stay.

use std::path::Path;

use serde_json::Value;

use crate::error::Result;
use crate::model::{Body, Protocol};
use crate::overlay::Overlay;
use crate::rules::Rules;
use crate::{load, openapi, write};

/// What a sync did.
#[derive(Clone, Debug)]
pub struct Synced {
    /// The document's version.
    pub version: String,
    /// Names in `sync.toml` that matched nothing.
    pub unused_rules: Vec<String>,
    /// Definitions and fields nobody has described yet.
    pub undescribed: Vec<String>,
    /// Why the overlay no longer fits, if it does not.
    pub overlay: Option<String>,
}

/// Rewrites the structure in `folder` from `document`, keeping descriptions by path.
///
/// A second run with the same document changes nothing. Nothing is written where the document
/// cannot be imported whole.
pub fn sync(document: &Value, folder: &Path) -> Result<Synced> {
    let rules = Rules::read(folder)?;
    let mut imported = openapi::import(document, &rules)?;
    if !load::schema_files(folder)?.is_empty() {
        keep_descriptions(&load::from_folder(folder)?, &mut imported.protocol);
    }
    write::to_folder(&imported.protocol, folder)?;
    let overlay = Overlay::read(folder)?
        .apply(&imported.protocol)
        .err()
        .map(|error| error.to_string());
    Ok(Synced {
        version: imported.version,
        unused_rules: imported.unused_rules,
        undescribed: undescribed(&imported.protocol),
        overlay,
    })
}

/// Takes over the descriptions of `from` by path.
pub(crate) fn keep_descriptions(from: &Protocol, to: &mut Protocol) {
    for (name, definition) in &mut to.definitions {
        let Some(known) = from.definitions.get(name) else {
            continue;
        };
        definition.description.clone_from(&known.description);
        if let (Body::Object(object), Body::Object(known)) = (&mut definition.body, &known.body) {
            for (key, field) in &mut object.fields {
                if let Some(known) = known.fields.get(key) {
                    field.description.clone_from(&known.description);
                }
            }
        }
    }
}

/// The definitions and fields without a description; tags need none.
pub fn undescribed(protocol: &Protocol) -> Vec<String> {
    let mut paths = Vec::new();
    for (name, definition) in &protocol.definitions {
        if definition.description.is_none() {
            paths.push(name.clone());
        }
        if let Body::Object(object) = &definition.body {
            let bare = object
                .fields
                .iter()
                .filter(|(_, field)| field.description.is_none());
            let bare = bare.filter(|(_, field)| !matches!(field.ty, crate::model::Type::Const(_)));
            paths.extend(bare.map(|(key, _)| format!("{name}.{key}")));
        }
    }
    paths
}
