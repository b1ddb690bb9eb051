//! Reads the JSON Schema files of `schema/` into the [`Protocol`].
//!
//! The files are plain JSON Schema in one fixed form; anything else is an error with its place, so
//! that nothing a person writes there is silently without effect. Our own keywords are
//! `x-upstream` (the published name), `x-tag` (the property a union is told apart by),
//! `x-tag-value` and `x-variant` (on its members), `x-known-values` (of an open string).

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::model::{
    Array, Body, Bounds, Definition, Enum, Field, Member, MemberKind, Object, Protocol, Text, Type,
    Union,
};

/// The JSON Schema dialect of the files.
pub const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Reads all families in `folder`, as published: without the overlay.
pub fn from_folder(folder: &Path) -> Result<Protocol> {
    let mut protocol = Protocol::default();
    for file in schema_files(folder)? {
        let place = file.display().to_string();
        let text =
            fs::read_to_string(&file).map_err(|error| Error::new(&place, error.to_string()))?;
        let document: Value =
            serde_json::from_str(&text).map_err(|error| Error::new(&place, error.to_string()))?;
        let family = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        read_family(&document, &family, &mut protocol).map_err(|error| error.within(&place))?;
    }
    check_references(&protocol, folder)?;
    Ok(protocol)
}

/// The schema files of a folder, in a fixed order.
pub(crate) fn schema_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed =
        |error: std::io::Error| Error::new(folder.display().to_string(), error.to_string());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read_family(document: &Value, family: &str, protocol: &mut Protocol) -> Result<()> {
    let document = Schema::new(document, String::new())?;
    document.only(&["$schema", "$defs"])?;
    let definitions = document.schema("$defs")?;
    for (name, schema) in definitions.entries() {
        let definition = definition(&Schema::new(schema, name.clone())?, family)?;
        if protocol
            .definitions
            .insert(name.clone(), definition)
            .is_some()
        {
            return Err(Error::new(name, "is defined in another file too"));
        }
    }
    Ok(())
}

fn check_references(protocol: &Protocol, folder: &Path) -> Result<()> {
    for (name, definition) in &protocol.definitions {
        let mut missing = None;
        definition.body.each_ref(&mut |reference| {
            if !protocol.definitions.contains_key(reference) {
                missing = Some(reference.to_owned());
            }
        });
        if let Some(missing) = missing {
            let place = format!(
                "{}: {name}",
                folder.join(format!("{}.json", definition.family)).display()
            );
            return Err(Error::new(
                place,
                format!("refers to `{missing}`, which is defined nowhere"),
            ));
        }
    }
    Ok(())
}

/// Reads one definition; `family` is the file it lies in.
pub(crate) fn definition(schema: &Schema<'_>, family: &str) -> Result<Definition> {
    let body = if schema.has("oneOf") {
        schema.only(&["description", "x-upstream", "oneOf", "x-tag"])?;
        Body::Union(union(schema)?)
    } else if schema.has("enum") || schema.has("x-known-values") {
        schema.only(&[
            "description",
            "x-upstream",
            "type",
            "enum",
            "x-known-values",
        ])?;
        let open = schema.has("x-known-values");
        let values = schema.strings(if open { "x-known-values" } else { "enum" })?;
        Body::Enum(Enum { values, open })
    } else {
        schema.only(&[
            "description",
            "x-upstream",
            "type",
            "properties",
            "required",
            "additionalProperties",
        ])?;
        Body::Object(object(schema)?)
    };
    Ok(Definition {
        family: family.to_owned(),
        description: schema.text("description")?,
        upstream: schema.text("x-upstream")?,
        body,
    })
}

