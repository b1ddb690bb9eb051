//! One edit of a small document for each kind of change: the line, and whom it breaks.

mod support;

use mock_realtime_codegen::diff::{self, Breaks, Change, SentBy};
use mock_realtime_codegen::openapi;
use serde_json::{Value, json};
use support::tea_house::{document, edited, push, remove, rules};

const SENDERS: &[Breaks] = &[Breaks::Senders];
const RECEIVERS: &[Breaks] = &[Breaks::Receivers];
const BOTH: &[Breaks] = &[Breaks::Senders, Breaks::Receivers];
const NOBODY: &[Breaks] = &[Breaks::Nobody];

#[test]
fn a_protocol_does_not_differ_from_itself() {
    assert_eq!(changes(|_| {}), []);
    assert_eq!(diff::text(&[]), "");
}

#[test]
fn what_says_nothing_about_structure_is_no_change() {
    let changes = changes(|schemas| {
        schemas["TeaTray"]["description"] = json!("Carried by a waiter.");
        schemas["TeaKind"]["enum"] = json!(["green", "black"]);
        schemas["TeaServerEvent"]["anyOf"]
            .as_array_mut()
            .expect("a union")
            .reverse();
        schemas["TeaError"]["properties"]["code"]["anyOf"]
            .as_array_mut()
            .expect("a choice")
            .reverse();
    });
    assert_eq!(changes, []);
}

#[test]
fn events() {
    only(
        |schemas| {
            schemas["TeaSpilled"] = event("spilled");
            push(
                &mut schemas["TeaServerEvent"]["anyOf"],
                reference("TeaSpilled"),
            );
        },
        "ServerEvent: event `spilled` added (sent by the server; TeaSpilled)",
        RECEIVERS,
    );
    only(
        |schemas| {
            schemas["TeaPay"] = event("pay");
            push(&mut schemas["TeaClientEvent"]["anyOf"], reference("TeaPay"));
        },
        "ClientEvent: event `pay` added (sent by clients; TeaPay)",
        RECEIVERS,
    );
    only(
        |schemas| drop_last(&mut schemas["TeaClientEvent"]["anyOf"]),
        "ClientEvent: event `order.cancel` removed (sent by clients; TeaOrderCancel)",
        SENDERS,
    );
    only(
        |schemas| drop_last(&mut schemas["TeaServerEvent"]["anyOf"]),
        "ServerEvent: event `error` removed (sent by the server; TeaError)",
        BOTH,
    );
}

#[test]
fn an_event_with_a_type_of_its_own_is_two_lines() {
    let changes = changes(|schemas| {
        schemas["TeaSpilled"] = event("spilled");
        schemas["TeaSpilled"]["properties"]["where"] = reference("TeaPlace");
        schemas["TeaPlace"] = json!({ "type": "string", "enum": ["table", "floor"] });
        push(
            &mut schemas["TeaServerEvent"]["anyOf"],
            reference("TeaSpilled"),
        );
    });
    assert_eq!(
        diff::text(&changes),
        "breaks receivers:\n  \
           ServerEvent: event `spilled` added (sent by the server; TeaSpilled)\n\
         breaks nobody:\n  \
           Place: type added: \"table\" | \"floor\" (sent by the server; TeaPlace)\n"
    );
}

#[test]
fn types() {
    only(
        |schemas| remove(schemas, "TeaTableRequest"),
        "TableRequest: type removed (sent by clients; TeaTableRequest)",
        BOTH,
    );
    let replaced = changes(|schemas| {
        schemas["TeaSort"] = json!({ "type": "string", "enum": ["black", "green", "white"] });
        schemas["TeaTray"]["properties"]["kind"] = reference("TeaSort");
    });
    assert_eq!(
        diff::text(&replaced),
        "breaks receivers:\n  \
           Tray.kind: type changed: Kind -> Sort (sent by the server; TeaTray.kind)\n\
         breaks nobody:\n  \
           Sort: type added: \"black\" | \"green\" | \"white\" (sent by the server; TeaSort)\n"
    );
    let renamed = changes(|schemas| {
        schemas["Kind"] = schemas["TeaKind"].take();
        schemas["TeaTray"]["properties"]["kind"] = reference("Kind");
        schemas["TeaOrderPlace"]["properties"]["kind"] = reference("Kind");
    });
    assert_eq!(
        lines(&renamed),
        ["Kind: published name changed: TeaKind -> Kind (sent by clients and the server)"]
    );
}

