//! A scenario out of a recorded session, to start from.

mod heard;
mod responses;

use indexmap::IndexMap;

use crate::audio::Clip;
use crate::recording::RecordedSession;

use super::file::Unwritable;
use super::model::{
    Answer, MockResponseConfig, OneOrMany, Phrase, ResponseSelectionCriteria, Scenario, Short,
    Template, TextCondition, ToolOutputCondition,
};
use responses::{Cause, Recorded};

/// What the mock says to what was not recorded.
const DEFAULT: &str = "This was not recorded.";

/// A scenario out of a recorded session: what the user was heard to say, and what was said and called
/// then, as fast as it was. The recorded client gets the same types of events from it, in the same
/// order, as far as a scenario decides that.
///
/// ```
/// use mock_realtime::recording::Recording;
/// use mock_realtime::scenario::RecordedScenario;
///
/// let log = r#"
/// {"dir":"c2s","event":{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"Good morning"}]}}}
/// {"dir":"c2s","event":{"type":"response.create"}}
/// {"dir":"s2c","event":{"type":"response.created","response":{"id":"resp_1"}}}
/// {"dir":"s2c","event":{"type":"response.done","response":{"id":"resp_1","status":"completed","output":[
///     {"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello!"}]}]}}}"#;
/// # let log = log.replace("\n///     ", "");
/// # let log = log.replace("[\n    {", "[{");
/// let recording = Recording::parse("hello.jsonl", log.as_bytes())?;
/// let recorded = RecordedScenario::of(&recording.sessions[0], None);
/// assert_eq!(recorded.scenario.responses["good_morning"].text(), Some("Hello!"));
/// println!("{}", recorded.to_yaml().unwrap());
/// # Ok::<(), mock_realtime::recording::RecordingError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RecordedScenario {
    /// The scenario.
    pub scenario: Scenario,
    /// The sounds that its answers name, by their names in it.
    pub sounds: Vec<(String, Clip)>,
    /// What people want to know of a response, by its name.
    comments: IndexMap<String, Vec<String>>,
}

impl RecordedScenario {
    /// The scenario of a session. With a folder, answers are the recorded sounds, in files there:
    /// [`sounds`](Self::sounds) has what they are to have in them. Without one the mock's own voice
    /// says the transcripts.
    pub fn of(session: &RecordedSession, sounds: Option<&str>) -> Self {
        let mut made = Self {
            scenario: Scenario {
                hears: heard::heard(session),
                default: Some(Short(Answer::say(Template::literal(DEFAULT)))),
                ..Scenario::default()
            },
            sounds: Vec::new(),
            comments: IndexMap::new(),
        };
        let recorded = responses::responses(session);
        for response in &recorded {
            made.add(response, sounds);
        }
        made.put_longer_first();
        made
    }

    fn add(&mut self, recorded: &Recorded, sounds: Option<&str>) {
        let when = criteria(&recorded.cause);
        let known = self.scenario.responses.iter();
        let same = known.filter(|(_, response)| response.when == when);
        let name = match same.map(|(name, _)| name.clone()).next() {
            Some(name) => name,
            None => self.free_name(&recorded.cause),
        };
        let mut answer = recorded.answer.clone();
        if let Some(folder) = sounds {
            let number = self.comments.get(&name).map_or(1, |said| said.len() + 1);
            self.sounds
                .extend(recorded.with_sound(&mut answer, &format!("{folder}/{name}_{number}.wav")));
        }
        let comments = self.comments.entry(name.clone()).or_default();
        comments.push(recorded.comment.clone());
        let response = self.scenario.responses.entry(name);
        let response = response.or_insert_with(|| MockResponseConfig {
            when,
            answer: OneOrMany::default(),
            ..MockResponseConfig::default()
        });
        response.answer.0.push(answer);
    }

    fn free_name(&self, cause: &Cause) -> String {
        let name = cause.name();
        let is_free = |name: &String| !self.scenario.responses.contains_key(name);
        let others = (2..).map(|number| format!("{name}_{number}"));
        let mut names = std::iter::once(name.clone()).chain(others);
        names.find(is_free).unwrap_or(name)
    }

    /// Where the words of one response are among those of another, the other one is meant.
    fn put_longer_first(&mut self) {
        let phrases: Vec<Option<String>> = self
            .scenario
            .responses
            .values()
            .map(|response| words(response).map(|phrase| phrase.normalised.clone()))
            .collect();
        for (place, response) in self.scenario.responses.values_mut().enumerate() {
            let Some(own) = &phrases[place] else {
                continue;
            };
            let within = phrases.iter().flatten();
            let within = within.filter(|other| *other != own && own.contains(other.as_str()));
            response.priority = i32::try_from(within.count()).unwrap_or(i32::MAX) * 100;
        }
    }

    /// The scenario as the text of a YAML file, with comments.
    ///
    /// # Errors
    ///
    /// Where it was changed to what cannot be written.
    pub fn to_yaml(&self) -> Result<String, Unwritable> {
        let text = self.scenario.to_yaml()?;
        let mut commented = String::from(
            "# What was said in a recorded session, to start from. Of the responses whose conditions all hold,\n\
             # the one with the most points is given; of several answers one after the other.\n",
        );
        let mut is_within = false;
        for line in text.lines() {
            if line == "hears:" {
                commented.push_str("# What the user is heard to say, a turn of speech each.\n");
            }
            if !line.starts_with(' ') {
                is_within = line == "responses:";
            }
            let name = line
                .strip_prefix("  ")
                .and_then(|line| line.strip_suffix(':'));
            let name = name.map(|name| name.trim_matches('"'));
            let comments = name
                .filter(|_| is_within)
                .and_then(|name| self.comments.get(name));
            for comment in comments.into_iter().flatten() {
                commented.push_str("  # ");
                commented.push_str(comment);
                commented.push('\n');
            }
            commented.push_str(line);
            commented.push('\n');
        }
        Ok(commented)
    }
}

fn words(response: &MockResponseConfig) -> Option<&Phrase> {
    response.when.text.as_ref()?.any.first()
}

/// When a response is given that had this cause.
fn criteria(cause: &Cause) -> ResponseSelectionCriteria {
    let nothing = ResponseSelectionCriteria::default();
    match cause {
        Cause::Words(text) => match Phrase::new(text.clone()) {
            Ok(phrase) => ResponseSelectionCriteria {
                text: Some(Short(TextCondition {
                    any: phrase.into(),
                    ..TextCondition::default()
                })),
                ..nothing
            },
            // Nothing that could be looked for.
            Err(_) => nothing,
        },
        Cause::Tool(tool) => ResponseSelectionCriteria {
            tool_output: Some(Short(ToolOutputCondition {
                tool: tool.clone(),
                ..ToolOutputCondition::default()
            })),
            ..nothing
        },
        Cause::Nothing => nothing,
    }
}