fn object(schema: &Schema<'_>) -> Result<Object> {
    schema.expect_type("object")?;
    let closed = match schema.get("additionalProperties") {
        None => false,
        Some(Value::Bool(false)) => true,
        Some(other) => {
            return Err(schema.error(format!("`additionalProperties` {other} in a definition")));
        }
    };
    let required = if schema.has("required") {
        schema.strings("required")?
    } else {
        Vec::new()
    };
    let properties = schema.schema("properties")?;
    let mut object = Object {
        closed,
        ..Object::default()
    };
    for (name, schema) in properties.entries() {
        let place = properties.place.replace(".properties", "");
        let schema = Schema::new(schema, format!("{place}.{name}"))?;
        object
            .fields
            .insert(name.clone(), field(&schema, required.contains(name))?);
    }
    match required
        .iter()
        .find(|name| !object.fields.contains_key(*name))
    {
        Some(name) => Err(schema.error(format!("`{name}` is required but is no property"))),
        None => Ok(object),
    }
}

/// Reads the schema of a field.
pub(crate) fn field(schema: &Schema<'_>, required: bool) -> Result<Field> {
    let annotations = &["description", "default"];
    let (nullable, ty) = match schema.get("anyOf") {
        Some(choice) => {
            schema.only(&["description", "default", "anyOf"])?;
            let Some([inner, null]) = choice.as_array().map(Vec::as_slice) else {
                return Err(schema.error("`anyOf` stands only for a type and null here"));
            };
            if null != &serde_json::json!({ "type": "null" }) {
                return Err(schema.error("`anyOf` stands only for a type and null here"));
            }
            (true, ty(&Schema::new(inner, schema.place.clone())?, &[])?)
        }
        None => (false, ty(schema, annotations)?),
    };
    Ok(Field {
        description: schema.text("description")?,
        required,
        nullable,
        default: schema.get("default").cloned(),
        ty,
    })
}

fn ty(schema: &Schema<'_>, beside: &[&str]) -> Result<Type> {
    let only = |keys: &[&str]| schema.only(&[keys, beside].concat());
    if let Some(reference) = schema.text("$ref")? {
        only(&["$ref"])?;
        let name = reference
            .rsplit_once("#/$defs/")
            .map(|(_, name)| name.to_owned());
        return name
            .map(Type::Ref)
            .ok_or_else(|| schema.error(format!("cannot follow `$ref` {reference}")));
    }
    if let Some(value) = schema.text("const")? {
        only(&["const"])?;
        return Ok(Type::Const(value));
    }
    match schema.text("type")?.as_deref() {
        Some("string") => {
            only(&[
                "type",
                "format",
                "contentEncoding",
                "minLength",
                "maxLength",
                "pattern",
            ])?;
            let base64 = match schema.text("contentEncoding")?.as_deref() {
                None => false,
                Some("base64") => true,
                Some(other) => {
                    return Err(schema.error(format!("contentEncoding `{other}` is not known")));
                }
            };
            Ok(Type::Text(Text {
                format: schema.text("format")?,
                min_length: schema.number("minLength", Value::as_u64)?,
                max_length: schema.number("maxLength", Value::as_u64)?,
                pattern: pattern(schema)?,
                base64,
            }))
        }
        Some("integer") => {
            only(&["type", "minimum", "maximum"])?;
            Ok(Type::Integer(Bounds {
                minimum: schema.number("minimum", Value::as_i64)?,
                maximum: schema.number("maximum", Value::as_i64)?,
            }))
        }
        Some("number") => {
            only(&["type", "minimum", "maximum"])?;
            Ok(Type::Number(Bounds {
                minimum: schema.number("minimum", Value::as_f64)?,
                maximum: schema.number("maximum", Value::as_f64)?,
            }))
        }
        Some("boolean") => only(&["type"]).map(|()| Type::Boolean),
        Some("array") => {
            only(&["type", "items", "minItems", "maxItems"])?;
            Ok(Type::Array(Array {
                items: Box::new(ty(&schema.schema("items")?, &[])?),
                min_items: schema.number("minItems", Value::as_u64)?,
                max_items: schema.number("maxItems", Value::as_u64)?,
            }))
        }
        Some("object") if schema.has("additionalProperties") => {
            only(&["type", "additionalProperties"])?;
            Ok(Type::Map(Box::new(ty(
                &schema.schema("additionalProperties")?,
                &[],
            )?)))
        }
        Some("object") => {
            only(&["type"])?;
            Ok(Type::AnyObject)
        }
        Some(other) => Err(schema.error(format!("type `{other}` is not known"))),
        // The empty schema of JSON Schema, which takes every value.
        None => only(&[]).map(|()| Type::Any),
    }
}

