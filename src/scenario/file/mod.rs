//! Scenarios in files of YAML or JSON.

mod check;
mod de;
#[cfg(feature = "telephony")]
mod document;
mod node;
mod path;
mod problem;
mod write;

use std::collections::HashSet;
use std::fs;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use miette::NamedSource;
use serde::de::DeserializeOwned;

use super::model::Scenario;
use de::{ReadError, Reader};
#[cfg(feature = "telephony")]
pub(crate) use document::Document;
use node::Node;
use path::Path;
#[cfg(feature = "telephony")]
pub(crate) use path::Segment as Step;
pub use problem::{Problem, Problems};
pub use write::Unwritable;

/// The most problems that are told at once.
const MOST_PROBLEMS: usize = 100;

/// A scenario that was read, and the files it came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The scenario with all it includes.
    pub scenario: Scenario,
    /// All files it consists of, the sound ones too: what to watch for changes.
    pub files: Vec<PathBuf>,
}

/// Reads a scenario from a file and those it includes.
///
/// The errors are all there are at once, each with its place.
///
/// ```no_run
/// # fn main() -> Result<(), mock_realtime::scenario::Problems> {
/// let loaded = mock_realtime::scenario::load("restaurant.yaml".as_ref())?;
/// println!("{} responses", loaded.scenario.responses.len());
/// # Ok(())
/// # }
/// ```
pub fn load(file: &FilePath) -> Result<Loaded, Problems> {
    let mut reading = Reading::default();
    let name = file.display().to_string();
    match fs::read_to_string(file) {
        Ok(text) => reading.read(&name, file, text),
        Err(error) => {
            let source = Arc::new(NamedSource::new(name, String::new()));
            let message = format!("{} cannot be read: {error}", file.display());
            reading
                .problems
                .push(Problem::new(&source, 0..0, message, None));
        }
    }
    reading.finish()
}

/// Reads a scenario from a text. Files it names are relative to the folder the program runs in.
///
/// ```
/// use mock_realtime::scenario::parse;
///
/// let problems = parse("bakery.yaml", "respnses: {}").unwrap_err();
/// assert_eq!(
///     problems.to_string(),
///     "bakery.yaml:1:1: there is no key `respnses` here; did you mean `responses`?"
/// );
/// ```
pub fn parse(name: &str, text: &str) -> Result<Loaded, Problems> {
    let mut reading = Reading::default();
    reading.read(name, FilePath::new(""), text.to_owned());
    let mut loaded = reading.finish()?;
    loaded.files.remove(0);
    Ok(loaded)
}

/// Reads a scenario that somebody has sent, who may not look into this machine's files.
#[cfg(feature = "admin")]
pub(crate) fn parse_sent(name: &str, text: &str) -> Result<Scenario, Problems> {
    let mut reading = Reading {
        files_are_barred: true,
        ..Reading::default()
    };
    reading.read(name, FilePath::new(""), text.to_owned());
    reading.finish().map(|loaded| loaded.scenario)
}

/// Reads any value of a text of YAML or JSON, or the first problem with it.
#[cfg(any(feature = "admin", feature = "delegate"))]
pub(crate) fn read<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> Result<T, Problems> {
    let source = || Arc::new(NamedSource::new(name, text.to_owned()));
    let root = Node::parse(text).map_err(|error| {
        Problems(vec![Problem::new(
            &source(),
            error.span,
            error.message,
            None,
        )])
    })?;
    T::deserialize(Reader(&root)).map_err(|error| {
        let place = error.place.unwrap_or(0..0);
        let problem = Problem::new(&source(), place, error.message, error.help);
        Problems(vec![problem.at(error.path)])
    })
}

/// The JSON Schema of scenario files, for editors and validators.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Scenario)
}

/// A file of a scenario.
#[derive(Debug)]
struct Part {
    source: Arc<NamedSource<String>>,
    root: Node,
    folder: PathBuf,
    scenario: Scenario,
}

impl Part {
    fn problem(&self, path: &Path, message: String, help: Option<String>) -> Problem {
        Problem::new(&self.source, self.root.place(path), message, help).at(path.clone())
    }
}

