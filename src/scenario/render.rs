//! From an answer to the plan of a response.

use minijinja::Error;

use crate::generators::{
    Action, Ending, PlannedCall, PlannedError, PlannedItem, PlannedMcpCall, PlannedMessage,
    PlannedUsage, ResponsePlan,
};
use crate::protocol::realtime::{
    McpListToolsTool, McpToolExecutionError, MessagePhase, Modality, RateLimit, RateLimitName,
    RealtimeSession,
};
use crate::protocol::{CallId, Patch};

use super::audio::Sounds;
use super::model::{
    ActionConfig, Answer, EndState, FunctionCallConfig, HeardConfig, IncompleteReason,
    McpCallConfig, McpToolConfig, MessageConfig, MessageForm, OutputItem, PhaseConfig,
    RateLimitConfig, RateLimitKind, Scenario, UsageConfig,
};
use super::situation::Situation;
use super::variables::Variables;

/// A plan, and what the user is heard to say after it.
#[derive(Debug)]
pub(super) struct Rendered {
    pub(super) plan: ResponsePlan,
    pub(super) hear: Vec<HeardConfig>,
}

/// The answer itself, or the reusable one it stands for.
pub(super) fn resolve<'a>(answer: &'a Answer, scenario: &'a Scenario) -> &'a Answer {
    let named = answer
        .template
        .as_ref()
        .and_then(|of| scenario.templates.get(&of.template));
    named.map_or(answer, |template| &template.answer)
}

/// The plan of an answer in a situation.
pub(super) fn render(
    answer: &Answer,
    scenario: &Scenario,
    sounds: &Sounds,
    situation: &Situation,
    session: &RealtimeSession,
) -> Result<Rendered, Error> {
    if let Some(generator) = &resolve(answer, scenario).generator {
        return Ok(Rendered {
            plan: generator.generate(situation),
            hear: Vec::new(),
        });
    }
    let mut variables = Variables::new(situation, session);
    if let Some(template) = &answer.template
        && let Some(named) = scenario.templates.get(&template.template)
    {
        let mut parameters = serde_json::Map::new();
        for (name, default) in &named.parameters {
            let given = template.parameters.get(name).or(default.as_ref());
            if let Some(given) = given {
                let text = given.render(&variables)?;
                parameters.insert(name.clone(), text.into());
            }
        }
        variables = variables.with_parameters(parameters);
    }
    let answer = resolve(answer, scenario);
    let mut renderer = Renderer {
        variables,
        sounds,
        situation,
        hear: Vec::new(),
    };
    let plan = renderer.plan(answer)?;
    Ok(Rendered {
        plan,
        hear: renderer.hear,
    })
}

struct Renderer<'a> {
    sounds: &'a Sounds,
    variables: Variables<'a>,
    situation: &'a Situation,
    hear: Vec<HeardConfig>,
}

