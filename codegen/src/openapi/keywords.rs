//! Which keywords a schema may have, and what they say.

use serde_json::{Map, Value};

use super::Place;
use crate::error::Result;
use crate::model::Bounds;

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

/// Keywords that may stand in any schema.
const ANYWHERE: &[&str] = &["type", "nullable", "default"];

/// What kind of schema this is, for messages, and the keywords the import reads there.
fn construct(schema: &Map<String, Value>) -> Option<(String, &'static [&'static str])> {
    for (keyword, beside) in [
        ("$ref", &[][..]),
        ("anyOf", &["discriminator"]),
        ("oneOf", &["discriminator"]),
        ("allOf", &[]),
    ] {
        if schema.contains_key(keyword) {
            return Some((keyword.to_owned(), beside));
        }
    }
    let kind = kind_and_null(schema)?.0;
    let listed = schema.contains_key("enum") || schema.contains_key("const");
    let keywords: &[&str] = match kind {
        "string" if listed => &["enum", "const"],
        "string" => &["format", "pattern", "minLength", "maxLength"],
        "integer" if listed => &["enum", "const", "format"],
        "integer" | "number" => &["minimum", "maximum", "format"],
        "array" => &["items", "minItems", "maxItems"],
        "object" => &["properties", "required", "additionalProperties"],
        _ => &[],
    };
    Some((kind.to_owned(), keywords))
}

/// Refuses a keyword that would have no effect.
pub(super) fn check(schema: &Map<String, Value>, place: &Place) -> Result<()> {
    let Some((construct, keywords)) = construct(schema) else {
        return Ok(());
    };
    let unknown = schema.keys().find(|key| {
        let key = key.as_str();
        key != construct
            && !keywords.contains(&key)
            && !ANYWHERE.contains(&key)
            && !SILENT.contains(&key)
    });
    match unknown {
        Some(key) => Err(place.error(format!(
            "keyword `{key}` is not known in a schema of `{construct}`; \
             teach it to codegen/src/openapi/keywords.rs"
        ))),
        None => Ok(()),
    }
}

/// The JSON type and whether `null` is allowed beside it.
pub(super) fn json_type<'a>(
    schema: &'a Map<String, Value>,
    place: &Place,
) -> Result<(&'a str, bool)> {
    kind_and_null(schema).ok_or_else(|| {
        place.error(match schema.get("type") {
            Some(kinds @ Value::Array(_)) => format!("several types, {kinds}, are not known"),
            Some(other) => format!("expected `type`, found {other}"),
            None => "expected `type`, found none".to_owned(),
        })
    })
}

fn kind_and_null(schema: &Map<String, Value>) -> Option<(&str, bool)> {
    match schema.get("type") {
        Some(Value::String(kind)) => Some((kind, false)),
        Some(Value::Array(kinds)) => {
            let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
            match kinds.as_slice() {
                [kind, "null"] | ["null", kind] => Some((kind, true)),
                [kind] => Some((kind, false)),
                _ => None,
            }
        }
        None if schema.contains_key("properties") => Some(("object", false)),
        None if schema.contains_key("items") => Some(("array", false)),
        None if schema.contains_key("const") || schema.contains_key("enum") => {
            Some(("string", false))
        }
        _ => None,
    }
}

/// A whole number's bounds; a list of one number is a bound from both sides.
pub(super) fn integer_bounds(schema: &Map<String, Value>, place: &Place) -> Result<Bounds<i64>> {
    let listed = schema
        .get("enum")
        .map(|values| list(values, place))
        .transpose()?;
    let only = match (listed, schema.get("const")) {
        (None, None) => {
            return Ok(Bounds {
                minimum: read(schema, "minimum", Value::as_i64, place)?,
                maximum: read(schema, "maximum", Value::as_i64, place)?,
            });
        }
        (Some([only]), None) | (None, Some(only)) => only.as_i64(),
        _ => None,
    };
    let only = only.ok_or_else(|| place.error("a list of several numbers is not known"))?;
    Ok(Bounds {
        minimum: Some(only),
        maximum: Some(only),
    })
}

/// The value of a keyword, which has to be of the right kind where it is there.
pub(super) fn read<'a, T>(
    schema: &'a Map<String, Value>,
    keyword: &str,
    as_kind: impl Fn(&'a Value) -> Option<T>,
    place: &Place,
) -> Result<Option<T>> {
    let value = schema
        .get(keyword)
        .map(|value| as_kind(value).ok_or_else(|| place.error(format!("`{keyword}` is {value}"))));
    value.transpose()
}

pub(super) fn reference_name(schema: &Value) -> Option<&str> {
    schema
        .get("$ref")?
        .as_str()?
        .strip_prefix("#/components/schemas/")
}

/// The only string a schema allows.
pub(super) fn single_value(schema: &Value) -> Option<&str> {
    single_value_of(schema.as_object()?)
}

pub(super) fn single_value_of(schema: &Map<String, Value>) -> Option<&str> {
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

pub(super) fn list<'v>(value: &'v Value, place: &Place) -> Result<&'v [Value]> {
    value
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| place.error(format!("expected a list, found {value}")))
}

pub(super) fn strings(value: &Value, place: &Place) -> Result<Vec<String>> {
    let strings = value
        .as_array()
        .map(|values| values.iter().map(|v| v.as_str().map(str::to_owned)));
    strings
        .and_then(Iterator::collect)
        .ok_or_else(|| place.error(format!("expected a list of strings, found {value}")))
}
