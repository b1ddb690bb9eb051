//! What templates speak of, made when the first one asks: most answers have no gaps.

use std::cell::OnceCell;

use minijinja::Value as Variable;
use minijinja::value::Serde;
use serde_json::{Map, Value, json};

use crate::protocol::realtime::RealtimeSession;

use super::model::Keys;
use super::situation::Situation;

/// The variables of the templates of an answer.
#[derive(Debug)]
pub(crate) struct Variables<'a> {
    situation: &'a Situation,
    session: &'a RealtimeSession,
    parameters: Map<String, Value>,
    made: OnceCell<Variable>,
}

impl<'a> Variables<'a> {
    pub(super) fn new(situation: &'a Situation, session: &'a RealtimeSession) -> Self {
        Self {
            situation,
            session,
            parameters: Map::new(),
            made: OnceCell::new(),
        }
    }

    /// The same, with what a reusable answer was given.
    pub(super) fn with_parameters(self, parameters: Map<String, Value>) -> Self {
        Self {
            parameters,
            made: OnceCell::new(),
            ..self
        }
    }

    /// As templates take them.
    pub(super) fn value(&self) -> &Variable {
        self.made.get_or_init(|| Variable::from(Serde(self.json())))
    }

    fn json(&self) -> Value {
        let Self {
            situation, session, ..
        } = self;
        let tools = situation.tools.iter().map(|(name, tool)| {
            let tool = json!({ "arguments": tool.arguments, "output": tool.output });
            (name.clone(), tool)
        });
        json!({
            "user": situation.user(),
            "assistant": situation.assistant(),
            "captures": situation.captures,
            "tools": tools.collect::<Map<_, _>>(),
            "turn": situation.turn,
            "session": session,
            "metadata": situation.metadata,
            "state": situation.state,
            "parameters": self.parameters,
            "silence": situation.silence.map(|silence| silence.as_secs_f64()),
            "dtmf": situation.dtmf.as_ref().map(Keys::as_str),
        })
    }
}
