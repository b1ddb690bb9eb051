//! Responses that fail.

use crate::generators::{ResponseGenerator, ResponsePlan, ResponseRequest};

/// A response that is to fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// Which one, from 1.
    pub(super) number: usize,
    pub(super) kind: String,
    pub(super) code: String,
}

/// A generator some of whose responses fail. Those do not ask the generator inside.
pub(super) struct FailingGenerator {
    inside: Box<dyn ResponseGenerator>,
    failures: Vec<Failure>,
    responses: usize,
}

impl FailingGenerator {
    pub(super) fn new(inside: Box<dyn ResponseGenerator>, failures: Vec<Failure>) -> Self {
        Self {
            inside,
            failures,
            responses: 0,
        }
    }
}

impl ResponseGenerator for FailingGenerator {
    fn generate(&mut self, request: ResponseRequest<'_>) -> ResponsePlan {
        self.responses += 1;
        let failure = self
            .failures
            .iter()
            .find(|failure| failure.number == self.responses);
        match failure {
            Some(failure) => ResponsePlan::failed(&failure.kind, &failure.code),
            None => self.inside.generate(request),
        }
    }
}
