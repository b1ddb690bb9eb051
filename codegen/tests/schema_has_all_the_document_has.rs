//! Every event, field, value and bound of the published document is in `schema/`, and no more.

mod support;

use std::collections::BTreeMap;

use mock_realtime_codegen::rules::Rules;
use serde_json::{Value, json};
use support::facts::{Definitions, Facts};
use support::upstream::{document, folder_of};

/// Where we differ on purpose.
struct Reasoned {
    /// How the path ends.
    place: &'static str,
    document: &'static str,
    ours: &'static str,
    why: &'static str,
}

const GA: &str = "openai-realtime";

const BETA: &str = "openai-realtime-beta";

const REASONED: &[Reasoned] = &[
    tag_left_optional("<type=audio/pcm>/type"),
    tag_left_optional("<type=audio/pcma>/type"),
    tag_left_optional("<type=audio/pcmu>/type"),
    tag_left_optional("<type=function>/type"),
];

const fn tag_left_optional(place: &'static str) -> Reasoned {
    Reasoned {
        place,
        document: "optional",
        ours: "required",
        why: "without this tag nothing says which member of the union it is",
    }
}

#[test]
fn schema_has_all_the_document_has() {
    let Some(document) = document() else { return };
    let (document, ours) = (
        facts_of_document(&document, GA),
        facts_of_ours(&ours(GA), GA),
    );
    let (document, ours) = without_reasoned(document, ours);
    let differences = differences(&document, &ours);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn schema_has_all_the_document_has_of_the_beta() {
    let Some(document) = document() else { return };
    let (document, ours) = (
        facts_of_document(&document, BETA),
        facts_of_ours(&ours(BETA), BETA),
    );
    let differences = differences(&document, &ours);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn what_is_missing_or_different_is_noticed() {
    let whole = facts_of_ours(&ours(GA), GA);
    let after = |name: &str, edit: &dyn Fn(&mut Value)| {
        let mut ours = ours(GA);
        edit(ours.get_mut(name).expect("is ours"));
        differences(&whole, &facts_of_ours(&ours, GA))
    };
    let cancel = "RealtimeClientEvent response.cancel";
    let expiry = "RealtimeCreateClientSecretRequest/expires_after/seconds";

    assert_eq!(after("ResponseCancel", &|_| {}), [""; 0]);
    assert_eq!(
        after("ResponseCancel", &|schema| {
            schema["properties"]
                .as_object_mut()
                .expect("has some")
                .remove("response_id");
        }),
        [
            format!("only in the document: {cancel}/response_id: any string"),
            format!("only in the document: {cancel}/response_id: optional"),
        ]
    );
    assert_eq!(
        after("ResponseCancel", &|schema| schema["required"] =
            json!(["type", "response_id"])),
        [
            format!("only in the document: {cancel}/response_id: optional"),
            format!("only in schema/: {cancel}/response_id: required"),
        ]
    );
    assert_eq!(
        after("ResponseCancel", &|schema| schema["additionalProperties"] =
            json!(false)),
        [format!("only in schema/: {cancel}: closed")]
    );
    assert_eq!(
        after("ResponseCancel", &|schema| {
            schema["properties"]["response_id"] =
                json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] });
        }),
        [format!("only in schema/: {cancel}/response_id: null")]
    );
    assert_eq!(
        after("ClientSecretAnchor", &|schema| schema["enum"] = json!([])).first(),
        Some(&"only in the document: RealtimeCreateClientSecretRequest/expires_after/anchor: value \"created_at\"".to_owned())
    );
    assert!(
        after(
            "ClientSecretExpiry",
            &|schema| schema["properties"]["seconds"]["maximum"] = json!(7201)
        )
        .contains(&format!("only in the document: {expiry}: maximum 7200"))
    );
    assert!(
        after("ServerEvent", &|schema| {
            schema["oneOf"].as_array_mut().expect("has members").pop();
        })
        .iter()
        .any(|difference| difference.ends_with("/event_id: required"))
    );
}

/// Takes out the differences that have a reason; a reason for nothing is a mistake.
fn without_reasoned(mut document: Facts, mut ours: Facts) -> (Facts, Facts) {
    for reasoned in REASONED {
        let Reasoned { place, why, .. } = reasoned;
        let said = format!("{place}: {}", reasoned.document);
        let different: Vec<String> = document
            .difference(&ours)
            .filter_map(|fact| fact.strip_suffix(&said).map(str::to_owned))
            .collect();
        assert!(
            !different.is_empty(),
            "{place} is as in the document, so needs no reason: {why}"
        );
        for start in different {
            document.remove(&format!("{start}{said}"));
            ours.remove(&format!("{start}{place}: {}", reasoned.ours));
        }
    }
    (document, ours)
}

/// What only one of the two says.
fn differences(document: &Facts, ours: &Facts) -> Vec<String> {
    let missing = document
        .difference(ours)
        .map(|fact| format!("only in the document: {fact}"));
    let more = ours
        .difference(document)
        .map(|fact| format!("only in schema/: {fact}"));
    missing.chain(more).collect()
}

fn facts_of_document(document: &Value, protocol: &str) -> Facts {
    let schemas = document["components"]["schemas"]
        .as_object()
        .expect("an OpenAPI document");
    let definitions = schemas
        .iter()
        .map(|(name, schema)| (name.clone(), schema.clone()));
    let mut definitions: BTreeMap<String, Value> = definitions.collect();
    let rules = Rules::read(&folder_of(protocol)).expect("the rules can be read");
    // The unions that the document does not have.
    for union in &rules.events {
        if let Some(beginning) = union.published.strip_suffix('*') {
            let gathered = schemas
                .keys()
                .filter(|name| name.starts_with(beginning) || union.also.contains(name))
                .map(|name| json!({ "$ref": format!("#/components/schemas/{name}") }));
            let union_of_all = json!({ "anyOf": gathered.collect::<Vec<_>>() });
            definitions.insert(union.published.clone(), union_of_all);
        }
    }
    facts(&Definitions(definitions), protocol, |published| {
        published.to_owned()
    })
}

fn facts_of_ours(ours: &BTreeMap<String, Value>, protocol: &str) -> Facts {
    let ours_for = |published: &str| {
        let found = ours
            .iter()
            .find(|(_, schema)| schema["x-upstream"] == published);
        let (name, _) = found.unwrap_or_else(|| panic!("{published} is not in schema/"));
        name.clone()
    };
    facts(&Definitions(ours.clone()), protocol, ours_for)
}

fn facts(definitions: &Definitions, protocol: &str, name: impl Fn(&str) -> String) -> Facts {
    let rules = Rules::read(&folder_of(protocol)).expect("the rules can be read");
    let mut facts = Facts::new();
    for union in &rules.events {
        definitions.events(&union.published, &name(&union.published), &mut facts);
    }
    for payload in rules.requests.iter().chain(&rules.responses) {
        definitions.payload(payload, &name(payload), &mut facts);
    }
    facts
}

/// The definitions of all our files of a protocol.
fn ours(protocol: &str) -> BTreeMap<String, Value> {
    let mut ours = BTreeMap::new();
    for entry in std::fs::read_dir(folder_of(protocol)).expect("schema/ is there") {
        let file = entry.expect("schema/ can be listed").path();
        if file
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let text = std::fs::read_to_string(&file).expect("a schema file can be read");
            let document: Value = serde_json::from_str(&text).expect("a schema file is JSON");
            let definitions = document["$defs"]
                .as_object()
                .expect("a schema file has definitions");
            ours.extend(definitions.clone());
        }
    }
    ours
}
