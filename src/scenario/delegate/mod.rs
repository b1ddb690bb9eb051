//! Answers that another program gives: what it is asked, and what becomes of what it says.

#[cfg(feature = "delegate")]
mod post;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;
#[cfg(feature = "delegate")]
use serde_json::json;
use serde_json::{Map, Value};

#[cfg(feature = "delegate")]
use crate::generators::{Errand, PendingPlan, ResponsePlan, ResponseRequest};

#[cfg(feature = "delegate")]
use super::file;
#[cfg(feature = "delegate")]
use super::model::{Answer, DelegateConfig, EndState, Scenario, Short};
#[cfg(feature = "delegate")]
use super::situation::Situation;

/// The version of [`DelegateRequest`]. It counts up where a field is not any more what it was; new
/// fields do not count.
pub const DELEGATE_VERSION: u32 = 1;

/// What a delegate is asked with: the body of a POST, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct DelegateRequest {
    /// [`DELEGATE_VERSION`].
    pub version: u32,
    /// The scenario's name.
    pub scenario: Option<String>,
    /// The name of the response in the scenario that was chosen; none for the default.
    pub rule: Option<String>,
    /// What there is to answer.
    pub happened: DelegateHappened,
    /// The items of the conversation, the first first, as they are in events.
    pub conversation: Vec<Value>,
    /// The tools that may be called in this response, as the client has declared them.
    pub tools: Vec<Value>,
    /// The session as it is in `session.updated`.
    pub session: Value,
    /// What `response.create` asked for; empty where the server began the response by itself.
    pub response: Value,
}

/// What there is to answer.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct DelegateHappened {
    /// How often the user has spoken.
    pub turn: u32,
    /// What the user said last.
    pub user: String,
    /// What the assistant said last.
    pub assistant: String,
    /// The last call of each tool, by name, with `arguments`, `output` and whether that `is_new`: it
    /// waits for an answer.
    pub tools: Map<String, Value>,
    /// The keys of a telephone that were pressed.
    pub keys: Option<String>,
    /// For how many milliseconds nobody has said anything, where that is why there is a response.
    pub silence_ms: Option<u64>,
    /// The state the scenario is in, if it has states.
    pub state: Option<String>,
    /// What patterns have captured so far.
    pub captures: IndexMap<String, String>,
}

#[cfg(feature = "delegate")]
impl DelegateRequest {
    /// What is asked in a situation.
    pub(super) fn new(
        scenario: Option<&str>,
        rule: Option<&str>,
        situation: &Situation,
        request: &ResponseRequest<'_>,
    ) -> Self {
        let tools = request.params.tools.as_ref();
        let tools = tools.or(request.session.tools.as_ref());
        Self {
            version: DELEGATE_VERSION,
            scenario: scenario.map(str::to_owned),
            rule: rule.map(str::to_owned),
            happened: DelegateHappened::of(situation),
            conversation: request.conversation.items().map(value).collect(),
            tools: tools.into_iter().flatten().map(value).collect(),
            session: value(request.session),
            response: value(request.params),
        }
    }
}

#[cfg(feature = "delegate")]
impl DelegateHappened {
    fn of(situation: &Situation) -> Self {
        let tools = situation.tools.iter().map(|(name, tool)| {
            let call = json!({
                "arguments": tool.arguments,
                "output": tool.output,
                "is_new": tool.is_new,
            });
            (name.clone(), call)
        });
        let silence = situation.silence;
        Self {
            turn: situation.turn,
            user: situation.user().to_owned(),
            assistant: situation.assistant().to_owned(),
            tools: tools.collect(),
            keys: situation.dtmf.as_ref().map(|keys| keys.as_str().to_owned()),
            silence_ms: silence.and_then(|time| u64::try_from(time.as_millis()).ok()),
            state: situation.state.clone(),
            captures: situation.captures.clone(),
        }
    }
}

/// A part of the protocol, all of which can be written as JSON.
#[cfg(feature = "delegate")]
fn value<T: Serialize>(part: &T) -> Value {
    serde_json::to_value(part).unwrap_or_default()
}

/// The answer in what a delegate said. The error says what is wrong with it, and where.
#[cfg(feature = "delegate")]
pub(super) fn read_reply(text: &str, scenario: &Scenario) -> Result<Answer, String> {
    let json: Value =
        serde_json::from_str(text).map_err(|error| format!("its reply is no JSON: {error}"))?;
    // Laid out anew, so that the places in errors are those of one field a line.
    let text = format!("{json:#}");
    let answer: Short<Answer> = file::read("reply", &text)
        .map_err(|problems| format!("its reply is no answer: {problems}"))?;
    let answer = answer.0;
    let refused = |what: &str| Err(format!("its reply is no answer: {what}"));
    if answer.delegate.is_some() {
        return refused("a delegate cannot name another");
    }
    if answer.ending == EndState::NoResponse {
        return refused("`no_response` comes too late: the response has begun");
    }
    if answer
        .messages()
        .any(|message| message.audio_file.is_some())
    {
        return refused("`audio_file` is for files of scenarios; there is `audio_data`");
    }
    match &answer.template {
        Some(of) if !scenario.templates.contains_key(&of.template) => {
            refused(&format!("the scenario has no template `{}`", of.template))
        }
        _ => Ok(answer),
    }
}

/// The plan that waits for a delegate.
#[cfg(feature = "delegate")]
pub(super) fn pending(
    config: &DelegateConfig,
    request: &DelegateRequest,
    fallback: ResponsePlan,
    take: impl FnOnce(Result<String, String>) -> Option<ResponsePlan> + Send + 'static,
) -> ResponsePlan {
    let work = {
        let config = config.clone();
        let body = serde_json::to_string(request).unwrap_or_default();
        async move { take(post::post(&config, body).await) }
    };
    ResponsePlan::pending(PendingPlan {
        errand: Errand::new(work),
        within: config.timeout_ms.duration(),
        fallback,
    })
}
