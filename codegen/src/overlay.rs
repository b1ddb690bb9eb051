//! What the real server does beyond or against its published schema, each with its reason.
//!
//! `overlay.toml` is kept apart from the published structure so that both can be asked for, and so
//! that following a new document never loses an observation.

use std::collections::BTreeMap;
use std::path::Path;

use heck::ToUpperCamelCase;
use serde::Deserialize;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::load::{self, Schema};
use crate::model::{Body, Definition, MemberKind, Protocol, Type};

/// The name of the overlay's file in a protocol's folder.
pub const FILE: &str = "overlay.toml";

/// What is wrong with an observation that is none any more.
const AGREES: &str = "the published document says so itself now; delete it here";

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
    /// Events that travel under another type than the published one.
    #[serde(default, rename = "rename")]
    renames: Vec<Rename>,
    /// Lists of strings with other values than the published ones.
    #[serde(default, rename = "relist")]
    lists: Vec<Relisting>,
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
struct Rename {
    /// The published type.
    from: String,
    /// The type on the wire. The event is called by it, here and in the overlay's other entries.
    to: String,
    reason: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Relisting {
    name: String,
    values: Vec<String>,
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
    /// The field may be left out.
    #[serde(default)]
    optional: bool,
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
        for rename in &self.renames {
            need_reason(&rename.reason, &rename.from)?;
            rename
                .apply(&mut observed)
                .map_err(|error| error.within(FILE))?;
        }
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
        for list in &self.lists {
            need_reason(&list.reason, &list.name)?;
            list.apply(&mut observed)
                .map_err(|error| error.within(FILE))?;
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

impl Rename {
    fn apply(&self, protocol: &mut Protocol) -> Result<()> {
        let name = self.to.to_upper_camel_case();
        if protocol.definitions.contains_key(&name) {
            return Err(Error::new(
                &self.to,
                format!("`{name}` is there already; delete this if the document has this type now"),
            ));
        }
        let event = self.rename_member(&name, protocol);
        let event =
            event.ok_or_else(|| Error::new(&self.from, "there is no event of this type"))?;
        let index = protocol.definitions.get_index_of(&event);
        let index = index.ok_or_else(|| Error::new(&event, "there is no such definition"))?;
        let mut definition = protocol.definitions[index].clone();
        if let Body::Object(object) = &mut definition.body {
            for field in object.fields.values_mut() {
                if field.ty == Type::Const(self.from.clone()) {
                    field.ty = Type::Const(self.to.clone());
                }
            }
        }
        protocol.definitions.shift_remove_index(index);
        protocol.definitions.shift_insert(index, name, definition);
        Ok(())
    }

    /// Changes the union's member, and says what definition it stood for.
    fn rename_member(&self, new: &str, protocol: &mut Protocol) -> Option<String> {
        for definition in protocol.definitions.values_mut() {
            let Body::Union(union) = &mut definition.body else {
                continue;
            };
            for member in &mut union.members {
                if let MemberKind::Tagged { value, name } = &mut member.kind
                    && *value == self.from
                {
                    value.clone_from(&self.to);
                    new.clone_into(&mut member.variant);
                    return Some(std::mem::replace(name, new.to_owned()));
                }
            }
        }
        None
    }
}

impl Relisting {
    fn apply(&self, protocol: &mut Protocol) -> Result<()> {
        let Some(Definition {
            body: Body::Enum(list),
            ..
        }) = protocol.definitions.get_mut(&self.name)
        else {
            return Err(Error::new(&self.name, "there is no such list of strings"));
        };
        if list.values == self.values {
            return Err(Error::new(&self.name, AGREES));
        }
        list.values.clone_from(&self.values);
        Ok(())
    }
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
        let mut replaced = None;
        if let Some(schema) = &self.replace {
            let new = load::field(&Schema::new(schema, path.to_owned())?, field.required)?;
            changed = new.ty != field.ty;
            replaced = Some(std::mem::replace(&mut field.ty, new.ty));
        }
        if self.nullable && !field.nullable {
            field.nullable = true;
            changed = true;
        }
        if self.required && !field.required {
            field.required = true;
            changed = true;
        }
        if self.optional && field.required {
            field.required = false;
            changed = true;
        }
        if let (Some(minimum), Type::Integer(bounds)) = (self.minimum, &mut field.ty)
            && bounds.minimum.is_none_or(|published| published < minimum)
        {
            bounds.minimum = Some(minimum);
            changed = true;
        }
        if let Some(replaced) = replaced {
            replaced.each_ref(&mut |name| forget_unused(name, protocol));
        }
        if changed {
            Ok(())
        } else {
            Err(Error::new(path, AGREES))
        }
    }
}

/// Takes out a definition that nothing refers to any more, and what only it referred to.
fn forget_unused(name: &str, protocol: &mut Protocol) {
    let mut used = false;
    for definition in protocol.definitions.values() {
        definition.body.each_ref(&mut |other| used |= other == name);
    }
    if used {
        return;
    }
    if let Some(definition) = protocol.definitions.shift_remove(name) {
        definition
            .body
            .each_ref(&mut |next| forget_unused(next, protocol));
    }
}

fn need_reason(reason: &str, place: &str) -> Result<()> {
    if reason.trim().is_empty() {
        return Err(Error::new(place, "needs a `reason`: where was this seen?"));
    }
    Ok(())
}