#[test]
fn fields_added() {
    let number = json!({ "type": "integer" });
    only(
        |schemas| schemas["TeaServed"]["properties"]["table"] = number.clone(),
        "Served.table: field added, optional: integer (sent by the server; TeaServed.table)",
        NOBODY,
    );
    only(
        |schemas| {
            schemas["TeaServed"]["properties"]["mood"] = json!({ "type": "object", "properties": { "is": { "type": "string", "enum": ["good"] } } });
        },
        "Served.mood: field added, optional: { is?: \"good\", .. } (sent by the server; TeaServed.mood)",
        NOBODY,
    );
    only(
        |schemas| {
            schemas["TeaOrderPlace"]["properties"]["table"] = number.clone();
            push(&mut schemas["TeaOrderPlace"]["required"], json!("table"));
        },
        "OrderPlace.table: field added, required: integer (sent by clients; TeaOrderPlace.table)",
        SENDERS,
    );
    // The tray was closed: whoever checks it refuses the new field.
    only(
        |schemas| schemas["TeaTray"]["properties"]["table"] = number.clone(),
        "Tray.table: field added, optional: integer (sent by the server; TeaTray.table)",
        RECEIVERS,
    );
}

#[test]
fn fields_removed() {
    only(
        |schemas| remove(&mut schemas["TeaError"]["properties"], "link"),
        "Error.link: field removed, was optional: uri (sent by the server; TeaError.link)",
        RECEIVERS,
    );
    // Who only clients send to is strict.
    only(
        |schemas| remove(&mut schemas["TeaOrderPlace"]["properties"], "size"),
        "OrderPlace.size: field removed, was optional: Size (sent by clients; TeaOrderPlace.size)",
        SENDERS,
    );
    only(
        |schemas| {
            remove(&mut schemas["TeaTray"]["properties"], "cups");
            schemas["TeaTray"]["required"] = json!(["kind"]);
        },
        "Tray.cups: field removed, was required: integer (sent by the server; TeaTray.cups)",
        BOTH,
    );
}

#[test]
fn required_and_null() {
    only(
        |schemas| push(&mut schemas["TeaOrderCancel"]["required"], json!("reason")),
        "OrderCancel.reason: field is required now (sent by clients; TeaOrderCancel.reason)",
        SENDERS,
    );
    only(
        |schemas| schemas["TeaServed"]["required"] = json!(["type"]),
        "Served.tray: field is no longer required (sent by the server; TeaServed.tray)",
        RECEIVERS,
    );
    only(
        |schemas| schemas["TeaTray"]["properties"]["cups"]["type"] = json!(["integer", "null"]),
        "Tray.cups: may be null now (sent by the server; TeaTray.cups)",
        RECEIVERS,
    );
    only(
        |schemas| schemas["TeaTray"]["properties"]["waiter"] = json!({ "type": "string" }),
        "Tray.waiter: may no longer be null (sent by the server; TeaTray.waiter)",
        SENDERS,
    );
}

#[test]
fn types_of_fields() {
    let reason = |schema: Value| {
        move |schemas: &mut Value| schemas["TeaOrderCancel"]["properties"]["reason"] = schema
    };
    let line = |to: &str| {
        format!(
            "OrderCancel.reason: type changed: string -> {to} (sent by clients; TeaOrderCancel.reason)"
        )
    };
    only(reason(json!({ "type": "boolean" })), &line("boolean"), BOTH);
    only(
        reason(json!({ "type": "string", "enum": ["late", "cold"] })),
        &line("\"late\" | \"cold\""),
        SENDERS,
    );
    only(
        reason(json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }] })),
        &line("string | integer"),
        RECEIVERS,
    );
    only(
        |schemas| schemas["TeaTray"]["properties"]["cups"] = json!({ "type": "number" }),
        "Tray.cups: type changed: integer -> number (sent by the server; TeaTray.cups)",
        RECEIVERS,
    );
}

