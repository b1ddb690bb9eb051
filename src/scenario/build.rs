//! Scenarios in Rust, written as sentences.

use std::ops::RangeBounds;

use serde_json::Value;

use super::model::{
    ActionConfig, Answer, AnswerGenerator, AnswerOrder, Arguments, EndState, FunctionCallConfig,
    MessageConfig, MockResponseConfig, OneOrMany, OutputItem, Pace, Pattern, Phrase, Predicate,
    ResponseSelectionCriteria, Scenario, Short, Template, TextCondition, ToolOutputCondition,
    TurnRange,
};
use super::situation::Situation;
use crate::generators::ResponsePlan;

/// A response that is chosen when all of these conditions hold.
///
/// ```
/// use mock_realtime::scenario::{Scenario, always, user_says, when};
///
/// let scenario = Scenario::new("bakery")
///     .response("bread", when(user_says(["bread", "rolls"])?).say("Rye or wheat?")?)
///     .response("rest", always().say("We have bread.")?);
/// assert_eq!(scenario.responses.len(), 2);
/// # Ok::<(), String>(())
/// ```
pub fn when(criteria: ResponseSelectionCriteria) -> MockResponseConfig {
    MockResponseConfig {
        when: criteria,
        answer: OneOrMany::default(),
        ..MockResponseConfig::default()
    }
}

/// A response that is chosen when nothing with conditions fits.
pub fn always() -> MockResponseConfig {
    when(ResponseSelectionCriteria::default())
}

/// The user says one of these phrases; the error says which is none.
pub fn user_says<'a>(
    phrases: impl IntoIterator<Item = &'a str>,
) -> Result<ResponseSelectionCriteria, String> {
    let phrases = phrases
        .into_iter()
        .map(|phrase| Phrase::new(phrase).map_err(|error| format!("{phrase:?}: {error}")));
    Ok(of_text(TextCondition {
        any: phrases.collect::<Result<_, _>>()?,
        ..TextCondition::default()
    }))
}

/// The user says something this pattern is found in; the error says what is wrong with it.
pub fn user_matches(pattern: &str) -> Result<ResponseSelectionCriteria, String> {
    let pattern = Pattern::new(pattern).map_err(|error| error.to_string())?;
    Ok(of_text(TextCondition {
        matches: pattern.into(),
        ..TextCondition::default()
    }))
}

/// The user means this.
pub fn intent(name: &str) -> ResponseSelectionCriteria {
    ResponseSelectionCriteria {
        intent: OneOrMany::from(name.to_owned()),
        ..ResponseSelectionCriteria::default()
    }
}

/// This tool has just given something.
pub fn tool_gave(tool: &str) -> ResponseSelectionCriteria {
    ResponseSelectionCriteria {
        tool_output: Some(Short(ToolOutputCondition {
            tool: tool.to_owned(),
            ..ToolOutputCondition::default()
        })),
        ..ResponseSelectionCriteria::default()
    }
}

/// A closure says so; `name` stands for it in explanations.
pub fn holds(
    name: &str,
    condition: impl Fn(&Situation) -> bool + Send + Sync + 'static,
) -> ResponseSelectionCriteria {
    ResponseSelectionCriteria {
        custom: vec![Predicate::new(name, condition)],
        ..ResponseSelectionCriteria::default()
    }
}

fn of_text(text: TextCondition) -> ResponseSelectionCriteria {
    ResponseSelectionCriteria {
        text: Some(Short(text)),
        ..ResponseSelectionCriteria::default()
    }
}

impl ResponseSelectionCriteria {
    /// This and the other.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            all: vec![self, other],
            ..Self::default()
        }
    }

    /// This or the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            any: vec![self, other],
            ..Self::default()
        }
    }

    /// In these turns of the user, from 1; the error names a range that ends before it begins.
    pub fn in_turns(mut self, turns: impl RangeBounds<u32>) -> Result<Self, String> {
        self.turn = Some(TurnRange::of(turns).map_err(|error| error.to_string())?);
        Ok(self)
    }

    /// In this state.
    #[must_use]
    pub fn in_state(mut self, state: &str) -> Self {
        self.state.push(state.to_owned());
        self
    }
}

impl std::ops::Not for ResponseSelectionCriteria {
    type Output = Self;

    fn not(self) -> Self {
        Self {
            not: Some(Box::new(self)),
            ..Self::default()
        }
    }
}

impl MockResponseConfig {
    /// Says this. The text may have gaps; the error says what is wrong with it.
    pub fn say(self, text: &str) -> Result<Self, String> {
        let message = MessageConfig::of(Template::new(text)?);
        Ok(self.put(OutputItem::Say(Short(message))))
    }