impl Renderer<'_> {
    fn plan(&mut self, answer: &Answer) -> Result<ResponsePlan, Error> {
        let mut items = Vec::new();
        if let Some(message) = &answer.say {
            items.push(self.message(message)?);
        }
        for call in answer.call.iter() {
            items.push(self.call(call)?);
        }
        for item in &answer.output {
            items.push(match item {
                OutputItem::Say(message) => self.message(message)?,
                OutputItem::Call(call) => self.call(call)?,
                OutputItem::McpCall(call) => self.mcp_call(call)?,
                OutputItem::McpApprovalRequest(call) => PlannedItem::McpApprovalRequest {
                    server_label: call.server.clone(),
                    name: call.name.clone(),
                    arguments: call.arguments.render(&self.variables)?,
                },
            });
        }
        let metadata = answer
            .metadata
            .iter()
            .map(|(key, value)| Ok((key.clone(), value.render(&self.variables)?)));
        Ok(ResponsePlan {
            items,
            ending: ending(&answer.ending),
            usage: usage(answer.usage),
            pacing: answer.pacing.as_ref().map(|pace| pace.pacing()),
            metadata: metadata.collect::<Result<_, Error>>()?,
            before: self.actions(&answer.before)?,
            after: self.actions(&answer.after)?,
            pending: None,
        })
    }

    fn message(&self, message: &MessageConfig) -> Result<PlannedItem, Error> {
        Ok(PlannedItem::Message(PlannedMessage {
            text: message.text.render(&self.variables)?,
            audio: self.sounds.speech(message),
            phase: message.phase.map(|phase| match phase {
                PhaseConfig::Commentary => MessagePhase::Commentary,
                PhaseConfig::FinalAnswer => MessagePhase::FinalAnswer,
            }),
            modality: message.form.map(|form| match form {
                MessageForm::Text => Modality::Text,
                MessageForm::Audio => Modality::Audio,
            }),
        }))
    }

    fn call(&self, call: &FunctionCallConfig) -> Result<PlannedItem, Error> {
        Ok(PlannedItem::FunctionCall(PlannedCall {
            name: call.name.clone(),
            arguments: call.arguments.render(&self.variables)?,
            call_id: call.call_id.as_deref().map(CallId::from),
        }))
    }

    fn mcp_call(&self, call: &McpCallConfig) -> Result<PlannedItem, Error> {
        let outcome = match &call.error {
            Some(error) => {
                let message = error.render(&self.variables)?;
                Err(McpToolExecutionError { message }.into())
            }
            None => Ok(call.output.render(&self.variables)?),
        };
        Ok(PlannedItem::McpCall(PlannedMcpCall {
            server_label: call.server.clone(),
            name: call.name.clone(),
            arguments: call.arguments.render(&self.variables)?,
            outcome,
            approval_request_id: self.situation.approval_request.clone(),
        }))
    }

    fn actions(&mut self, actions: &[ActionConfig]) -> Result<Vec<Action>, Error> {
        let mut planned = Vec::new();
        for action in actions {
            planned.push(match action {
                ActionConfig::Error(error) => Action::Error(PlannedError {
                    kind: error.kind.clone(),
                    code: error.code.clone(),
                    message: error.message.render(&self.variables)?,
                    param: error.param.clone(),
                }),
                ActionConfig::Close(close) => Action::Close {
                    code: close.code.get(),
                    reason: close.reason.clone(),
                },
                ActionConfig::RateLimits(limits) => {
                    Action::RateLimits(limits.iter().map(rate_limit).collect())
                }
                ActionConfig::McpTools(of) => Action::McpTools {
                    server_label: of.server.clone(),
                    tools: of.tools.iter().map(mcp_tool).collect(),
                },
                ActionConfig::Hear(heard) => {
                    self.hear.push(heard.0.clone());
                    continue;
                }
            });
        }
        Ok(planned)
    }
}

fn ending(ending: &EndState) -> Ending {
    match ending {
        EndState::Completed => Ending::Completed,
        EndState::Incomplete(IncompleteReason::ContentFilter) => Ending::ContentFilter,
        EndState::Incomplete(IncompleteReason::MaxOutputTokens) => Ending::MaxOutputTokens,
        EndState::Failed(failure) => Ending::Failed {
            kind: failure.kind.clone(),
            code: failure.code.clone(),
        },
        EndState::Never => Ending::Never,
        EndState::NoResponse => Ending::NoResponse,
    }
}

fn usage(usage: UsageConfig) -> PlannedUsage {
    PlannedUsage {
        input_text: usage.input_text.map(u64::from),
        input_audio: usage.input_audio.map(u64::from),
        cached_text: usage.cached_text.map(u64::from),
        cached_audio: usage.cached_audio.map(u64::from),
        output_text: usage.output_text.map(u64::from),
        output_audio: usage.output_audio.map(u64::from),
    }
}

fn rate_limit(limit: &RateLimitConfig) -> RateLimit {
    RateLimit {
        name: Some(match limit.name {
            RateLimitKind::Requests => RateLimitName::Requests,
            RateLimitKind::Tokens => RateLimitName::Tokens,
        }),
        limit: Some(limit.limit.into()),
        remaining: Some(limit.remaining.into()),
        reset_seconds: Some(limit.reset_seconds),
    }
}

/// A tool as MCP servers list it.
pub(super) fn mcp_tool(tool: &McpToolConfig) -> McpListToolsTool {
    let mut listed = McpListToolsTool::new(tool.name.as_str(), tool.input_schema.clone());
    listed.description = Patch::from(tool.description.clone());
    listed
}
