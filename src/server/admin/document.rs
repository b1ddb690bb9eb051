//! The API as an OpenAPI document, written from the types that it is made of.

use std::collections::BTreeSet;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::PREFIX;
use super::operation::{Description, File, FileType, NoBody, NoQuery, Operation};
use super::refusals::{ErrorBody, Refusal};
use super::targets::{LONGEST_KEY, OfServer};

/// Where the document keeps what is named.
const COMPONENTS: &str = "/components/schemas";

/// The scheme by which the token is shown.
const TOKEN: &str = "token";

const ABOUT: &str = "Scripts a mock of OpenAI's Realtime API, says what happened in it, and makes things \
go wrong. Each test takes a key of its own: it puts a scenario to the key, has its sessions opened with \
the header `X-Mock-Scenario` or the parameter `mock_scenario`, and deletes the key. Sessions without a \
key are those of the key `default`, which is always there.";

/// OpenAPI's media type for JSON; there is one more, which clients need not know.
pub(super) struct OpenApi;

impl FileType for OpenApi {
    const MEDIA: &'static str = "application/json";
}

pub(super) fn get(server: OfServer, _: NoQuery, _: NoBody) -> Result<File<OpenApi>, Refusal> {
    Ok(File::new(server.0.admin()?.document().to_owned()))
}

/// Writes the document, of a server that needs a token or not.
pub(super) fn write(operations: &[Operation], needs_token: bool) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = COMPONENTS.into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let error = generator.subschema_for::<ErrorBody>().to_value();
    let mut paths = Map::new();
    for operation in operations {
        let described = describe(operation, &mut generator, &error, needs_token);
        let methods = paths.entry(operation.path).or_insert_with(|| json!({}));
        methods[operation.method.as_str().to_lowercase()] = described;
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "mock-realtime admin",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
        },
        "servers": [{ "url": PREFIX }],
        "paths": paths,
        "components": { "schemas": generator.take_definitions(true) },
    });
    if needs_token {
        document["components"]["securitySchemes"] =
            json!({ TOKEN: { "type": "http", "scheme": "bearer" } });
        document["security"] = json!([{ TOKEN: [] }]);
    }
    bound(&mut document);
    document
}

/// Says of whole numbers how large they may be, which their `format` says to few.
fn bound(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let most = match fields.get("format").and_then(Value::as_str) {
                Some("uint16") => Some(u64::from(u16::MAX)),
                Some("uint32") => Some(u64::from(u32::MAX)),
                Some("uint" | "uint64") => Some(u64::MAX),
                _ => None,
            };
            if let Some(most) = most {
                fields.entry("maximum").or_insert_with(|| most.into());
            }
            fields.values_mut().for_each(bound);
        }
        Value::Array(items) => items.iter_mut().for_each(bound),
        _ => {}
    }
}

fn describe(
    operation: &Operation,
    generator: &mut SchemaGenerator,
    error: &Value,
    needs_token: bool,
) -> Value {
    let Description {
        query,
        body,
        statuses,
        reply,
        refusals,
    } = operation.describe(generator);
    let mut parameters: Vec<Value> = names_in(operation.path).map(of_path).collect();
    parameters.extend(of_query(query.as_value()));

    let mut responses = Map::new();
    for status in statuses {
        let mut response = json!({ "description": meaning(*status) });
        if let Some((media, schema)) = &reply {
            response["content"] = json!({ (*media): { "schema": schema } });
        }
        responses.insert(status.to_string(), response);
    }
    // Every query can be wrong, and everybody can be somebody who is not let in.
    let not_let_in = if needs_token { 401 } else { 403 };
    let refusals = refusals.into_iter().chain([400, not_let_in]);
    for status in refusals.collect::<BTreeSet<u16>>() {
        let content = json!({ "application/json": { "schema": error } });
        let response = json!({ "description": meaning(status), "content": content });
        responses.insert(status.to_string(), response);
    }

    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": responses,
    });
    if let Some((media, schema)) = body {
        // The first two are what the others are other names of.
        let content = media.iter().take(2).map(|media| {
            let media = (*media).to_owned();
            (media, json!({ "schema": schema }))
        });
        let content: Map<String, Value> = content.collect();
        described["requestBody"] = json!({ "required": true, "content": content });
    }
    described
}

/// The names in the braces of a path.
fn names_in(path: &'static str) -> impl Iterator<Item = &'static str> {
    let parts = path.split('/');
    parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn of_path(name: &str) -> Value {
    let (schema, about) = if name == "key" {
        let pattern = format!("^[!-~]{{1,{LONGEST_KEY}}}$");
        (
            json!({ "type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": pattern }),
            "The key of a test; `default` for sessions without one.",
        )
    } else if name == "call" {
        (
            json!({ "type": "string" }),
            "The id of a call, `rtc_` and more.",
        )
    } else {
        (
            json!({ "type": "integer", "minimum": 0 }),
            "The number of a session among those of the key, from 0.",
        )
    };
    json!({ "name": name, "in": "path", "required": true, "schema": schema, "description": about })
}

/// The fields of a query, each a parameter.
fn of_query(query: &Value) -> Vec<Value> {
    let required = query["required"].as_array().cloned().unwrap_or_default();
    let fields = query["properties"].as_object().into_iter().flatten();
    let parameter = |(name, schema): (&String, &Value)| {
        let mut schema = schema.clone();
        let about = schema
            .as_object_mut()
            .and_then(|schema| schema.remove("description"));
        // What is not said is absent; there is no way to write null.
        if let Some(kinds) = schema["type"].as_array() {
            schema["type"] = kinds.first().cloned().unwrap_or_default();
        }
        json!({
            "name": name,
            "in": "query",
            "required": required.iter().any(|required| required == name),
            "schema": schema,
            "description": about,
        })
    };
    fields.map(parameter).collect()
}

fn meaning(status: u16) -> &'static str {
    match status {
        200 => "It is done.",
        201 => "It is done, and the key is new.",
        204 => "It is done, or will be as soon as the session comes to it.",
        400 => "The query of the address or the body cannot be read.",
        401 => "The token is missing or wrong.",
        403 => "There is no token, and the request comes from elsewhere than this machine.",
        404 => "There is no such key, session or call.",
        408 => "The body did not come in time.",
        409 => "It conflicts with how things are.",
        413 => "The body is too long.",
        415 => "The body is of a type that is not taken.",
        422 => "The body or the key cannot be; each problem has its place.",
        429 => "There are too many already.",
        _ => "Something else.",
    }
}
