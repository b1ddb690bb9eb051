//! What the real server does beyond or against its published schema, each with its reason.
//!
//! `overlay.toml` is kept apart from the published structure so that both can be asked for, and so
//! that following a new document never loses an observation.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::load::{self, Schema};
use crate::model::{Body, Definition, Protocol, Type};

/// The name of the overlay's file in a protocol's folder.
pub const FILE: &str = "overlay.toml";

/// All observations about one protocol.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overlay {
    /// Definitions that no document has.
    #[serde(default, rename = "define")]
    definitions: Vec<NewDefinition>,
    /// Changes to published definitions.
    #[serde(default, rename = "observe")]
    observations: Vec<Observation>,
    /// The order of fields on the wire, by definition, where it is not the document's. Fields
    /// that are not named follow.
    #[serde(default)]
    order: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDefinition {
    name: String,
    family: String,
    schema: Value,
    reason: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Observation {
    /// The fields it is about, as `Definition.field`.
    paths: Vec<String>,
    /// Where it was seen.
    reason: String,
    /// The field is sent as `null`.
    #[serde(default)]
    nullable: bool,
    /// The field is always sent, or the server refuses an event without it.
    #[serde(default)]
    required: bool,
    /// The least value the server accepts.
    minimum: Option<i64>,
    /// The field exists, with this schema.
    add: Option<Value>,
    /// The field takes this schema, not the one published.
    replace: Option<Value>,
}

impl Overlay {
    /// Reads `overlay.toml` in a protocol's folder; a protocol without one has no overlay.
    pub fn read(folder: &Path) -> Result<Self> {
        let file = folder.join(FILE);
        if !file.exists() {
            return Ok(Self::default());
        }
        let place = file.display().to_string();
        let text = std::fs::read_to_string(&file)
            .map_err(|error| Error::new(&place, error.to_string()))?;
        toml::from_str(&text).map_err(|error| Error::new(&place, error.to_string()))
    }

    /// The protocol as observed.
    ///
    /// An observation that the document has come to agree with, or whose path is gone, is an
    /// error: it should be deleted, not carried along.
    pub fn apply(&self, published: &Protocol) -> Result<Protocol> {
        let mut observed = published.clone();
        for new in &self.definitions {
            let place = format!("{FILE}: {}", new.name);
            need_reason(&new.reason, &place)?;
            let definition =
                load::definition(&Schema::new(&new.schema, place.clone())?, &new.family)?;
            if observed
                .definitions
                .insert(new.name.clone(), definition)
                .is_some()
            {
                return Err(Error::new(
                    place,
                    "the published document defines this too; delete it here",
                ));
            }
        }
        for observation in &self.observations {
            for path in &observation.paths {
                observation
                    .apply(path, &mut observed)
                    .map_err(|error| error.within(FILE))?;
            }
        }
        for (name, keys) in &self.order {
            reorder(name, keys, &mut observed).map_err(|error| error.within(FILE))?;
        }
        Ok(observed)
    }
}

fn reorder(name: &str, keys: &[String], protocol: &mut Protocol) -> Result<()> {
    let Some(Definition {
        body: Body::Object(object),
        ..
    }) = protocol.definitions.get_mut(name)
    else {
        return Err(Error::new(
            format!("order.{name}"),
            "there is no such object",
        ));
    };
    for (index, key) in keys.iter().enumerate() {
        let from = object.fields.get_index_of(key);
        let from = from.ok_or_else(|| {
            Error::new(
                format!("order.{name}"),
                format!("there is no field `{key}`"),
            )
        })?;
        object.fields.move_index(from, index);
    }
    Ok(())
}

impl Observation {
    fn apply(&self, path: &str, protocol: &mut Protocol) -> Result<()> {
        need_reason(&self.reason, path)?;
        let (name, key) = path
            .split_once('.')
            .ok_or_else(|| Error::new(path, "expected `Definition.field`"))?;
        let Some(Definition {
            body: Body::Object(object),
            ..
        }) = protocol.definitions.get_mut(name)
        else {
            return Err(Error::new(path, format!("there is no object `{name}`")));
        };
        if let Some(schema) = &self.add {
            let mut field = load::field(&Schema::new(schema, path.to_owned())?, self.required)?;
            field.nullable |= self.nullable;
            if object.fields.insert(key.to_owned(), field).is_some() {
                return Err(Error::new(
                    path,
                    "the published document has this field now; delete it here",
                ));
            }
            return Ok(());
        }
        let field = object
            .fields
            .get_mut(key)
            .ok_or_else(|| Error::new(path, "there is no such field"))?;
        let mut changed = false;
        if let Some(schema) = &self.replace {
            let replaced = load::field(&Schema::new(schema, path.to_owned())?, field.required)?;
            changed = replaced.ty != field.ty;
            field.ty = replaced.ty;
        }
        if self.nullable && !field.nullable {
            field.nullable = true;
            changed = true;
        }
        if self.required && !field.required {
            field.required = true;
            changed = true;
        }
        if let (Some(minimum), Type::Integer(bounds)) = (self.minimum, &mut field.ty)
            && bounds.minimum.is_none_or(|published| published < minimum)
        {
            bounds.minimum = Some(minimum);
            changed = true;
        }
        if changed {
            Ok(())
        } else {
            Err(Error::new(
                path,
                "the published document says so itself now; delete it here",
            ))
        }
    }
}

fn need_reason(reason: &str, place: &str) -> Result<()> {
    if reason.trim().is_empty() {
        return Err(Error::new(place, "needs a `reason`: where was this seen?"));
    }
    Ok(())
}