#[test]
fn values_of_lists() {
    only(
        |schemas| push(&mut schemas["TeaKind"]["enum"], json!("white")),
        "Kind: value \"white\" added (sent by clients and the server; TeaKind)",
        RECEIVERS,
    );
    only(
        |schemas| schemas["TeaKind"]["enum"] = json!(["black"]),
        "Kind: value \"green\" removed (sent by clients and the server; TeaKind)",
        SENDERS,
    );
    let code = |schema: Value| {
        move |schemas: &mut Value| schemas["TeaError"]["properties"]["code"] = schema
    };
    only(
        code(
            json!({ "anyOf": [{ "type": "string" }, { "enum": ["no_water", "no_tea"], "type": "string" }] }),
        ),
        "ErrorCode: value \"no_tea\" added (sent by the server; TeaError.code)",
        NOBODY,
    );
    only(
        code(json!({ "type": "string", "enum": ["no_water"] })),
        "ErrorCode: only the listed values are allowed now (sent by the server; TeaError.code)",
        SENDERS,
    );
    only(
        |schemas| {
            let kind = schemas["TeaKind"].take();
            schemas["TeaKind"] = json!({ "anyOf": [kind, { "type": "string" }] });
        },
        "Kind: any other string is allowed now (sent by clients and the server; TeaKind)",
        RECEIVERS,
    );
}

/// Our rules give both sizes one name; here only one of them changes.
#[test]
fn one_of_two_that_share_our_name() {
    for (published, ours, sent_by) in [
        ("TeaTray", "Tray", "the server"),
        ("TeaOrderPlace", "OrderPlace", "clients"),
    ] {
        only(
            |schemas| {
                push(
                    &mut schemas[published]["properties"]["size"]["enum"],
                    json!("huge"),
                );
            },
            &format!("{ours}.size: value \"huge\" added (sent by {sent_by}; {published}.size)"),
            RECEIVERS,
        );
    }
}

#[test]
fn members_of_unions() {
    let extras = "/TeaOrderPlace/properties/extras/items/oneOf";
    only(
        |schemas| {
            let honey = json!({ "type": "object", "properties": { "type": { "const": "honey" } }, "required": ["type"] });
            push(schemas.pointer_mut(extras).expect("the extras"), honey);
        },
        "Extra: member `honey` ({ type: \"honey\", .. }) added (sent by clients; TeaOrderPlace.extras[])",
        RECEIVERS,
    );
    only(
        |schemas| drop_last(schemas.pointer_mut(extras).expect("the extras")),
        "Extra: member `lemon` (ExtraLemon) removed (sent by clients; TeaOrderPlace.extras[])",
        SENDERS,
    );
    let wait = |members: Value| {
        move |schemas: &mut Value| schemas["TeaError"]["properties"]["wait"]["anyOf"] = members
    };
    only(
        wait(json!([{ "type": "integer" }, { "type": "string", "enum": ["forever", "briefly"] }])),
        "ErrorWait: value \"briefly\" added (sent by the server; TeaError.wait)",
        RECEIVERS,
    );
    only(
        wait(
            json!([{ "type": "integer" }, { "type": "boolean" }, { "type": "string", "enum": ["forever"] }]),
        ),
        "ErrorWait: member boolean added (sent by the server; TeaError.wait)",
        RECEIVERS,
    );
    only(
        wait(
            json!([{ "type": "integer", "minimum": 1 }, { "type": "string", "enum": ["forever"] }]),
        ),
        "ErrorWait[integer]: minimum added: 1 (sent by the server; TeaError.wait[integer])",
        SENDERS,
    );
}

