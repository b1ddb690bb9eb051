//! From a published `OpenAPI` document to the [`Protocol`].
//!
//! The document says the same thing in many ways and some things twice. This pass brings each
//! construct into the one form the model has for it, and refuses what it does not know: a keyword
//! that is skipped today is a wrong type tomorrow.

mod settle;
mod union;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use heck::ToUpperCamelCase;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::model::{Array, Body, Bounds, Definition, Enum, Field, Object, Protocol, Text, Type};
use crate::rules::Rules;

/// Keywords that say nothing about structure.
const SILENT: &[&str] = &[
    "description",
    "title",
    "example",
    "examples",
    "x-oaiMeta",
    "x-oaiTypeLabel",
    "x-oaiExpandable",
    "x-stainless-const",
];

/// Keywords the import understands.
const KNOWN: &[&str] = &[
    "$ref",
    "type",
    "enum",
    "const",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "anyOf",
    "oneOf",
    "allOf",
    "discriminator",
    "nullable",
    "default",
    "format",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
];

/// What an import gives beside the protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The protocol as published.
    pub protocol: Protocol,
    /// `info.version` of the document.
    pub version: String,
    /// Rules that matched nothing: the document changed, or the rule has a typing error.
    pub unused_rules: Vec<String>,
}

/// Imports the part of `document` that `rules` name as roots, and all it reaches.
pub fn import(document: &Value, rules: &Rules) -> Result<Imported> {
    let schemas = document
        .pointer("/components/schemas")
        .and_then(Value::as_object)
        .ok_or_else(|| {
            Error::new(
                "components.schemas",
                "not an OpenAPI document: no such object",
            )
        })?;
    let version = document
        .pointer("/info/version")
        .and_then(Value::as_str)
        .ok_or_else(|| Error::new("info.version", "expected a string"))?
        .to_owned();
    let mut import = Import {
        schemas,
        rules,
        used: RefCell::default(),
        named: HashMap::new(),
        open: BTreeSet::new(),
        events: HashMap::new(),
        protocol: Protocol::default(),
    };
    import.roots()?;
    let mut unused_rules = import.unused_rules();
    let mut protocol = import.protocol;
    unused_rules.extend(settle::settle(&mut protocol, rules)?);
    Ok(Imported {
        protocol,
        version,
        unused_rules,
    })
}

/// What a schema stands for at the place where it is used.
#[derive(Clone)]
struct Use {
    ty: Type,
    nullable: bool,
}

/// Where the import is, and what a definition made here would be called.
#[derive(Clone)]
struct Place {
    /// For messages: the JSON path in the document.
    at: String,
    /// The path in our terms, for the rules: `Session.audio`.
    path: String,
    /// The name of a definition made here.
    name: String,
    /// The file of a definition made here.
    family: String,
    /// The published name, if this is a published definition.
    upstream: Option<String>,
}

impl Place {
    fn error(&self, message: impl Into<String>) -> Error {
        Error::new(self.at.clone(), message)
    }

    /// Inside a definition paths start anew at its name: they stay short and move with it.
    fn inside(&self) -> Self {
        Self {
            path: self.name.clone(),
            ..self.clone()
        }
    }
}

struct Import<'a> {
    schemas: &'a Map<String, Value>,
    rules: &'a Rules,
    /// Rules that matched, as `section.key`.
    used: RefCell<BTreeSet<String>>,
    /// Published name to what it stands for.
    named: HashMap<String, Use>,
    /// Published definitions on the way down to here.
    open: BTreeSet<String>,
    /// Published name of an event to the name made of its type.
    events: HashMap<String, String>,
    protocol: Protocol,
}

impl<'a> Import<'a> {
    fn roots(&mut self) -> Result<()> {
        for union in &self.rules.events {
            for published in self.members_by_ref(&union.published)? {
                let event = self.event_type(&published)?;
                let name = format!("{}{}", union.prefix, event.to_upper_camel_case());
                self.events.entry(published).or_insert(name);
            }
            self.events
                .insert(union.published.clone(), union.name.clone());
        }
        for union in &self.rules.events {
            let family = self.family_of(&union.name, "events");
            self.reference(&union.published, &family, "roots")?;
        }
        for published in self.rules.requests.iter().chain(&self.rules.responses) {
            self.reference(published, "rest", "roots")?;
        }
        Ok(())
    }