/// The files read so far: those that are included before those that include them.
#[derive(Debug, Default)]
struct Reading {
    parts: Vec<Part>,
    problems: Vec<Problem>,
    files: Vec<PathBuf>,
    /// The files that include the one that is read, for none may include itself.
    open: Vec<PathBuf>,
    /// Whether no file may be named.
    files_are_barred: bool,
}

impl Reading {
    fn read(&mut self, name: &str, file: &FilePath, text: String) {
        let identity = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        self.files.push(file.to_owned());
        let source = Arc::new(NamedSource::new(name, text));
        let mut root = match Node::parse(source.inner()) {
            Ok(root) => root,
            Err(error) => {
                let problem = Problem::new(&source, error.span, error.message, None);
                return self.problems.push(problem);
            }
        };
        let scenario = deserialize(&source, &mut root, &mut self.problems);
        let folder = file.parent().unwrap_or(FilePath::new("")).to_owned();
        let part = Part {
            source,
            root,
            folder,
            scenario,
        };
        self.open.push(identity);
        for (index, include) in part.scenario.include.iter().enumerate() {
            let path = Path::default().key("include").index(index);
            self.include(&part, &path, include);
        }
        self.open.pop();
        self.parts.push(part);
    }

    fn include(&mut self, part: &Part, path: &Path, include: &str) {
        if self.files_are_barred {
            let message = "a scenario that is sent cannot include files".to_owned();
            let help = Some("write all of it into one".to_owned());
            return self.problems.push(part.problem(path, message, help));
        }
        let file = part.folder.join(include);
        let identity = fs::canonicalize(&file).unwrap_or_else(|_| file.clone());
        if self.open.contains(&identity) {
            let message = format!("`{include}` includes this file already");
            return self.problems.push(part.problem(path, message, None));
        }
        match fs::read_to_string(&file) {
            Ok(text) => self.read(&file.display().to_string(), &file, text),
            Err(error) => {
                let message = format!("{} cannot be read: {error}", file.display());
                let help = Some("paths are relative to the file they stand in".to_owned());
                self.problems.push(part.problem(path, message, help));
            }
        }
    }

    fn finish(mut self) -> Result<Loaded, Problems> {
        let mut merged = Scenario::default();
        for part in &self.parts {
            check::merge(&mut merged, part, &mut self.problems);
        }
        for part in &self.parts {
            let files = (!self.files_are_barred).then_some(&mut self.files);
            check::check(&merged, part, &mut self.problems, files);
        }
        if self.problems.is_empty() {
            return Ok(Loaded {
                scenario: merged,
                files: self.files,
            });
        }
        // In the order of their places, file by file.
        let order: Vec<String> = self
            .problems
            .iter()
            .map(|problem| problem.file().to_owned())
            .collect();
        self.problems.sort_by_key(|problem| {
            let file = order.iter().position(|file| file == problem.file());
            (file, problem.position())
        });
        Err(Problems(self.problems))
    }
}

/// The value of a tree. What is wrong is written down and taken out until the rest is right.
fn deserialize<T: DeserializeOwned + Default>(
    source: &Arc<NamedSource<String>>,
    root: &mut Node,
    problems: &mut Vec<Problem>,
) -> T {
    let mut taken_out: HashSet<(usize, String)> = HashSet::new();
    loop {
        let error = match T::deserialize(Reader(root)) {
            Ok(value) => return value,
            Err(error) => error,
        };
        let ReadError {
            message,
            help,
            missing,
            empty,
            place,
            path,
        } = error;
        // What was taken out is missing now, which is nobody's mistake.
        let holder = root.span_of(&path);
        let follows = match missing {
            Some(field) => taken_out.contains(&(holder, field.to_owned())),
            None => empty && taken_out.iter().any(|(from, _)| *from == holder),
        };
        if !follows {
            let place = place.unwrap_or(0..0);
            problems.push(Problem::new(source, place, message, help).at(path.clone()));
        }
        // Each is found by reading all of it again.
        if problems.len() >= MOST_PROBLEMS {
            return T::default();
        }
        match root.take_out(&path) {
            Some(taken) => taken_out.insert(taken),
            None => return T::default(),
        };
    }
}
