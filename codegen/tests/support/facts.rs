//! Schemas taken apart into facts such as `RealtimeServerEvent response.done/response/status:
//! optional`, so that two documents can be compared that say the same thing in different ways.
//!
//! On purpose this shares nothing with the library: it is what the library is held against.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Facts, each a path and what is true there.
pub(crate) type Facts = BTreeSet<String>;

/// The definitions of a document by name.
pub(crate) struct Definitions(pub(crate) BTreeMap<String, Value>);

/// A schema with references and choices resolved.
#[derive(Default)]
struct Choice<'a> {
    null: bool,
    plain: Vec<&'a Value>,
}

impl Definitions {
    /// The facts about all events of the union `name`.
    pub(crate) fn events(&self, title: &str, name: &str, facts: &mut Facts) {
        for event in self.choice(&self.0[name]).plain {
            let tags = self.single_values(event);
            let event_type = tags.get("type").expect("an event has a type");
            self.object(&format!("{title} {event_type}"), event, facts);
        }
    }

    /// The facts about the payload `name`.
    pub(crate) fn payload(&self, title: &str, name: &str, facts: &mut Facts) {
        self.value(title, &self.0[name], facts);
    }

    fn choice<'a>(&'a self, schema: &'a Value) -> Choice<'a> {
        let mut choice = Choice::default();
        self.collect(schema, &mut choice);
        choice
    }

    fn collect<'a>(&'a self, schema: &'a Value, into: &mut Choice<'a>) {
        into.null |= schema["nullable"] == true;
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap_or_default();
            let target = self.0.get(name);
            self.collect(
                target.unwrap_or_else(|| panic!("{reference} leads nowhere")),
                into,
            );
            return;
        }
        for keyword in ["anyOf", "oneOf", "allOf"] {
            if let Some(members) = schema[keyword].as_array() {
                assert!(
                    keyword != "allOf" || members.len() == 1,
                    "no rule for {schema}"
                );
                for member in members {
                    self.collect(member, into);
                }
                return;
            }
        }
        if schema["type"] == "null" {
            into.null = true;
        } else {
            into.plain.push(schema);
        }
    }

    fn value(&self, path: &str, schema: &Value, facts: &mut Facts) {
        let choice = self.choice(schema);
        if choice.null {
            fact(facts, path, "null");
        }
        let objects = choice
            .plain
            .iter()
            .filter(|schema| kind(schema) == "object")
            .count();
        for schema in choice.plain {
            match kind(schema) {
                "object" if objects > 1 => {
                    let tags = self.single_values(schema);
                    let tags: Vec<String> = tags
                        .iter()
                        .map(|(tag, value)| format!("{tag}={value}"))
                        .collect();
                    assert!(!tags.is_empty(), "{path}: nothing tells {schema} apart");
                    let path = format!("{path}<{}>", tags.join(","));
                    fact(facts, &path, "member");
                    self.object(&path, schema, facts);
                }
                "object" => self.object(path, schema, facts),
                "array" => {
                    fact(facts, path, "list");
                    bounds(path, schema, &["minItems", "maxItems"], facts);
                    self.value(&format!("{path}[]"), &schema["items"], facts);
                }
                "string" => string(path, schema, facts),
                number => {
                    fact(facts, path, number);
                    bounds(path, schema, &["minimum", "maximum"], facts);
                }
            }
        }
    }

    fn object(&self, path: &str, schema: &Value, facts: &mut Facts) {
        let more = &schema["additionalProperties"];
        match (schema["properties"].as_object(), more.is_object()) {
            (None, true) => {
                fact(facts, path, "map");
                self.value(&format!("{path}{{}}"), more, facts);
            }
            (None, false) => fact(facts, path, "any object"),
            (Some(properties), _) => {
                fact(facts, path, "object");
                if more == false {
                    fact(facts, path, "closed");
                }
                for (name, property) in properties {
                    let path = format!("{path}/{name}");
                    let required = strings(&schema["required"]).any(|required| required == name);
                    fact(facts, &path, if required { "required" } else { "optional" });
                    self.value(&path, property, facts);
                }
            }
        }
    }

    /// The properties that can have one value only: by them the members of a union differ.
    fn single_values<'a>(&'a self, object: &'a Value) -> BTreeMap<&'a str, &'a str> {
        let properties = object["properties"].as_object().into_iter().flatten();
        let single = properties.filter_map(|(name, property)| {
            let choice = self.choice(property);
            let [only] = choice.plain.as_slice() else {
                return None;
            };
            let mut values = strings(&only["enum"]).chain(only["const"].as_str());
            match (values.next(), values.next()) {
                (Some(value), None) => Some((name.as_str(), value)),
                _ => None,
            }
        });
        single.collect()
    }
}

fn string(path: &str, schema: &Value, facts: &mut Facts) {
    let known = strings(&schema["x-known-values"]);
    let values = strings(&schema["enum"])
        .chain(schema["const"].as_str())
        .chain(known);
    let mut listed = false;
    for value in values {
        listed = true;
        fact(facts, path, &format!("value {value:?}"));
    }
    if !listed || schema["x-known-values"].is_array() {
        fact(facts, path, "any string");
    }
    bounds(path, schema, &["minLength", "maxLength", "pattern"], facts);
    // Formats that say what an id is of are ours.
    if let Some(format) = schema["format"]
        .as_str()
        .filter(|format| !format.ends_with("-id"))
    {
        fact(facts, path, &format!("format {format}"));
    }
}

fn bounds(path: &str, schema: &Value, keywords: &[&str], facts: &mut Facts) {
    for keyword in keywords {
        let bound = &schema[*keyword];
        if let Some(number) = bound.as_f64() {
            fact(facts, path, &format!("{keyword} {number}"));
        } else if let Some(text) = bound.as_str() {
            fact(facts, path, &format!("{keyword} {text}"));
        }
    }
    // A list of one number is a bound from both sides.
    if let Some([only]) = schema["enum"].as_array().map(Vec::as_slice)
        && let Some(number) = only.as_f64()
    {
        fact(facts, path, &format!("minimum {number}"));
        fact(facts, path, &format!("maximum {number}"));
    }
}

fn kind(schema: &Value) -> &str {
    match schema["type"].as_str() {
        Some(kind) => kind,
        None if schema["properties"].is_object() => "object",
        None if schema["items"].is_object() => "array",
        None => "string",
    }
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn fact(facts: &mut Facts, path: &str, what: &str) {
    facts.insert(format!("{path}: {what}"));
}