    fn schema(&self, published: &str, from: &str) -> Result<&'a Map<String, Value>> {
        self.schemas
            .get(published)
            .and_then(Value::as_object)
            .ok_or_else(|| Error::new(from, format!("no definition `{published}` in the document")))
    }

    fn members_by_ref(&self, published: &str) -> Result<Vec<String>> {
        let schema = self.schema(published, "sync.toml: events")?;
        let members = schema
            .get("anyOf")
            .or_else(|| schema.get("oneOf"))
            .and_then(Value::as_array);
        members
            .into_iter()
            .flatten()
            .map(|member| {
                reference_name(member).map(str::to_owned).ok_or_else(|| {
                    Error::new(published, "a member of a union of events is not a `$ref`")
                })
            })
            .collect()
    }

    fn event_type(&self, published: &str) -> Result<&'a str> {
        self.schema(published, "sync.toml: events")?
            .get("properties")
            .and_then(|properties| properties.get("type"))
            .and_then(single_value)
            .ok_or_else(|| Error::new(published, "an event needs a `type` of exactly one value"))
    }

    /// The name a published definition gets here.
    fn name_of(&self, published: &str) -> String {
        if let Some(name) = self.rule("names", &self.rules.names, published) {
            return name;
        }
        if let Some(name) = self.events.get(published) {
            return name.clone();
        }
        let name = published
            .strip_prefix(self.rules.strip_prefix.as_str())
            .unwrap_or(published);
        name.to_upper_camel_case()
    }

    fn family_of(&self, name: &str, otherwise: &str) -> String {
        let family = self
            .rules
            .families
            .iter()
            .find(|(_, names)| names.iter().any(|n| n == name));
        match family {
            Some((family, _)) => {
                self.used.borrow_mut().insert(format!("families.{name}"));
                family.clone()
            }
            None => otherwise.to_owned(),
        }
    }

    fn rule(
        &self,
        section: &str,
        rules: &std::collections::BTreeMap<String, String>,
        key: &str,
    ) -> Option<String> {
        let value = rules.get(key)?;
        self.used.borrow_mut().insert(format!("{section}.{key}"));
        Some(value.clone())
    }

    fn unused_rules(&self) -> Vec<String> {
        let used = self.used.borrow();
        let names = self.rules.names.keys().map(|key| format!("names.{key}"));
        let inline = self.rules.inline.keys().map(|key| format!("inline.{key}"));
        let variants = self
            .rules
            .variants
            .keys()
            .map(|key| format!("variants.{key}"));
        let families = self
            .rules
            .families
            .values()
            .flatten()
            .map(|name| format!("families.{name}"));
        names
            .chain(inline)
            .chain(variants)
            .chain(families)
            .filter(|rule| !used.contains(rule) && !rule.contains('='))
            .collect()
    }

    /// What a published definition stands for; imports it the first time.
    fn reference(&mut self, published: &str, family: &str, from: &str) -> Result<Use> {
        if let Some(known) = self.named.get(published) {
            return Ok(known.clone());
        }
        let schema = self.schema(published, from)?;
        let name = self.name_of(published);
        let place = Place {
            at: published.to_owned(),
            path: name.clone(),
            family: self.family_of(&name, family),
            name,
            upstream: Some(published.to_owned()),
        };
        if !self.open.insert(published.to_owned()) {
            return Err(place.error("a definition that contains itself is not known"));
        }
        let found = self.value(schema, &place)?;
        self.open.remove(published);
        self.named.insert(published.to_owned(), found.clone());
        Ok(found)
    }

    /// The heart: what one schema stands for.
    fn value(&mut self, schema: &'a Map<String, Value>, place: &Place) -> Result<Use> {
        check_keywords(schema, place)?;
        let nullable = schema
            .get("nullable")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        let mut found = if let Some(name) = schema.get("$ref") {
            let name = name
                .as_str()
                .and_then(|name| name.strip_prefix("#/components/schemas/"))
                .ok_or_else(|| place.error(format!("cannot follow `$ref` {name}")))?;
            self.reference(name, &place.family, &place.at)?
        } else if let Some(members) = schema.get("anyOf").or_else(|| schema.get("oneOf")) {
            self.choice(schema, list(members, place)?, place)?
        } else if let Some(parts) = schema.get("allOf") {
            match list(parts, place)? {
                [Value::Object(only)] => self.value(only, place)?,
                _ => return Err(place.error("`allOf` of several schemas is not known")),
            }
        } else {
            self.plain(schema, place)?
        };
        found.nullable |= nullable;
        Ok(found)
    }

    /// A schema without a reference and without a choice.
    fn plain(&mut self, schema: &'a Map<String, Value>, place: &Place) -> Result<Use> {
        let (kind, nullable) = json_type(schema, place)?;
        let ty = match kind {
            "string" => self.string(schema, place)?,
            "integer" => Type::Integer(integer_bounds(schema, place)?),
            "number" => Type::Number(Bounds {
                minimum: schema.get("minimum").and_then(Value::as_f64),
                maximum: schema.get("maximum").and_then(Value::as_f64),
            }),
            "boolean" => Type::Boolean,
            "array" => self.array(schema, place)?,
            "object" => self.object(schema, place)?,
            other => return Err(place.error(format!("type `{other}` is not known"))),
        };
        Ok(Use { ty, nullable })
    }

    fn string(&mut self, schema: &Map<String, Value>, place: &Place) -> Result<Type> {
        if let Some(only) = single_value_of(schema) {
            return Ok(Type::Const(only.to_owned()));
        }
        if let Some(values) = schema.get("enum") {
            let values = strings(values, place)?;
            return self.hoist(
                Body::Enum(Enum {
                    values,
                    open: false,
                }),
                place,
            );
        }
        Ok(Type::Text(Text {
            format: schema
                .get("format")
                .and_then(Value::as_str)
                .map(str::to_owned),
            min_length: schema.get("minLength").and_then(Value::as_u64),
            max_length: schema.get("maxLength").and_then(Value::as_u64),
            pattern: schema
                .get("pattern")
                .and_then(Value::as_str)
                .map(str::to_owned),
            base64: false,
        }))
    }

    fn array(&mut self, schema: &'a Map<String, Value>, place: &Place) -> Result<Type> {
        let items = schema.get("items").and_then(Value::as_object);
        let items = items.ok_or_else(|| place.error("an array needs `items`"))?;
        let inner = self.below(place, "[]", "items");
        let items = self.value(items, &inner)?;
        if items.nullable {
            return Err(inner.error("a list of things that may be null is not known"));
        }
        Ok(Type::Array(Array {
            items: Box::new(items.ty),
            min_items: schema.get("minItems").and_then(Value::as_u64),
            max_items: schema.get("maxItems").and_then(Value::as_u64),
        }))
    }

    fn object(&mut self, schema: &'a Map<String, Value>, place: &Place) -> Result<Type> {
        let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return match schema.get("additionalProperties") {
                Some(Value::Object(values)) => {
                    let inner = self.below(place, "{}", "additionalProperties");
                    Ok(Type::Map(Box::new(self.value(values, &inner)?.ty)))
                }
                None | Some(Value::Bool(true)) => Ok(Type::AnyObject),
                Some(other) => {
                    Err(place.error(format!("`additionalProperties` {other} without properties")))
                }
            };
        };
        if !closed
            && schema
                .get("additionalProperties")
                .is_some_and(|more| more != &Value::Bool(true))
        {
            return Err(place.error("`properties` beside a schema for further ones is not known"));
        }
        let required = match schema.get("required") {
            Some(required) => strings(required, place)?,
            None => Vec::new(),
        };
        if let Some(missing) = required.iter().find(|name| !properties.contains_key(*name)) {
            return Err(place.error(format!("`{missing}` is required but is no property")));
        }
        let reserved = self.reserve(place);
        let place = &place.inside();
        let mut object = Object {
            closed,
            ..Object::default()
        };
        for (name, schema) in properties {
            let inner = self.below(place, &format!(".{name}"), &format!("properties.{name}"));
            let schema = schema
                .as_object()
                .ok_or_else(|| inner.error("expected a schema"))?;
            let found = self.value(schema, &inner)?;
            let field = Field {
                description: None,
                required: required.contains(name),
                nullable: found.nullable,
                default: schema
                    .get("default")
                    .filter(|default| !default.is_null())
                    .cloned(),
                ty: found.ty,
            };
            object.fields.insert(name.clone(), field);
        }
        self.fill(reserved, Body::Object(object), place)
    }

    /// A place inside `place`; `step` in our terms, `at` in the document's.
    fn below(&self, place: &Place, step: &str, at: &str) -> Place {
        let path = format!("{}{step}", place.path);
        let name = self
            .rule("inline", &self.rules.inline, &path)
            .unwrap_or_else(|| {
                let step = match step {
                    "[]" => "Item",
                    "{}" => "Value",
                    field => field,
                };
                format!("{}{}", place.name, step.to_upper_camel_case())
            });
        Place {
            at: format!("{}.{at}", place.at),
            path,
            family: self.family_of(&name, &place.family),
            name,
            upstream: None,
        }
    }

    /// Makes a definition out of `body`, or finds the equal one of that name.
    fn hoist(&mut self, body: Body, place: &Place) -> Result<Type> {
        let reserved = self.reserve(place);
        self.fill(reserved, body, place)
    }

    /// Keeps the definition's place in the file before what it contains. `None` where the name is
    /// taken already: then [`Self::fill`] demands that both are equal.
    fn reserve(&mut self, place: &Place) -> Option<usize> {
        let definitions = &mut self.protocol.definitions;
        if definitions.contains_key(&place.name) {
            return None;
        }
        let empty = Definition {
            family: place.family.clone(),
            description: None,
            upstream: place.upstream.clone(),
            body: Body::Object(Object::default()),
        };
        Some(definitions.insert_full(place.name.clone(), empty).0)
    }

    fn fill(&mut self, reserved: Option<usize>, body: Body, place: &Place) -> Result<Type> {
        if let Some(index) = reserved {
            self.protocol.definitions[index].body = body;
        } else if self.protocol.definitions[&place.name].body != body {
            return Err(place.error(format!(
                "would be called `{}`, but another definition has that name and differs; \
                 name this one in sync.toml: inline.\"{}\"",
                place.name, place.path
            )));
        }
        Ok(Type::Ref(place.name.clone()))
    }
}

