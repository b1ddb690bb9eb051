//! One thing that can be asked for, and how: from the same types it is done and described.

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Response, StatusCode};
use percent_encoding::percent_decode_str;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::scenario::{self, Scenario};

use super::Shared;
use super::refusals::Refusal;

/// What bodies are called in problems with them.
const BODY: &str = "body";

const JSON: &str = "application/json";
const YAML: &[&str] = &[
    JSON,
    "application/yaml",
    "application/x-yaml",
    "text/yaml",
    "text/x-yaml",
];

/// A request on its way to what does it.
pub(super) struct Call {
    pub(super) shared: Arc<Shared>,
    /// What stands in the path where its template has names.
    pub(super) parameters: Vec<String>,
    pub(super) query: String,
    pub(super) body: String,
}

/// Something that can be asked for.
pub(super) struct Operation {
    pub(super) method: Method,
    /// The path after the prefix, with names in braces.
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    /// What it does, in a sentence or two.
    pub(super) summary: &'static str,
    describe: fn(&mut SchemaGenerator) -> Description,
    media: &'static [&'static str],
    /// The statuses of refusals that neither its target nor its body nor its query have.
    refusals: &'static [u16],
    run: Box<Run>,
}

type Run = dyn Fn(Call) -> BoxFuture<'static, Answer> + Send + Sync;

type Answer = Result<Response<Full<Bytes>>, Refusal>;

/// What types say of an operation.
pub(super) struct Description {
    pub(super) query: Schema,
    /// The types and the schema of the body, if there is one.
    pub(super) body: Option<(&'static [&'static str], Schema)>,
    /// The statuses that mean that it was done.
    pub(super) statuses: &'static [u16],
    /// What is answered then, if anything is.
    pub(super) reply: Option<(&'static str, Schema)>,
    /// The statuses of refusals.
    pub(super) refusals: Vec<u16>,
}

/// What an operation is about, found by the parameters of its path.
pub(super) trait Target: Sized + Send + 'static {
    /// The statuses of the refusals where it is not there.
    const REFUSALS: &'static [u16];

    fn find(shared: &Arc<Shared>, parameters: &[String]) -> Result<Self, Refusal>;
}

/// What the query of an address says.
pub(super) trait Query: DeserializeOwned + JsonSchema + Send + 'static {}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Query for T {}

/// A body.
pub(super) trait Body: Sized + Send + 'static {
    /// The types it may have; none if there is nothing to read.
    const MEDIA: &'static [&'static str];

    fn read(text: &str) -> Result<Self, Refusal>;

    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

/// What is answered.
pub(super) trait Reply: Sized + 'static {
    const STATUSES: &'static [u16] = &[200];

    /// Its type and its schema, if there is something to say.
    fn content(generator: &mut SchemaGenerator) -> Option<(&'static str, Schema)>;

    fn into_answer(self) -> Answer;
}

impl Operation {
    /// An operation that is done at once.
    pub(super) fn new<T: Target, Q: Query, B: Body, R: Reply>(
        (method, path): (Method, &'static str),
        id: &'static str,
        summary: &'static str,
        run: fn(T, Q, B) -> Result<R, Refusal>,
    ) -> Self {
        Self {
            method,
            path,
            id,
            summary,
            describe: describe::<T, Q, B, R>,
            media: B::MEDIA,
            refusals: &[],
            run: Box::new(move |call| {
                let done = parts(&call).and_then(|(target, query, body)| run(target, query, body));
                let answer = done.and_then(Reply::into_answer);
                std::future::ready(answer).boxed()
            }),
        }
    }

    /// An operation that takes its time.
    pub(super) fn waiting<T: Target, Q: Query, B: Body, R: Reply, F>(
        (method, path): (Method, &'static str),
        id: &'static str,
        summary: &'static str,
        run: fn(T, Q, B) -> F,
    ) -> Self
    where
        F: Future<Output = Result<R, Refusal>> + Send + 'static,
    {
        Self {
            method,
            path,
            id,
            summary,
            describe: describe::<T, Q, B, R>,
            media: B::MEDIA,
            refusals: &[],
            run: Box::new(move |call| {
                async move {
                    let (target, query, body) = parts(&call)?;
                    run(target, query, body).await?.into_answer()
                }
                .boxed()
            }),
        }
    }

    /// The same, which refuses for reasons of its own, too, with these statuses.
    pub(super) fn which_refuses(self, refusals: &'static [u16]) -> Self {
        Self { refusals, ..self }
    }

    /// The parameters in a path that is this one, decoded.
    pub(super) fn parameters_in(&self, path: &str) -> Option<Vec<String>> {
        let mut parameters = Vec::new();
        let mut given = path.split('/');
        for part in self.path.split('/') {
            let given = given.next()?;
            if part.starts_with('{') {
                let decoded = percent_decode_str(given).decode_utf8_lossy();
                parameters.push(decoded.into_owned());
            } else if part != given {
                return None;
            }
        }
        given.next().is_none().then_some(parameters)
    }

    /// The types that a body may have; none if there is none.
    pub(super) fn media(&self) -> &'static [&'static str] {
        self.media
    }

    pub(super) fn run(&self, call: Call) -> BoxFuture<'static, Answer> {
        (self.run)(call)
    }

