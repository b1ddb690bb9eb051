//! A file of another kind than a scenario, read with the same care.

use std::sync::Arc;

use miette::NamedSource;
use serde::de::DeserializeOwned;

use super::deserialize;
use super::node::Node;
use super::path::{Path, Segment};
use super::problem::{Problem, Problems};

/// A file that was read, and can still be blamed for what its reader cannot see.
pub(crate) struct Document<T> {
    /// What it says.
    pub(crate) value: T,
    source: Arc<NamedSource<String>>,
    root: Node,
    problems: Vec<Problem>,
}

impl<T: DeserializeOwned + Default> Document<T> {
    /// Reads a text of YAML or JSON; the error is that it is neither.
    pub(crate) fn parse(name: &str, text: String) -> Result<Self, Problems> {
        let source = Arc::new(NamedSource::new(name, text));
        let mut root = Node::parse(source.inner()).map_err(|error| {
            Problems(vec![Problem::new(&source, error.span, error.message, None)])
        })?;
        let mut problems = Vec::new();
        let value = deserialize(&source, &mut root, &mut problems);
        Ok(Self {
            value,
            source,
            root,
            problems,
        })
    }

    /// Notes what is wrong with the value at the end of a way.
    pub(crate) fn blame(&mut self, way: &[Segment], message: String, help: Option<String>) {
        let steps = way.iter().cloned().rev();
        let path = steps.fold(Path::default(), Path::after);
        let place = self.root.place(&path);
        self.problems
            .push(Problem::new(&self.source, place, message, help).at(path));
    }

    /// The value, if nothing is wrong.
    pub(crate) fn finish(mut self) -> Result<T, Problems> {
        if self.problems.is_empty() {
            return Ok(self.value);
        }
        self.problems.sort_by_key(Problem::position);
        Err(Problems(self.problems))
    }
}