fn check_keywords(schema: &Map<String, Value>, place: &Place) -> Result<()> {
    let unknown = schema
        .keys()
        .find(|key| !KNOWN.contains(&key.as_str()) && !SILENT.contains(&key.as_str()));
    match unknown {
        Some(key) => Err(place.error(format!(
            "keyword `{key}` is not known; teach it to codegen/src/openapi.rs"
        ))),
        None => Ok(()),
    }
}

/// The JSON type and whether `null` is allowed beside it.
fn json_type<'a>(schema: &'a Map<String, Value>, place: &Place) -> Result<(&'a str, bool)> {
    match schema.get("type") {
        Some(Value::String(kind)) => Ok((kind, false)),
        Some(Value::Array(kinds)) => {
            let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
            match kinds.as_slice() {
                [kind, "null"] | ["null", kind] => Ok((kind, true)),
                [kind] => Ok((kind, false)),
                _ => Err(place.error("a list of several types is not known")),
            }
        }
        None if schema.contains_key("properties") => Ok(("object", false)),
        None if schema.contains_key("const") || schema.contains_key("enum") => {
            Ok(("string", false))
        }
        other => Err(place.error(format!("expected `type`, found {other:?}"))),
    }
}

/// A whole number's bounds; an `enum` of one number is a bound from both sides.
fn integer_bounds(schema: &Map<String, Value>, place: &Place) -> Result<Bounds<i64>> {
    let bound = |key: &str| match schema.get(key) {
        None => Ok(None),
        Some(value) => value
            .as_i64()
            .map(Some)
            .ok_or_else(|| place.error(format!("`{key}` of an integer is {value}"))),
    };
    match schema
        .get("enum")
        .map(|values| values.as_array().map(Vec::as_slice))
    {
        None => Ok(Bounds {
            minimum: bound("minimum")?,
            maximum: bound("maximum")?,
        }),
        Some(Some([only])) => {
            let only = only.as_i64();
            Ok(Bounds {
                minimum: only,
                maximum: only,
            })
        }
        Some(_) => Err(place.error("an `enum` of several numbers is not known")),
    }
}

fn reference_name(schema: &Value) -> Option<&str> {
    schema
        .get("$ref")?
        .as_str()?
        .strip_prefix("#/components/schemas/")
}

/// The only string a schema allows.
fn single_value(schema: &Value) -> Option<&str> {
    single_value_of(schema.as_object()?)
}

fn single_value_of(schema: &Map<String, Value>) -> Option<&str> {
    match (
        schema.get("const"),
        schema
            .get("enum")
            .and_then(Value::as_array)
            .map(Vec::as_slice),
    ) {
        (Some(only), _) | (None, Some([only])) => only.as_str(),
        _ => None,
    }
}

fn list<'v>(value: &'v Value, place: &Place) -> Result<&'v [Value]> {
    value
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| place.error("expected a list of schemas"))
}

fn strings(value: &Value, place: &Place) -> Result<Vec<String>> {
    let strings = value
        .as_array()
        .map(|values| values.iter().map(|v| v.as_str().map(str::to_owned)));
    strings
        .and_then(Iterator::collect)
        .ok_or_else(|| place.error(format!("expected a list of strings, found {value}")))
}
