//! What is wrong with a scenario, and where.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

use super::path::Path;

/// Something wrong in a file.
#[derive(Clone, Debug)]
pub struct Problem {
    message: String,
    help: Option<String>,
    source: Arc<NamedSource<String>>,
    span: Range<usize>,
    path: Path,
}

impl Problem {
    pub(super) fn new(
        source: &Arc<NamedSource<String>>,
        span: Range<usize>,
        message: String,
        help: Option<String>,
    ) -> Self {
        Self {
            message,
            help,
            source: Arc::clone(source),
            span,
            path: Path::default(),
        }
    }

    /// The same, at a path.
    pub(super) fn at(self, path: Path) -> Self {
        Self { path, ..self }
    }

    /// The path from the root to what is wrong, such as `responses.hello.answer[0]`; empty at the root.
    pub fn path(&self) -> String {
        self.path.to_string()
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it, where that is known.
    pub fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The file.
    pub fn file(&self) -> &str {
        self.source.name()
    }

    /// The line and the column in it, in characters, both from 1.
    pub fn position(&self) -> (usize, usize) {
        let before = self
            .source
            .inner()
            .get(..self.span.start)
            .unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        (line, column)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&*self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::new_with_span(None, self.span.clone());
        Some(Box::new(std::iter::once(label)))
    }
}

/// All that is wrong with a scenario: one problem at least.
#[derive(Clone, Debug)]
pub struct Problems(pub(super) Vec<Problem>);

impl Problems {
    /// A file that cannot be read at all.
    #[cfg(feature = "telephony")]
    pub(crate) fn unreadable(name: &str, error: &std::io::Error) -> Self {
        let source = Arc::new(NamedSource::new(name, String::new()));
        let message = format!("{name} cannot be read: {error}");
        Self(vec![Problem::new(&source, 0..0, message, None)])
    }

    /// The problems, in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    /// A line each: file, line, column, what is wrong, what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.0.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            let (line, column) = problem.position();
            write!(f, "{}:{line}:{column}: {problem}", problem.file())?;
            if let Some(help) = problem.help_text() {
                write!(f, "; {help}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl Diagnostic for Problems {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(
            self.0.iter().map(|problem| problem as &dyn Diagnostic),
        ))
    }
}
