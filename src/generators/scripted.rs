//! The generator of the built-in scenario.

use crate::protocol::realtime::{ConversationItem, Message};

use super::{ResponseGenerator, ResponsePlan, ResponseRequest};

/// Answers from a list, one after the other, and with what the user said when the list is at its
/// end.
///
/// ```
/// use mock_realtime::generators::Scripted;
///
/// let generator = Scripted::new(["Good morning!", "Goodbye."]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Scripted {
    answers: std::collections::VecDeque<String>,
}

impl Scripted {
    /// Says these texts in turn.
    pub fn new<T: Into<String>>(answers: impl IntoIterator<Item = T>) -> Self {
        Self {
            answers: answers.into_iter().map(Into::into).collect(),
        }
    }
}

impl ResponseGenerator for Scripted {
    fn generate(&mut self, request: ResponseRequest<'_>) -> ResponsePlan {
        let answer = self
            .answers
            .pop_front()
            .unwrap_or_else(|| match last_said(&request) {
                Some(text) => format!("You said: {text}"),
                None => "Hello! How can I help you today?".to_owned(),
            });
        ResponsePlan::message(answer)
    }
}

/// The text of the user's last message.
fn last_said(request: &ResponseRequest<'_>) -> Option<String> {
    request
        .conversation
        .items()
        .rev()
        .find_map(|item| match item {
            ConversationItem::Message(Message::User(message)) => {
                let texts: Vec<&str> = message
                    .content
                    .iter()
                    .filter_map(|part| part.text.as_deref())
                    .collect();
                (!texts.is_empty()).then(|| texts.join(" "))
            }
            _ => None,
        })
}