/// A regular expression that the mock will be able to use.
fn pattern(schema: &Schema<'_>) -> Result<Option<String>> {
    let pattern = schema.text("pattern")?;
    if let Some(pattern) = &pattern {
        regex_lite::Regex::new(pattern)
            .map_err(|error| schema.error(format!("`pattern` {pattern}: {error}")))?;
    }
    Ok(pattern)
}

fn union(schema: &Schema<'_>) -> Result<Union> {
    let tag = schema.text("x-tag")?;
    let members = schema.get("oneOf").and_then(Value::as_array);
    let members = members.ok_or_else(|| schema.error("`oneOf` is no list"))?;
    let members = members.iter().enumerate().map(|(index, member)| {
        let member = Schema::new(member, format!("{}.oneOf[{index}]", schema.place))?;
        let variant = member
            .text("x-variant")?
            .ok_or_else(|| member.error("needs `x-variant`"))?;
        let value = member.text("x-tag-value")?;
        let kind = match (ty(&member, &["x-variant", "x-tag-value"])?, value) {
            (Type::Ref(name), Some(value)) if tag.is_some() => MemberKind::Tagged { value, name },
            (_, Some(_)) => {
                return Err(
                    member.error("`x-tag-value` belongs to a `$ref` in a union with `x-tag`")
                );
            }
            (Type::Const(value), None) => MemberKind::Literal(value),
            (ty, None) => MemberKind::Untagged(ty),
        };
        Ok(Member { variant, kind })
    });
    Ok(Union {
        members: members.collect::<Result<_>>()?,
        tag,
    })
}

/// A schema object and where it stands, with accessors that complain in terms of that place.
pub(crate) struct Schema<'a> {
    object: &'a Map<String, Value>,
    place: String,
}

impl<'a> Schema<'a> {
    pub(crate) fn new(value: &'a Value, place: String) -> Result<Self> {
        match value.as_object() {
            Some(object) => Ok(Self { object, place }),
            None => Err(Error::new(place, "expected an object")),
        }
    }

    fn error(&self, message: impl Into<String>) -> Error {
        Error::new(self.place.clone(), message)
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key)
    }

    fn has(&self, key: &str) -> bool {
        self.object.contains_key(key)
    }

    fn entries(&self) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
        self.object.iter()
    }

    fn only(&self, keys: &[&str]) -> Result<()> {
        match self.object.keys().find(|key| !keys.contains(&key.as_str())) {
            Some(key) => Err(self.error(format!(
                "keyword `{key}` is not known here; allowed are {}",
                keys.join(", ")
            ))),
            None => Ok(()),
        }
    }

    fn schema(&self, key: &str) -> Result<Schema<'a>> {
        let value = self
            .get(key)
            .ok_or_else(|| self.error(format!("needs `{key}`")))?;
        Schema::new(value, format!("{}.{key}", self.place))
    }

    fn text(&self, key: &str) -> Result<Option<String>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(self.error(format!("`{key}` is {other}, expected a string"))),
        }
    }

    fn number<N>(&self, key: &str, read: impl Fn(&Value) -> Option<N>) -> Result<Option<N>> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => match read(value) {
                Some(number) => Ok(Some(number)),
                None => Err(self.error(format!("`{key}` is {value}, expected a fitting number"))),
            },
        }
    }

    fn strings(&self, key: &str) -> Result<Vec<String>> {
        let strings = self.get(key).and_then(Value::as_array).map(|values| {
            values
                .iter()
                .map(|value| value.as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>()
        });
        strings
            .flatten()
            .ok_or_else(|| self.error(format!("`{key}` is no list of strings")))
    }

    fn expect_type(&self, kind: &str) -> Result<()> {
        match self.text("type")?.as_deref() {
            Some(found) if found == kind => Ok(()),
            found => Err(self.error(format!("expected type `{kind}`, found {found:?}"))),
        }
    }
}