#[test]
fn bounds() {
    let order = |pointer: &'static str, keyword: &'static str, bound: Value| {
        move |schemas: &mut Value| {
            let field = format!("/TeaOrderPlace/properties/{pointer}");
            schemas.pointer_mut(&field).expect("a field")[keyword] = bound;
        }
    };
    for (pointer, keyword, bound, what, breaks) in [
        (
            "cups",
            "minimum",
            json!(0),
            "minimum changed: 1 -> 0",
            RECEIVERS,
        ),
        (
            "cups",
            "minimum",
            json!(2),
            "minimum changed: 1 -> 2",
            SENDERS,
        ),
        (
            "cups",
            "maximum",
            json!(6),
            "maximum changed: 12 -> 6",
            SENDERS,
        ),
        (
            "cups",
            "maximum",
            json!(20),
            "maximum changed: 12 -> 20",
            RECEIVERS,
        ),
        (
            "sugar",
            "maximum",
            json!(2.5),
            "maximum added: 2.5",
            SENDERS,
        ),
        (
            "note",
            "maxLength",
            json!(40),
            "maxLength changed: 80 -> 40",
            SENDERS,
        ),
        ("note", "minLength", json!(1), "minLength added: 1", SENDERS),
        (
            "note",
            "pattern",
            json!("^[a-z]"),
            "pattern added: ^[a-z]",
            SENDERS,
        ),
        (
            "extras",
            "maxItems",
            json!(5),
            "maxItems changed: 3 -> 5",
            RECEIVERS,
        ),
        ("extras", "minItems", json!(1), "minItems added: 1", SENDERS),
    ] {
        let line =
            format!("OrderPlace.{pointer}: {what} (sent by clients; TeaOrderPlace.{pointer})");
        only(order(pointer, keyword, bound), &line, breaks);
    }
    only(
        |schemas| {
            remove(
                &mut schemas["TeaOrderPlace"]["properties"]["note"],
                "maxLength",
            );
        },
        "OrderPlace.note: maxLength removed, was 80 (sent by clients; TeaOrderPlace.note)",
        RECEIVERS,
    );
}

#[test]
fn formats_and_defaults() {
    only(
        |schemas| remove(&mut schemas["TeaError"]["properties"]["link"], "format"),
        "Error.link: format removed, was uri (sent by the server; TeaError.link)",
        RECEIVERS,
    );
    only(
        |schemas| schemas["TeaOrderCancel"]["properties"]["reason"]["format"] = json!("uri"),
        "OrderCancel.reason: format added: uri (sent by clients; TeaOrderCancel.reason)",
        SENDERS,
    );
    only(
        |schemas| schemas["TeaOrderPlace"]["properties"]["cups"]["default"] = json!(2),
        "OrderPlace.cups: default changed: 1 -> 2 (sent by clients; TeaOrderPlace.cups)",
        SENDERS,
    );
    only(
        |schemas| schemas["TeaTray"]["properties"]["cups"]["default"] = json!(2),
        "Tray.cups: default added: 2 (sent by the server; TeaTray.cups)",
        NOBODY,
    );
}

#[test]
fn further_fields() {
    only(
        |schemas| remove(&mut schemas["TeaTray"], "additionalProperties"),
        "Tray: further fields are allowed now (sent by the server; TeaTray)",
        RECEIVERS,
    );
    only(
        |schemas| schemas["TeaServed"]["additionalProperties"] = json!(false),
        "Served: further fields are forbidden now (sent by the server; TeaServed)",
        SENDERS,
    );
}

#[test]
fn a_change_as_json_says_the_same() {
    let changes = changes(|schemas| {
        schemas["TeaOrderCancel"]["properties"]["reason"] = json!({ "type": "boolean" });
    });
    assert_eq!(changes[0].sent_by, SentBy::Clients);
    assert_eq!(
        json!(changes),
        json!([{
            "path": "OrderCancel.reason",
            "published": "TeaOrderCancel.reason",
            "what": "type changed: string -> boolean",
            "sent_by": "clients",
            "breaks": ["senders", "receivers"],
        }])
    );
}

/// Checks that an edit is told by this line alone, in these groups.
#[track_caller]
fn only(edit: impl FnOnce(&mut Value), line: &str, breaks: &[Breaks]) {
    let changes = changes(edit);
    assert_eq!(lines(&changes), [line]);
    assert_eq!(changes[0].breaks, breaks, "{line}");
}

fn changes(edit: impl FnOnce(&mut Value)) -> Vec<Change> {
    let rules = rules();
    let old = openapi::import(&document(), &rules).expect("the fixture can be imported");
    let new = openapi::import_to_compare(&edited(edit), &rules).expect("the edited one can too");
    diff::diff(&old.protocol, &new.protocol, &rules)
}

fn lines(changes: &[Change]) -> Vec<String> {
    changes.iter().map(Change::to_string).collect()
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn event(kind: &str) -> Value {
    json!({ "type": "object", "properties": { "type": { "type": "string", "const": kind } }, "required": ["type"] })
}

fn drop_last(list: &mut Value) {
    list.as_array_mut().expect("a list").pop();
}