    /// Calls a function of the client with these arguments: an object whose texts may have gaps,
    /// or a text that is sent as it is.
    pub fn call(self, name: &str, arguments: impl Into<Value>) -> Result<Self, String> {
        Ok(self.put(OutputItem::Call(FunctionCallConfig {
            name: name.to_owned(),
            arguments: Arguments::try_from(arguments.into())?,
            call_id: None,
        })))
    }

    /// Answers with what a closure says.
    #[must_use]
    pub fn generate(
        self,
        generate: impl Fn(&Situation) -> ResponsePlan + Send + Sync + 'static,
    ) -> Self {
        self.with(|answer| answer.generator = Some(AnswerGenerator::new(generate)))
    }

    /// Puts out an item.
    #[must_use]
    pub fn put(self, item: OutputItem) -> Self {
        self.with(|answer| answer.output.push(item))
    }

    /// Ends like this.
    #[must_use]
    pub fn ending(self, ending: EndState) -> Self {
        self.with(|answer| answer.ending = ending)
    }

    /// Has this happen before the response begins.
    #[must_use]
    pub fn before(self, action: ActionConfig) -> Self {
        self.with(|answer| answer.before.push(action))
    }

    /// Has this happen once the response is done.
    #[must_use]
    pub fn after(self, action: ActionConfig) -> Self {
        self.with(|answer| answer.after.push(action))
    }

    /// Is sent at this pace.
    #[must_use]
    pub fn paced(self, pace: Pace) -> Self {
        self.with(|answer| answer.pacing = Some(Short(pace)))
    }

    /// What follows is another answer, for the next time.
    #[must_use]
    pub fn next_time(mut self) -> Self {
        self.answer.push(Answer::empty());
        self
    }

    /// Uses its answers in this order.
    #[must_use]
    pub fn order(mut self, order: AnswerOrder) -> Self {
        self.order = order;
        self
    }

    /// Begins with so many points.
    #[must_use]
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// Leaves the conversation in this state.
    #[must_use]
    pub fn then(mut self, state: &str) -> Self {
        self.then = Some(state.to_owned());
        self
    }

    /// Changes its last answer.
    fn with(mut self, change: impl FnOnce(&mut Answer)) -> Self {
        if self.answer.is_empty() {
            self.answer.push(Answer::empty());
        }
        if let Some(answer) = self.answer.last_mut() {
            change(answer);
        }
        self
    }
}

impl Scenario {
    /// A scenario of this name that has nothing to say yet.
    pub fn new(name: &str) -> Self {
        Self {
            name: Some(name.to_owned()),
            ..Self::default()
        }
    }

    /// With this response. One of the same name is replaced.
    #[must_use]
    pub fn response(mut self, name: &str, response: MockResponseConfig) -> Self {
        self.responses.insert(name.to_owned(), response);
        self
    }

    /// The response of this name; one with the default answer, if there is none.
    pub fn response_or_default(&self, name: &str) -> MockResponseConfig {
        let otherwise = || match &self.default {
            Some(answer) => MockResponseConfig {
                answer: answer.0.clone().into(),
                ..MockResponseConfig::default()
            },
            None => MockResponseConfig::default(),
        };
        self.responses.get(name).cloned().unwrap_or_else(otherwise)
    }

    /// With this answer where no response fits.
    #[must_use]
    pub fn otherwise(mut self, answer: Answer) -> Self {
        self.default = Some(Short(answer));
        self
    }

    /// With these states; it begins in the first.
    #[must_use]
    pub fn states<'a>(mut self, states: impl IntoIterator<Item = &'a str>) -> Self {
        self.states = states.into_iter().map(str::to_owned).collect();
        self
    }

    /// With this state as an end.
    #[must_use]
    pub fn ending_in(mut self, state: &str) -> Self {
        self.end_states.push(state.to_owned());
        self
    }

    /// Takes this from all the user says; the error says what is wrong with the pattern.
    pub fn capture(mut self, name: &str, pattern: &str) -> Result<Self, String> {
        let pattern = Pattern::new(pattern).map_err(|error| error.to_string())?;
        self.captures.insert(name.to_owned(), pattern);
        Ok(self)
    }

    /// Hears the user say this, a turn of speech each.
    #[must_use]
    pub fn hears<'a>(mut self, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let heard = texts.into_iter().map(|text| super::model::HeardConfig {
            text: text.to_owned(),
            ..super::model::HeardConfig::default()
        });
        self.hears.extend(heard);
        self
    }
}
