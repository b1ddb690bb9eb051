//! The generator of the built-in scenario.

use std::collections::VecDeque;

use crate::protocol::realtime::{ConversationItem, Message};

use super::{ResponseGenerator, ResponsePlan, ResponseRequest};

/// Answers from a list, one after the other, and with what the user said when the list is at its
/// end.
///
/// ```
/// use mock_realtime::generators::{ResponsePlan, Scripted};
///
/// let texts = Scripted::new(["Good morning!", "Goodbye."]);
/// let plans = Scripted::of([ResponsePlan::call("weather", r#"{"city":"Oslo"}"#), ResponsePlan::message("It rains.")]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Scripted {
    plans: VecDeque<ResponsePlan>,
}

impl Scripted {
    /// Says these texts in turn.
    pub fn new<T: Into<String>>(answers: impl IntoIterator<Item = T>) -> Self {
        Self::of(answers.into_iter().map(ResponsePlan::message))
    }

    /// Follows these plans in turn.
    pub fn of(plans: impl IntoIterator<Item = ResponsePlan>) -> Self {
        Self {
            plans: plans.into_iter().collect(),
        }
    }
}

impl ResponseGenerator for Scripted {
    fn generate(&mut self, request: ResponseRequest<'_>) -> ResponsePlan {
        self.plans.pop_front().unwrap_or_else(|| {
            ResponsePlan::message(match last_said(&request) {
                Some(text) => format!("You said: {text}"),
                None => "Hello! How can I help you today?".to_owned(),
            })
        })
    }
}

/// What the user last said: typed, or as it was heard.
fn last_said(request: &ResponseRequest<'_>) -> Option<String> {
    let message = request
        .conversation
        .items()
        .rev()
        .find_map(|item| match item {
            ConversationItem::Message(Message::User(message)) => Some(message),
            _ => None,
        })?;
    let texts: Vec<&str> = message
        .content
        .iter()
        .filter_map(|part| part.text.as_deref())
        .collect();
    if texts.is_empty() {
        let heard = request.conversation.heard(message.id.as_ref()?)?;
        return Some(heard.to_owned());
    }
    Some(texts.join(" "))
}
