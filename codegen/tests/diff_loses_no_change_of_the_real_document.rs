//! Each place of the published document that the protocol reaches, changed in each way that place
//! can change: the diff says something every time, and names the field where a field it is.

mod support;

use std::collections::BTreeSet;

use mock_realtime_codegen::{diff, openapi};
use serde_json::{Value, json};
use support::upstream::{document, rules};

/// One edit: at which schema, and what.
struct Mutation {
    pointer: String,
    /// The property whose schema it is, or the innermost around it.
    property: Option<String>,
    what: &'static str,
}

/// By these unions are told apart; without them, or with other values, they are other unions.
const TAGS: [&str; 2] = ["type", "role"];

const BOUNDS: [&str; 7] = [
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "pattern",
];

/// Set to try every edit, which takes two minutes, and not a share that is the same each time.
const EVERY_EDIT: &str = "EVERY_EDIT";

#[test]
fn diff_loses_no_change_of_the_real_document() {
    let share = if std::env::var_os(EVERY_EDIT).is_some() {
        1
    } else {
        32
    };
    let Some(document) = document() else { return };
    let rules = rules();
    let unions = rules.events.iter().map(|union| &union.published);
    let document = reached(
        &document,
        unions.chain(&rules.requests).chain(&rules.responses),
    );
    let import = |document: &Value| openapi::import_to_compare(document, &rules);
    let old = import(&document).expect("it can be imported").protocol;
    let (mut told, mut refused, mut lost) = (0, 0, Vec::new());
    let mutations = mutations(&document).into_iter().enumerate();
    for (_, mutation) in mutations.filter(|(number, _)| number % share == 0) {
        let mut edited = document.clone();
        apply(&mutation, &mut edited);
        // Some edits leave nothing that could be told apart, which the import says.
        let Ok(new) = import(&edited) else {
            refused += 1;
            continue;
        };
        let text = diff::text(&diff::diff(&old, &new.protocol, &rules));
        let property = mutation.property.as_deref().unwrap_or_default();
        if !text.is_empty() && text.contains(property) {
            told += 1;
        } else {
            lost.push(format!(
                "{} at {}: {text:?}",
                mutation.what, mutation.pointer
            ));
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
    assert!(
        told > 50 && refused <= told / 20,
        "{told} told, {refused} refused"
    );
}

/// The document without what the protocol does not reach: the edits are many.
fn reached<'a>(document: &Value, roots: impl Iterator<Item = &'a String>) -> Value {
    let schemas = &document["components"]["schemas"];
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut open: Vec<String> = roots.cloned().collect();
    while let Some(name) = open.pop() {
        references(&schemas[&name], &mut open);
        names.insert(name);
        open.retain(|name| !names.contains(name));
    }
    let schemas: Value = names
        .into_iter()
        .map(|name| (name.clone(), schemas[name].clone()))
        .collect();
    json!({ "info": document["info"], "components": { "schemas": schemas } })
}

fn references(schema: &Value, into: &mut Vec<String>) {
    match schema {
        Value::Object(object) => {
            if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                into.extend(reference.rsplit('/').next().map(str::to_owned));
            }
            object.values().for_each(|value| references(value, into));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, into)),
        _ => {}
    }
}

fn mutations(document: &Value) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    let schemas = document["components"]["schemas"]
        .as_object()
        .expect("schemas");
    for (name, schema) in schemas {
        walk(
            &format!("/components/schemas/{name}"),
            None,
            schema,
            &mut mutations,
        );
    }
    mutations
}

fn walk(pointer: &str, property: Option<&str>, schema: &Value, into: &mut Vec<Mutation>) {
    if !schema.is_object() {
        return;
    }
    let mut whats = Vec::new();
    if schema["enum"]
        .as_array()
        .is_some_and(|values| values.len() > 2)
    {
        whats.extend(["value removed", "value added"]);
    }
    whats.extend(BOUNDS.iter().filter(|bound| !schema[**bound].is_null()));
    let is_property = pointer.rsplit('/').nth(1) == Some("properties");
    if is_property && property.is_some_and(|name| !TAGS.contains(&name)) {
        whats.extend(["removed", "required", "type"]);
        if schema["type"].is_string() {
            whats.push("null");
        }
    }
    into.extend(whats.into_iter().map(|what| Mutation {
        pointer: pointer.to_owned(),
        property: property.map(str::to_owned),
        what,
    }));
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        walk(
            &format!("{pointer}/properties/{name}"),
            Some(name),
            inner,
            into,
        );
    }
    for keyword in ["items", "additionalProperties"] {
        walk(
            &format!("{pointer}/{keyword}"),
            property,
            &schema[keyword],
            into,
        );
    }
    for keyword in ["anyOf", "oneOf", "allOf"] {
        for (index, inner) in schema[keyword].as_array().into_iter().flatten().enumerate() {
            walk(
                &format!("{pointer}/{keyword}/{index}"),
                property,
                inner,
                into,
            );
        }
    }
}

fn apply(mutation: &Mutation, document: &mut Value) {
    let name = json!(mutation.property);
    let (properties, key) = mutation.pointer.rsplit_once('/').expect("a pointer");
    let parent = properties.strip_suffix("/properties").unwrap_or(properties);
    let parent = document.pointer_mut(parent).expect("it is there");
    match mutation.what {
        "removed" => {
            parent["properties"]
                .as_object_mut()
                .expect("has some")
                .remove(key);
            if let Some(required) = parent.get_mut("required").and_then(Value::as_array_mut) {
                required.retain(|required| *required != name);
            }
        }
        "required" => {
            let mut required = parent["required"].as_array().cloned().unwrap_or_default();
            let before = required.len();
            required.retain(|required| *required != name);
            if required.len() == before {
                required.push(name);
            }
            parent["required"] = json!(required);
        }
        what => {
            let schema = document
                .pointer_mut(&mutation.pointer)
                .expect("it is there");
            change(what, schema);
        }
    }
}

fn change(what: &str, schema: &mut Value) {
    match what {
        "type" if schema["type"] == "boolean" => *schema = json!({ "type": "string" }),
        "type" => *schema = json!({ "type": "boolean" }),
        "null" => *schema = json!({ "anyOf": [schema.take(), { "type": "null" }] }),
        "value removed" => drop(schema["enum"].as_array_mut().expect("a list").pop()),
        "value added" => schema["enum"]
            .as_array_mut()
            .expect("a list")
            .push(json!("another")),
        "pattern" => schema["pattern"] = json!("^another$"),
        bound if schema["type"] == "number" => schema[bound] = json!(0.125),
        bound => schema[bound] = json!(7),
    }
}
