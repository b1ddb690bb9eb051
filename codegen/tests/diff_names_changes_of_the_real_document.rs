//! Edited copies of the published document against `schema/`: each change is named where it is,
//! and nothing else is.

mod support;

use mock_realtime_codegen::{diff, load, openapi};
use serde_json::{Value, json};
use support::upstream::{document, folder, rules};

#[test]
fn the_document_itself_changes_nothing() {
    let Some(document) = document() else { return };
    assert_eq!(after(&document, |_| {}), "");
}

#[test]
fn events_that_come_and_go_are_one_line_each() {
    let Some(document) = document() else { return };
    let added = after(&document, |schemas| {
        schemas["RealtimeServerEventRoomJoined"] = json!({
            "type": "object",
            "required": ["event_id", "type", "room"],
            "properties": {
                "event_id": { "type": "string" },
                "type": { "type": "string", "enum": ["room.joined"] },
                "room": { "type": "object", "properties": { "kind": { "type": "string", "enum": ["a", "b"] } } },
            },
        });
        push(
            &mut schemas["RealtimeServerEvent"]["anyOf"],
            json!({ "$ref": "#/components/schemas/RealtimeServerEventRoomJoined" }),
        );
    });
    assert_eq!(
        added,
        "breaks receivers:\n  \
         ServerEvent: event `room.joined` added (sent by the server; RealtimeServerEventRoomJoined)\n"
    );
    let line = "ClientEvent: event `response.cancel` removed (sent by clients; RealtimeClientEventResponseCancel)";
    let removed = after(&document, |schemas| {
        let events = schemas["RealtimeClientEvent"]["anyOf"]
            .as_array_mut()
            .expect("a union");
        events.retain(|event| {
            event["$ref"] != "#/components/schemas/RealtimeClientEventResponseCancel"
        });
    });
    assert_eq!(removed, format!("breaks senders:\n  {line}\n"));
}

#[test]
fn fields_are_named_with_what_they_hold() {
    let Some(document) = document() else { return };
    let added = after(&document, |schemas| {
        schemas["RealtimeResponse"]["properties"]["mood"] =
            json!({ "type": "string", "enum": ["good", "bad"] });
    });
    assert_eq!(
        added,
        "breaks nobody:\n  \
         Response.mood: field added, optional: \"good\" | \"bad\" (sent by the server; RealtimeResponse.mood)\n"
    );
    let removed = after(&document, |schemas| {
        remove(&mut schemas["RealtimeResponse"]["properties"], "usage");
    });
    assert_eq!(
        removed,
        "breaks receivers:\n  \
         Response.usage: field removed, was optional: Usage (sent by the server; RealtimeResponse.usage)\n"
    );
}

#[test]
fn what_is_required_is_named_for_those_it_breaks() {
    let Some(document) = document() else { return };
    let required = after(&document, |schemas| {
        schemas["RealtimeClientEventResponseCancel"]["required"] = json!(["type", "response_id"]);
    });
    assert_eq!(
        required,
        "breaks senders:\n  \
         ResponseCancel.response_id: field is required now \
         (sent by clients; RealtimeClientEventResponseCancel.response_id)\n"
    );
    let optional = after(&document, |schemas| {
        schemas["RealtimeServerEventResponseCreated"]["required"] = json!(["event_id", "type"]);
    });
    assert_eq!(
        optional,
        "breaks receivers:\n  \
         ResponseCreated.response: field is no longer required \
         (sent by the server; RealtimeServerEventResponseCreated.response)\n"
    );
}

#[test]
fn types_values_and_bounds_are_named_with_both_sides() {
    let Some(document) = document() else { return };
    let line = "ResponseOutputTextDelta.content_index: type changed: integer -> string \
                (sent by the server; RealtimeServerEventResponseTextDelta.content_index)";
    let retyped = after(&document, |schemas| {
        schemas["RealtimeServerEventResponseTextDelta"]["properties"]["content_index"] =
            json!({ "type": "string" });
    });
    assert_eq!(
        retyped,
        format!("breaks senders:\n  {line}\nbreaks receivers:\n  {line}\n")
    );

    let value = after(&document, |schemas| {
        push(
            &mut schemas["RealtimeResponse"]["properties"]["status"]["enum"],
            json!("paused"),
        );
    });
    assert_eq!(
        value,
        "breaks receivers:\n  ResponseStatus: value \"paused\" added (sent by the server; RealtimeResponse.status)\n"
    );

    let bound = after(&document, |schemas| {
        schemas["RealtimeClientEventResponseCancel"]["properties"]["event_id"]["maxLength"] =
            json!(64);
    });
    assert_eq!(
        bound,
        "breaks senders:\n  ResponseCancel.event_id: maxLength changed: 512 -> 64 \
         (sent by clients; RealtimeClientEventResponseCancel.event_id)\n"
    );
}

/// Our rules give the status of all items one name; a document where they differ must not need new
/// rules before it can be looked at.
#[test]
fn one_of_several_that_share_our_name_is_named_by_its_field() {
    let Some(document) = document() else { return };
    for (published, ours) in [("System", "SystemMessage"), ("User", "UserMessage")] {
        let published = format!("RealtimeConversationItemMessage{published}");
        let changed = after(&document, |schemas| {
            push(
                &mut schemas[&published]["properties"]["status"]["enum"],
                json!("paused"),
            );
        });
        assert_eq!(
            changed,
            format!(
                "breaks receivers:\n  {ours}.status: value \"paused\" added \
                 (sent by clients and the server; {published}.status)\n"
            )
        );
    }
}

/// What the document after `edit` changes against `schema/`.
fn after(document: &Value, edit: impl FnOnce(&mut Value)) -> String {
    let mut document = document.clone();
    edit(&mut document["components"]["schemas"]);
    let rules = rules();
    let ours = load::from_folder(&folder()).expect("schema/ loads");
    let theirs =
        openapi::import_to_compare(&document, &rules).expect("the document can be imported");
    diff::text(&diff::diff(&ours, &theirs.protocol, &rules))
}

fn push(list: &mut Value, value: Value) {
    list.as_array_mut().expect("a list").push(value);
}

fn remove(object: &mut Value, key: &str) {
    object
        .as_object_mut()
        .expect("an object")
        .remove(key)
        .expect("it was there");
}
