//! From a published `OpenAPI` document to the [`Protocol`].
//!
//! The document says the same thing in many ways and some things twice. This pass brings each
//! construct into the one form the model has for it, and refuses what it does not know: a keyword
//! that is skipped today is a wrong type tomorrow.

mod keywords;
mod roots;
mod settle;
mod union;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use heck::ToUpperCamelCase;
use serde_json::{Map, Value};

use keywords::{check, integer_bounds, json_type, list, read, single_value_of, strings};

use crate::error::{Error, Result};
use crate::model::{Array, Body, Bounds, Definition, Enum, Field, Object, Protocol, Text, Type};
use crate::rules::Rules;

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
    run(document, rules, Purpose::Keep)
}

/// Imports `document` to be compared with what is there already.
///
/// Where [`import`] needs a person to add a rule, because what `rules` give one name is no longer
/// the same everywhere or because something they name is gone, this one goes on: the odd one out
/// gets a name with a number. All else is as there.
pub fn import_to_compare(document: &Value, rules: &Rules) -> Result<Imported> {
    run(document, rules, Purpose::Compare)
}

/// What an import is for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Purpose {
    /// To become the schema: what the rules do not settle is an error.
    Keep,
    /// To be compared with the schema.
    Compare,
}

fn run(document: &Value, rules: &Rules, purpose: Purpose) -> Result<Imported> {
    let schemas = document
        .pointer("/components/schemas")
        .and_then(Value::as_object)
        .ok_or_else(|| {
            Error::new(
                "components.schemas",
                "not an OpenAPI document: no such object",
            )
        })?;
    let schemas = &*roots::with_gathered_unions(schemas, rules);
    let version = document
        .pointer("/info/version")
        .and_then(Value::as_str)
        .ok_or_else(|| Error::new("info.version", "expected a string"))?
        .to_owned();
    let mut import = Import {
        schemas,
        rules,
        purpose,
        used: RefCell::default(),
        named: HashMap::new(),
        open: BTreeSet::new(),
        events: HashMap::new(),
        protocol: Protocol::default(),
    };
    import.roots()?;
    let mut unused_rules = import.unused_rules();
    let mut protocol = import.protocol;
    unused_rules.extend(settle::settle(&mut protocol, rules, purpose)?);
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
    default: Option<Value>,
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
    purpose: Purpose,
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
    fn schema(&self, published: &str, from: &str) -> Result<&'a Map<String, Value>> {
        self.schemas
            .get(published)
            .and_then(Value::as_object)
            .ok_or_else(|| Error::new(from, format!("no definition `{published}` in the document")))
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
        check(schema, place)?;
        let nullable = read(schema, "nullable", Value::as_bool, place)?.unwrap_or(false);
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
        if let Some(default) = schema.get("default") {
            found.default = Some(default.clone()).filter(|default| !default.is_null());
        }
        Ok(found)
    }

    /// A schema without a reference and without a choice.
    fn plain(&mut self, schema: &'a Map<String, Value>, place: &Place) -> Result<Use> {
        let (kind, nullable) = json_type(schema, place)?;
        let ty = match kind {
            "string" => self.string(schema, place)?,
            "integer" => Type::Integer(integer_bounds(schema, place)?),
            "number" => Type::Number(Bounds {
                minimum: read(schema, "minimum", Value::as_f64, place)?,
                maximum: read(schema, "maximum", Value::as_f64, place)?,
            }),
            "boolean" => Type::Boolean,
            "array" => self.array(schema, place)?,
            "object" => self.object(schema, place)?,
            other => return Err(place.error(format!("type `{other}` is not known"))),
        };
        Ok(Use {
            ty,
            nullable,
            default: None,
        })
    }

    fn string(&mut self, schema: &Map<String, Value>, place: &Place) -> Result<Type> {
        read(schema, "const", Value::as_str, place)?;
        // What the document names stays a definition, so that a second value is no new type.
        if let Some(only) = single_value_of(schema)
            && place.upstream.is_none()
        {
            return Ok(Type::Const(only.to_owned()));
        }
        if schema.contains_key("enum") || schema.contains_key("const") {
            let values = match single_value_of(schema) {
                Some(only) => vec![only.to_owned()],
                None => strings(&schema["enum"], place)?,
            };
            return self.hoist(
                Body::Enum(Enum {
                    values,
                    open: false,
                }),
                place,
            );
        }
        Ok(Type::Text(Text {
            format: read(schema, "format", Value::as_str, place)?.map(str::to_owned),
            min_length: read(schema, "minLength", Value::as_u64, place)?,
            max_length: read(schema, "maxLength", Value::as_u64, place)?,
            pattern: read(schema, "pattern", Value::as_str, place)?.map(str::to_owned),
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
            min_items: read(schema, "minItems", Value::as_u64, place)?,
            max_items: read(schema, "maxItems", Value::as_u64, place)?,
        }))
    }

    fn object(&mut self, schema: &'a Map<String, Value>, place: &Place) -> Result<Type> {
        let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return match schema.get("additionalProperties") {
                Some(Value::Object(values)) => {
                    let inner = self.below(place, "{}", "additionalProperties");
                    let values = self.value(values, &inner)?;
                    if values.nullable {
                        return Err(inner.error("a map to things that may be null is not known"));
                    }
                    Ok(Type::Map(Box::new(values.ty)))
                }
                None | Some(Value::Bool(true)) if schema.contains_key("required") => {
                    Err(place.error("`required` without `properties` is not known"))
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
                default: found.default,
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
            return Ok(Type::Ref(place.name.clone()));
        }
        let definition = Definition {
            family: place.family.clone(),
            description: None,
            upstream: place.upstream.clone(),
            body,
        };
        match insert(&mut self.protocol, &place.name, definition, self.purpose) {
            Some(name) => Ok(Type::Ref(name)),
            None => Err(place.error(format!(
                "would be called `{}`, but another definition has that name and differs; \
                 name this one in sync.toml: {}",
                place.name,
                match &place.upstream {
                    Some(upstream) => format!("names.{upstream}"),
                    None => format!("inline.\"{}\"", place.path),
                }
            ))),
        }
    }
}

/// Puts a definition under `name`, where an equal one may be already; says under which name it is.
/// Where another has that name: `None`, or to compare the first free name with a number.
fn insert(
    protocol: &mut Protocol,
    name: &str,
    definition: Definition,
    purpose: Purpose,
) -> Option<String> {
    let numbered = (2..).map(|number| format!("{name}{number}"));
    for name in std::iter::once(name.to_owned()).chain(numbered) {
        match protocol.definitions.get(&name) {
            None => {
                protocol.definitions.insert(name.clone(), definition);
                return Some(name);
            }
            Some(known) if known.body == definition.body => return Some(name),
            Some(_) if purpose == Purpose::Keep => return None,
            Some(_) => {}
        }
    }
    None
}
