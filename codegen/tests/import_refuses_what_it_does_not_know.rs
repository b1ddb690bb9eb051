//! What the import cannot turn into the schema is an error that says where, never skipped.

use mock_realtime_codegen::openapi;
use mock_realtime_codegen::rules::Rules;
use serde_json::{Value, json};

#[test]
fn an_unknown_keyword_is_refused() {
    let error = import_with(
        &json!({ "type": "array", "items": { "type": "string" }, "uniqueItems": true }),
    );
    assert_eq!(error.place(), "Ping.properties.field");
    assert!(
        error
            .message()
            .starts_with("keyword `uniqueItems` is not known in a schema of `array`"),
        "{error}"
    );
}

#[test]
fn a_keyword_without_effect_is_refused() {
    for (schema, keyword) in [
        (json!({ "type": "integer", "minLength": 1 }), "minLength"),
        (json!({ "type": "number", "enum": [1, 2] }), "enum"),
        (json!({ "type": "boolean", "const": true }), "const"),
        (
            json!({ "type": "string", "enum": ["a", "b"], "maxLength": 1 }),
            "maxLength",
        ),
        (
            json!({ "$ref": "#/components/schemas/Thing", "properties": {} }),
            "properties",
        ),
        (
            json!({ "anyOf": [{ "type": "string" }], "minLength": 1 }),
            "minLength",
        ),
    ] {
        let error = import_with(&schema);
        assert_eq!(error.place(), "Ping.properties.field");
        assert!(
            error
                .message()
                .starts_with(&format!("keyword `{keyword}` is not known")),
            "{error}"
        );
    }
}

#[test]
fn an_unknown_type_is_refused() {
    let error = import_with(&json!({ "type": "tuple" }));
    assert_eq!(
        error.to_string(),
        "Ping.properties.field: type `tuple` is not known"
    );
    let error = import_with(&json!({ "type": ["string", "integer"] }));
    assert_eq!(
        error.to_string(),
        r#"Ping.properties.field: several types, ["string","integer"], are not known"#
    );
}

#[test]
fn a_bound_that_is_no_number_is_refused() {
    let error = import_with(&json!({ "type": "string", "maxLength": "many" }));
    assert_eq!(
        error.to_string(),
        r#"Ping.properties.field: `maxLength` is "many""#
    );
}

#[test]
fn a_union_whose_members_cannot_be_told_apart_is_refused() {
    let error = import_with(&json!({ "oneOf": [
        { "type": "object", "properties": { "a": { "type": "string" } } },
        { "type": "object", "properties": { "b": { "type": "string" } } },
    ]}));
    assert_eq!(error.place(), "Ping.properties.field");
    assert_eq!(
        error.message(),
        "a choice between 2 objects, but only 0 have a single value for `type`"
    );
    let member = || json!({ "type": "object", "properties": { "type": { "const": "same" } } });
    let error = import_with(&json!({ "oneOf": [member(), member()] }));
    assert_eq!(error.place(), "Ping.properties.field[same]");
    assert!(
        error
            .message()
            .contains("no second property tells them apart"),
        "{error}"
    );
}

#[test]
fn a_null_that_would_be_lost_is_refused() {
    let nullable = || json!({ "type": ["string", "null"] });
    for (schema, place) in [
        (
            json!({ "type": "array", "items": nullable() }),
            "Ping.properties.field.items",
        ),
        (
            json!({ "type": "object", "additionalProperties": nullable() }),
            "Ping.properties.field.additionalProperties",
        ),
        (
            json!({ "anyOf": [{ "$ref": "#/components/schemas/Nothing" }, { "type": "integer" }] }),
            "Ping.properties.field[Nothing]",
        ),
    ] {
        let error = import_with(&schema);
        assert_eq!(error.place(), place);
        assert!(error.message().contains("may"), "{error}");
    }
}

#[test]
fn two_things_of_one_name_are_refused() {
    let error = import_with_rules(
        &json!({ "type": "object", "properties": {
            "one": { "type": "string", "enum": ["a", "b"] },
            "two": { "type": "string", "enum": ["a", "c"] },
        }}),
        &[("PingField.one", "Letter"), ("PingField.two", "Letter")],
    );
    assert_eq!(error.place(), "Ping.properties.field.properties.two");
    assert_eq!(
        error.message(),
        "would be called `Letter`, but another definition has that name and differs; \
         name this one in sync.toml: inline.\"PingField.two\""
    );
}

#[test]
fn a_reference_to_nothing_is_refused() {
    let error = import_with(&json!({ "$ref": "#/components/schemas/Missing" }));
    assert_eq!(
        error.to_string(),
        "Ping.properties.field: no definition `Missing` in the document"
    );
    let error = import_with(&json!({ "$ref": "other.json#/Thing" }));
    assert_eq!(
        error.to_string(),
        "Ping.properties.field: cannot follow `$ref` \"other.json#/Thing\""
    );
}

#[test]
fn a_definition_inside_itself_is_refused() {
    let error = import_with(&json!({ "$ref": "#/components/schemas/Ping" }));
    assert_eq!(
        error.to_string(),
        "Ping: a definition that contains itself is not known"
    );
}

#[test]
fn what_is_no_document_is_refused() {
    let error =
        openapi::import(&json!({ "swagger": "2.0" }), &rules(&[])).expect_err("no document");
    assert_eq!(error.place(), "components.schemas");
}

/// What the import says to a document whose only event has a field of this schema.
fn import_with(field: &Value) -> mock_realtime_codegen::Error {
    import_with_rules(field, &[])
}

fn import_with_rules(field: &Value, inline: &[(&str, &str)]) -> mock_realtime_codegen::Error {
    let document = json!({
        "info": { "version": "1" },
        "components": { "schemas": {
            "ServerEvent": { "anyOf": [{ "$ref": "#/components/schemas/Ping" }] },
            "Ping": {
                "type": "object",
                "properties": { "type": { "type": "string", "const": "ping" }, "field": field },
            },
            "Thing": { "type": "object", "properties": {} },
            "Nothing": { "type": "string", "nullable": true },
        }},
    });
    openapi::import(&document, &rules(inline)).expect_err("should be refused")
}

fn rules(inline: &[(&str, &str)]) -> Rules {
    let event = json!({ "published": "ServerEvent", "name": "ServerEvent", "direction": "server" });
    let inline = inline
        .iter()
        .map(|(path, name)| ((*path).to_owned(), json!(name)));
    let inline: serde_json::Map<String, Value> = inline.collect();
    serde_json::from_value(json!({ "events": [event], "inline": inline })).expect("these are rules")
}
