//! YAML cassettes: events as mappings, or as JSON in strings, at whatever depth.

use std::io::Read;

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value};

use super::{LogEntry, LogError, entry, sender};

pub(super) fn read(mut log: impl Read, take: &mut impl FnMut(LogEntry)) -> Result<(), LogError> {
    let mut text = String::new();
    log.read_to_string(&mut text)?;
    let documents = Yaml::load_from_str(&text).map_err(|error| LogError::Malformed {
        line: error.marker().line() as u64,
        reason: format!("no YAML: {}", error.info()),
    })?;
    let mut number = 0;
    for document in &documents {
        walk(document, &mut number, take);
    }
    Ok(())
}

/// Gives each event below a node to `take`, in the order of the file.
fn walk(node: &Yaml<'_>, number: &mut u64, take: &mut impl FnMut(LogEntry)) {
    if let Some(event) = event(node) {
        *number += 1;
        entry(event, None, *number, None).map(&mut *take);
        return;
    }
    match node {
        Yaml::Sequence(nodes) => nodes.iter().for_each(|node| walk(node, number, take)),
        Yaml::Mapping(mapping) => mapping.values().for_each(|node| walk(node, number, take)),
        _ => {}
    }
}

/// The event that a node is: one whose type is known.
fn event(node: &Yaml<'_>) -> Option<Value> {
    let value = match node {
        Yaml::Mapping(_) => json(node),
        Yaml::Value(Scalar::String(text)) if text.trim_start().starts_with('{') => {
            serde_json::from_str(text).ok()?
        }
        _ => return None,
    };
    sender(value.get("type")?.as_str()?)?;
    Some(value)
}

fn json(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Sequence(nodes) => nodes.iter().map(json).collect(),
        Yaml::Mapping(mapping) => {
            let fields = mapping
                .iter()
                .filter_map(|(key, value)| Some((key.as_str()?.to_owned(), json(value))));
            Value::Object(fields.collect::<Map<String, Value>>())
        }
        Yaml::Value(scalar) => match scalar {
            Scalar::Null => Value::Null,
            Scalar::Boolean(value) => (*value).into(),
            Scalar::Integer(value) => (*value).into(),
            Scalar::FloatingPoint(value) => value.into_inner().into(),
            Scalar::String(text) => Value::String(text.to_string()),
        },
        _ => Value::Null,
    }
}
