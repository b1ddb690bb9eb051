//! What can be wrong between the parts of a scenario: names that nobody has, files that are not
//! there, names that two files have.

use std::path::PathBuf;

use indexmap::IndexMap;

use super::path::Path;
use super::{Part, Problem};
use crate::scenario::intents;
use crate::scenario::model::{
    Answer, DelegateConfig, EndState, MessageConfig, MockResponseConfig, OutputItem, Pattern,
    ResponseSelectionCriteria, Scenario, TemplateUse,
};
use crate::scenario::nearest::nearest;

/// Adds what a file says to what those before it said.
pub(super) fn merge(merged: &mut Scenario, part: &Part, problems: &mut Vec<Problem>) {
    let mut own = part.scenario.clone();
    resolve_audio(&mut own, part);
    let root = Path::default();
    let mut clash = |section: &str, key: &str| {
        let path = root.key(section).key(key);
        let message = format!("another file of the scenario has a `{key}` under `{section}`, too");
        problems.push(part.problem(&path, message, None));
    };
    add(&mut merged.captures, own.captures, |key| {
        clash("captures", key);
    });
    add(&mut merged.intents, own.intents, |key| {
        clash("intents", key);
    });
    add(&mut merged.templates, own.templates, |key| {
        clash("templates", key);
    });
    add(&mut merged.mcp_servers, own.mcp_servers, |key| {
        clash("mcp_servers", key);
    });
    add(&mut merged.responses, own.responses, |key| {
        clash("responses", key);
    });
    let new_states = own
        .states
        .into_iter()
        .filter(|state| !merged.states.contains(state));
    let new_states: Vec<String> = new_states.collect();
    merged.states.extend(new_states);
    merged.end_states.extend(own.end_states.0);
    merged.hears.extend(own.hears.0);
    merged.ignore_images |= own.ignore_images;
    merged.name = own.name.or(merged.name.take());
    merged.pacing = own.pacing.or(merged.pacing.take());
    merged.default = own.default.or(merged.default.take());
    merged.faults = std::mem::take(&mut merged.faults).and(own.faults);
}

fn add<T>(into: &mut IndexMap<String, T>, from: IndexMap<String, T>, mut clash: impl FnMut(&str)) {
    for (key, value) in from {
        if into.contains_key(&key) {
            clash(&key);
        } else {
            into.insert(key, value);
        }
    }
}

/// Makes the sound files of a part relative to where the program runs.
fn resolve_audio(scenario: &mut Scenario, part: &Part) {
    let of_responses = scenario
        .responses
        .values_mut()
        .flat_map(|response| response.answer.iter_mut());
    let of_templates = scenario
        .templates
        .values_mut()
        .map(|template| &mut template.answer.0);
    let default = scenario.default.iter_mut().map(|answer| &mut answer.0);
    let answers = of_responses.chain(of_templates).chain(default);
    answers.for_each(|answer| resolve_audio_of(answer, part));
}

fn resolve_audio_of(answer: &mut Answer, part: &Part) {
    let in_output = answer.output.iter_mut().filter_map(|item| match item {
        OutputItem::Say(message) => Some(&mut message.0),
        _ => None,
    });
    let messages = answer
        .say
        .iter_mut()
        .map(|message| &mut message.0)
        .chain(in_output);
    for file in messages.filter_map(|message| message.audio_file.as_mut()) {
        *file = part.folder.join(&*file).display().to_string();
    }
    if let Some(delegate) = &mut answer.delegate {
        resolve_audio_of(&mut delegate.fallback.0, part);
    }
}

/// Checks what a file says against the whole scenario. Sound files are noted, if there may be any.
pub(super) fn check(
    scenario: &Scenario,
    part: &Part,
    problems: &mut Vec<Problem>,
    files: Option<&mut Vec<PathBuf>>,
) {
    let mut check = Check {
        scenario,
        part,
        captures: captures(scenario),
        problems,
        files,
    };
    let root = Path::default();
    for (index, state) in part.scenario.end_states.iter().enumerate() {
        check.state(&root.key("end_states").index(index), state);
    }
    for (name, response) in &part.scenario.responses {
        check.response(&root.key("responses").key(name), response);
    }
    for (name, template) in &part.scenario.templates {
        let path = root.key("templates").key(name).key("answer");
        check.answer(&path, &template.answer);
        if template.answer.template.is_some() {
            let message = "a reusable answer cannot use another".to_owned();
            check.report(&path.key("use"), message, None);
        }
    }
    if let Some(answer) = &part.scenario.default {
        check.answer(&root.key("default"), answer);
    }
}

/// All that can be captured.
fn captures(scenario: &Scenario) -> Vec<&str> {
    let mut names: Vec<&str> = scenario.captures.keys().map(String::as_str).collect();
    for response in scenario.responses.values() {
        for criteria in response.when.and_within() {
            let patterns = criteria.text.iter().flat_map(|text| text.patterns());
            names.extend(patterns.flat_map(Pattern::names));
        }
    }
    names
}

struct Check<'a> {
    scenario: &'a Scenario,
    part: &'a Part,
    captures: Vec<&'a str>,
    problems: &'a mut Vec<Problem>,
    files: Option<&'a mut Vec<PathBuf>>,
}