    pub(super) fn describe(&self, generator: &mut SchemaGenerator) -> Description {
        let mut description = (self.describe)(generator);
        description.refusals.extend(self.refusals);
        description
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

fn parts<T: Target, Q: Query, B: Body>(call: &Call) -> Result<(T, Q, B), Refusal> {
    let query = serde_html_form::from_str(&call.query);
    let query = query.map_err(|error| Refusal::wrong_query(&error))?;
    // The reader takes an empty value for none.
    let mut pairs = form_urlencoded::parse(call.query.as_bytes());
    if let Some((name, _)) = pairs.find(|(_, value)| value.is_empty()) {
        return Err(Refusal::empty_in_query(&name));
    }
    let target = T::find(&call.shared, &call.parameters)?;
    Ok((target, query, B::read(&call.body)?))
}

fn describe<T: Target, Q: Query, B: Body, R: Reply>(
    generator: &mut SchemaGenerator,
) -> Description {
    let has_body = !B::MEDIA.is_empty();
    let of_body: &[u16] = if has_body { &[408, 413, 415, 422] } else { &[] };
    Description {
        query: Q::json_schema(generator),
        body: has_body.then(|| (B::MEDIA, B::schema(generator))),
        statuses: R::STATUSES,
        reply: R::content(generator),
        refusals: [T::REFUSALS, of_body].concat(),
    }
}

/// No query.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoQuery {}

/// No body.
pub(super) struct NoBody;

impl Body for NoBody {
    const MEDIA: &'static [&'static str] = &[];

    fn read(_: &str) -> Result<Self, Refusal> {
        Ok(Self)
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        Schema::default()
    }
}

/// JSON, in a request or an answer.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Body for Json<T> {
    const MEDIA: &'static [&'static str] = &[JSON];

    fn read(text: &str) -> Result<Self, Refusal> {
        // An object alone: serde would take a list for its fields in order, and nothing for none of them.
        if !text.trim_start().starts_with('{') {
            let message = "the body has to be an object of JSON".to_owned();
            return Err(Refusal::at("wrong_body", "", message));
        }
        let value = scenario::read(BODY, text);
        value
            .map(Self)
            .map_err(|problems| Refusal::wrong_body(&problems))
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

/// A scenario: all that is wrong with it is told at once.
impl Body for Scenario {
    const MEDIA: &'static [&'static str] = YAML;

    fn read(text: &str) -> Result<Self, Refusal> {
        scenario::parse_sent(BODY, text).map_err(|problems| Refusal::wrong_body(&problems))
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Self>()
    }
}

impl<T: Serialize + JsonSchema + 'static> Reply for Json<T> {
    fn content(generator: &mut SchemaGenerator) -> Option<(&'static str, Schema)> {
        Some((JSON, generator.subschema_for::<T>()))
    }

    fn into_answer(self) -> Answer {
        written(StatusCode::OK, &self.0)
    }
}

/// Something that is there now and was not before, unless it took the place of another.
pub(super) struct Made<T> {
    pub(super) made: T,
    pub(super) was_there: bool,
}

impl<T: Serialize + JsonSchema + 'static> Reply for Made<T> {
    const STATUSES: &'static [u16] = &[200, 201];

    fn content(generator: &mut SchemaGenerator) -> Option<(&'static str, Schema)> {
        Json::<T>::content(generator)
    }

    fn into_answer(self) -> Answer {
        let status = if self.was_there {
            StatusCode::OK
        } else {
            StatusCode::CREATED
        };
        written(status, &self.made)
    }
}

/// It is done, and there is nothing to say.
pub(super) struct Done;

impl Reply for Done {
    const STATUSES: &'static [u16] = &[204];

    fn content(_: &mut SchemaGenerator) -> Option<(&'static str, Schema)> {
        None
    }

    fn into_answer(self) -> Answer {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NO_CONTENT;
        Ok(response)
    }
}

/// A file of a type that says what it is.
pub(super) trait FileType {
    const MEDIA: &'static str;
}

/// A file.
pub(super) struct File<T> {
    bytes: Bytes,
    of: std::marker::PhantomData<T>,
}

impl<T> File<T> {
    pub(super) fn new(bytes: impl Into<Bytes>) -> Self {
        Self {
            bytes: bytes.into(),
            of: std::marker::PhantomData,
        }
    }
}

impl<T: FileType + 'static> Reply for File<T> {
    fn content(_: &mut SchemaGenerator) -> Option<(&'static str, Schema)> {
        Some((T::MEDIA, Schema::default()))
    }

    fn into_answer(self) -> Answer {
        let mut response = Response::new(Full::new(self.bytes));
        let media = HeaderValue::from_static(T::MEDIA);
        response.headers_mut().insert(CONTENT_TYPE, media);
        Ok(response)
    }
}

fn written(status: StatusCode, value: &impl Serialize) -> Answer {
    let text = serde_json::to_string(value).map_err(|error| Refusal::unwritten(&error))?;
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    Ok(response)
}
