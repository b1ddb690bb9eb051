//! The [`Protocol`] as JSON Schema files, one a family.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::load::DIALECT;
use crate::model::{
    Body, Bounds, Definition, Enum, Field, Member, MemberKind, Object, Protocol, Type, Union,
};

/// The files of a protocol: name without `.json`, and text.
pub fn files(protocol: &Protocol) -> BTreeMap<String, String> {
    let mut families: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for (name, definition) in &protocol.definitions {
        let place = Place {
            protocol,
            family: Some(&definition.family),
        };
        let family = families.entry(&definition.family).or_default();
        family.insert(name.clone(), place.definition(definition));
    }
    let text = |definitions| {
        let document = json!({ "$schema": DIALECT, "$defs": definitions });
        format!("{document:#}\n")
    };
    families
        .into_iter()
        .map(|(family, definitions)| (family.to_owned(), text(definitions)))
        .collect()
}

/// All definitions in one JSON Schema document, with references inside it: for validators.
pub fn bundle(protocol: &Protocol) -> Value {
    let place = Place {
        protocol,
        family: None,
    };
    let definitions: Map<String, Value> = protocol
        .definitions
        .iter()
        .map(|(name, definition)| (name.clone(), place.definition(definition)))
        .collect();
    json!({ "$schema": DIALECT, "$defs": definitions })
}

/// Writes the files of `protocol` into `folder` and removes those it no longer has.
pub fn to_folder(protocol: &Protocol, folder: &Path) -> Result<()> {
    let files = files(protocol);
    let failed =
        |error: std::io::Error| Error::new(folder.display().to_string(), error.to_string());
    for stale in crate::load::schema_files(folder)? {
        let family = stale.file_stem().unwrap_or_default().to_string_lossy();
        if !files.contains_key(family.as_ref()) {
            fs::remove_file(&stale).map_err(failed)?;
        }
    }
    for (family, text) in files {
        fs::write(folder.join(format!("{family}.json")), text).map_err(failed)?;
    }
    Ok(())
}

/// From where references are written: a file of the family, or the bundle.
struct Place<'a> {
    protocol: &'a Protocol,
    family: Option<&'a str>,
}

impl Place<'_> {
    fn definition(&self, definition: &Definition) -> Value {
        let mut schema = Map::new();
        if let Some(description) = &definition.description {
            schema.insert("description".into(), json!(description));
        }
        if let Some(upstream) = &definition.upstream {
            schema.insert("x-upstream".into(), json!(upstream));
        }
        match &definition.body {
            Body::Object(object) => self.object(object, &mut schema),
            Body::Enum(list) => enumeration(list, &mut schema),
            Body::Union(union) => self.union(union, &mut schema),
        }
        Value::Object(schema)
    }

    fn object(&self, object: &Object, schema: &mut Map<String, Value>) {
        let required: Vec<&String> = object
            .fields
            .iter()
            .filter(|(_, field)| field.required)
            .map(|(name, _)| name)
            .collect();
        let properties: Map<String, Value> = object
            .fields
            .iter()
            .map(|(name, field)| (name.clone(), self.field(field)))
            .collect();
        schema.insert("type".into(), json!("object"));
        schema.insert("properties".into(), Value::Object(properties));
        if !required.is_empty() {
            schema.insert("required".into(), json!(required));
        }
        if object.closed {
            schema.insert("additionalProperties".into(), json!(false));
        }
    }

    fn field(&self, field: &Field) -> Value {
        let ty = self.ty(&field.ty);
        let mut schema = Map::new();
        if let Some(description) = &field.description {
            schema.insert("description".into(), json!(description));
        }
        if field.nullable {
            schema.insert("anyOf".into(), json!([ty, { "type": "null" }]));
        } else if let Value::Object(ty) = ty {
            schema.extend(ty);
        }
        if let Some(default) = &field.default {
            schema.insert("default".into(), default.clone());
        }
        Value::Object(schema)
    }

    fn union(&self, union: &Union, schema: &mut Map<String, Value>) {
        let members: Vec<Value> = union
            .members
            .iter()
            .map(|member| self.member(member))
            .collect();
        schema.insert("oneOf".into(), json!(members));
        if let Some(tag) = &union.tag {
            schema.insert("x-tag".into(), json!(tag));
        }
    }

    fn member(&self, member: &Member) -> Value {
        let (ty, tag) = match &member.kind {
            MemberKind::Tagged { value, name } => (self.ty(&Type::Ref(name.clone())), Some(value)),
            MemberKind::Literal(value) => (json!({ "const": value }), None),
            MemberKind::Untagged(ty) => (self.ty(ty), None),
        };
        let mut schema = Map::new();
        schema.insert("x-variant".into(), json!(member.variant));
        if let Some(value) = tag {
            schema.insert("x-tag-value".into(), json!(value));
        }
        if let Value::Object(ty) = ty {
            schema.extend(ty);
        }
        Value::Object(schema)
    }

    fn ty(&self, ty: &Type) -> Value {
        match ty {
            Type::Ref(name) => json!({ "$ref": self.reference(name) }),
            Type::Const(value) => json!({ "const": value }),
            Type::Text(text) => {
                let mut schema = Map::from_iter([("type".to_owned(), json!("string"))]);
                put(&mut schema, "format", text.format.as_ref());
                put(
                    &mut schema,
                    "contentEncoding",
                    text.base64.then_some("base64"),
                );
                put(&mut schema, "minLength", text.min_length);
                put(&mut schema, "maxLength", text.max_length);
                put(&mut schema, "pattern", text.pattern.as_ref());
                Value::Object(schema)
            }
            Type::Integer(bounds) => bounded("integer", bounds),
            Type::Number(bounds) => bounded("number", bounds),
            Type::Boolean => json!({ "type": "boolean" }),
            Type::Array(array) => {
                let mut schema = Map::from_iter([("type".to_owned(), json!("array"))]);
                put(&mut schema, "minItems", array.min_items);
                put(&mut schema, "maxItems", array.max_items);
                schema.insert("items".into(), self.ty(&array.items));
                Value::Object(schema)
            }
            Type::Map(values) => {
                json!({ "type": "object", "additionalProperties": self.ty(values) })
            }
            Type::AnyObject => json!({ "type": "object" }),
            Type::Any => json!({}),
        }
    }

    fn reference(&self, name: &str) -> String {
        let family = self
            .protocol
            .definitions
            .get(name)
            .map(|definition| definition.family.as_str());
        match (self.family, family) {
            (Some(here), Some(there)) if here != there => format!("{there}.json#/$defs/{name}"),
            _ => format!("#/$defs/{name}"),
        }
    }
}

fn enumeration(list: &Enum, schema: &mut Map<String, Value>) {
    schema.insert("type".into(), json!("string"));
    let key = if list.open { "x-known-values" } else { "enum" };
    schema.insert(key.into(), json!(list.values));
}

fn bounded<N: Copy + serde::Serialize>(kind: &str, bounds: &Bounds<N>) -> Value {
    let mut schema = Map::from_iter([("type".to_owned(), json!(kind))]);
    put(&mut schema, "minimum", bounds.minimum);
    put(&mut schema, "maximum", bounds.maximum);
    Value::Object(schema)
}

fn put(schema: &mut Map<String, Value>, key: &str, value: Option<impl serde::Serialize>) {
    if let Some(value) = value {
        schema.insert(key.into(), json!(value));
    }
}