impl Check<'_> {
    fn report(&mut self, path: &Path, message: String, help: Option<String>) {
        self.problems.push(self.part.problem(path, message, help));
    }

    /// Reports a name that is none of the known ones.
    fn known<'k>(
        &mut self,
        path: &Path,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'k str>,
    ) {
        let known: Vec<&str> = known.collect();
        if known.contains(&name) {
            return;
        }
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => format!("the scenario has no {what} at all"),
            None => format!("there are {}", known.join(", ")),
        };
        self.report(path, format!("there is no {what} `{name}`"), Some(help));
    }

    fn state(&mut self, path: &Path, name: &str) {
        let scenario = self.scenario;
        self.known(
            path,
            "state",
            name,
            scenario.states.iter().map(String::as_str),
        );
    }

    fn response(&mut self, path: &Path, response: &MockResponseConfig) {
        self.criteria(&path.key("when"), &response.when);
        if let Some(state) = &response.then {
            self.state(&path.key("then"), state);
        }
        if response.answer.is_empty() {
            let message = "a response needs an answer".to_owned();
            self.report(&path.key("answer"), message, None);
        }
        for (index, answer) in response.answer.iter().enumerate() {
            self.answer(&path.key("answer").index(index), answer);
        }
    }

    fn criteria(&mut self, path: &Path, when: &ResponseSelectionCriteria) {
        let scenario = self.scenario;
        for (index, intent) in when.intent.iter().enumerate() {
            let declared = scenario.intents.keys().map(String::as_str);
            let built_in = intents::built_in().map(|name| -> &str { name });
            let known = declared.chain(built_in);
            self.known(&path.key("intent").index(index), "intent", intent, known);
        }
        for (index, state) in when.state.iter().enumerate() {
            self.state(&path.key("state").index(index), state);
        }
        for (index, name) in when.captured.iter().enumerate() {
            let known = self.captures.clone().into_iter();
            self.known(&path.key("captured").index(index), "capture", name, known);
        }
        if when
            .no_input_seconds
            .is_some_and(|seconds| !seconds.is_finite() || seconds < 0.0)
        {
            let message = "a silence lasts 0 seconds or more".to_owned();
            self.report(&path.key("no_input_seconds"), message, None);
        }
        for (key, list) in [("all", &when.all), ("any", &when.any)] {
            for (index, within) in list.iter().enumerate() {
                self.criteria(&path.key(key).index(index), within);
            }
        }
        if let Some(within) = &when.not {
            self.criteria(&path.key("not"), within);
        }
    }

    fn answer(&mut self, path: &Path, answer: &Answer) {
        if let Some(of) = &answer.template {
            self.template(&path.key("use"), of);
            let alone = Answer {
                template: Some(of.clone()),
                ..Answer::empty()
            };
            if *answer != alone {
                let message = "what stands beside `use` would not be answered".to_owned();
                let help = Some("a reusable answer stands alone".to_owned());
                self.report(&path.key("use"), message, help);
            }
        }
        if let Some(delegate) = &answer.delegate {
            self.delegate(&path.key("delegate"), answer, delegate);
        }
        if let Some(message) = &answer.say {
            self.audio(&path.key("say"), message);
        }
        for (index, item) in answer.output.iter().enumerate() {
            if let OutputItem::Say(message) = item {
                self.audio(&path.key("output").index(index).key("say"), message);
            }
        }
    }

    fn delegate(&mut self, path: &Path, answer: &Answer, delegate: &DelegateConfig) {
        if !cfg!(feature = "delegate") {
            let message = "this build of mock-realtime asks no delegates".to_owned();
            let help = Some("build it with the feature `delegate`".to_owned());
            self.report(path, message, help);
        }
        let alone = Answer {
            delegate: answer.delegate.clone(),
            ..Answer::empty()
        };
        if *answer != alone {
            let message = "what stands beside `delegate` would not be answered".to_owned();
            let help = Some("what to say where it fails stands in its `fallback`".to_owned());
            self.report(path, message, help);
        }
        let path = path.key("fallback");
        if delegate.fallback.delegate.is_some() {
            let message = "the fallback of a delegate cannot be another".to_owned();
            return self.report(&path, message, None);
        }
        if delegate.fallback.ending == EndState::NoResponse {
            let message = "`no_response` comes too late: the response has begun".to_owned();
            self.report(&path.key("ending"), message, None);
        }
        self.answer(&path, &delegate.fallback);
    }

    fn template(&mut self, path: &Path, of: &TemplateUse) {
        let scenario = self.scenario;
        let names = scenario.templates.keys().map(String::as_str);
        self.known(&path.key("template"), "template", &of.template, names);
        let Some(template) = scenario.templates.get(&of.template) else {
            return;
        };
        for name in of.parameters.keys() {
            let known = template.parameters.keys().map(String::as_str);
            self.known(&path.key("with").key(name), "parameter", name, known);
        }
        let missing = template
            .parameters
            .iter()
            .filter(|(name, default)| default.is_none() && !of.parameters.contains_key(*name));
        for (name, _) in missing {
            let message = format!("the parameter `{name}` of `{}` is not given", of.template);
            self.report(path, message, None);
        }
    }

    /// A sound file has to be there and be sound, unless it is not used.
    fn audio(&mut self, path: &Path, message: &MessageConfig) {
        let (Some(file), None) = (&message.audio_file, &message.audio_data) else {
            return;
        };
        let Some(files) = &mut self.files else {
            let message = "a scenario that is sent cannot name files".to_owned();
            let help = Some("`audio_data` has the sound itself".to_owned());
            return self.report(&path.key("audio_file"), message, help);
        };
        let file = self.part.folder.join(file);
        files.push(file.clone());
        if let Err(reason) = crate::scenario::audio::check(&file) {
            let message = format!("{} cannot be used as speech: {reason}", file.display());
            let help = Some("paths are relative to the file they stand in".to_owned());
            self.report(&path.key("audio_file"), message, help);
        }
    }
}
