//! Which response is chosen.
//!
//! The best score wins, the earlier one of equals. A response without conditions is a catch-all:
//! it is chosen where nothing with conditions fits.

use serde_json::Value;

use crate::protocol::realtime::ToolChoice;

use super::model::{
    Answer, AnswerOrder, MockResponseConfig, ModalityConfig, ResponseSelectionCriteria, Scenario,
    TextCondition, ToolOutputCondition,
};
use super::situation::Situation;
use super::words::Words;

/// What each condition gives where it holds.
mod points {
    pub(super) const KEYWORDS: i32 = 10;
    pub(super) const INTENT: i32 = 15;
    pub(super) const MODALITY: i32 = 5;
    pub(super) const TOOLS: i32 = 8;
    pub(super) const PATTERN: i32 = 12;
    /// The answer and the user's words have a word in common.
    pub(super) const OVERLAP: i32 = 3;
    /// What can be said of few situations only.
    pub(super) const SPECIFIC: i32 = 20;
    /// What is true of a whole session.
    pub(super) const SESSION: i32 = 5;
    /// What rules out, and gives nothing.
    pub(super) const NONE: i32 = 0;
}

/// A condition and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The condition, by its name in a file.
    pub condition: String,
    /// Whether it holds.
    pub holds: bool,
    /// The points it gives.
    pub points: i32,
    /// What was asked for, and what there is.
    pub because: String,
}

/// Counts the points of a candidate. It stops at the first condition that does not hold, unless
/// it is to write everything down.
struct Tally<'a> {
    points: i32,
    holds: bool,
    checks: Option<&'a mut Vec<Check>>,
}

/// The name of a condition, put together only where it is written down.
trait Name {
    fn name(self) -> String;
}

impl Name for &str {
    fn name(self) -> String {
        self.to_owned()
    }
}

impl Name for (&str, &str) {
    fn name(self) -> String {
        format!("{}.{}", self.0, self.1)
    }
}

/// Whether to look at the next condition.
type Goes = Option<()>;

impl Tally<'_> {
    fn check(
        &mut self,
        condition: impl Name,
        holds: bool,
        points: i32,
        because: impl FnOnce() -> String,
    ) -> Goes {
        let points = if holds { points } else { 0 };
        self.points = self.points.saturating_add(points);
        self.holds &= holds;
        match &mut self.checks {
            Some(checks) => {
                checks.push(Check {
                    condition: condition.name(),
                    holds,
                    points,
                    because: because(),
                });
                Some(())
            }
            None => holds.then_some(()),
        }
    }

    /// What gives points where it holds, and does no harm elsewhere.
    fn bonus(&mut self, condition: impl Name, points: i32, because: impl FnOnce() -> String) {
        self.points = self.points.saturating_add(points);
        if let Some(checks) = &mut self.checks {
            checks.push(Check {
                condition: condition.name(),
                holds: points > 0,
                points,
                because: because(),
            });
        }
    }
}

/// How often each response was used, in their order.
pub(super) type Uses = [usize];

/// The answer a response gives when it is used the next time; none, if it is used up.
pub(super) fn next_answer(config: &MockResponseConfig, used: usize) -> Option<&Answer> {
    let count = config.answer.len();
    if used < count {
        return config.answer.get(used);
    }
    match config.order {
        AnswerOrder::InOrder => config.answer.last(),
        AnswerOrder::Cycle => config.answer.get(used.checked_rem(count)?),
        AnswerOrder::Once => None,
    }
}

/// The index of the response that is chosen, if one fits. Those that are no candidates are known
/// not to fit.
pub(super) fn choose(
    scenario: &Scenario,
    situation: &Situation,
    uses: &Uses,
    candidates: Option<&[bool]>,
) -> Option<usize> {
    let mut best: Option<(bool, i32, usize)> = None;
    for (index, config) in scenario.responses.values().enumerate() {
        if candidates.is_some_and(|candidates| candidates.get(index) == Some(&false)) {
            continue;
        }
        let conditional = !config.when.is_empty();
        if !conditional && best.is_some_and(|(conditional, _, _)| conditional) {
            continue;
        }
        let times = uses.get(index).copied().unwrap_or(0);
        let Some(score) = assess(config, times, situation, scenario, None) else {
            continue;
        };
        let better = best
            .is_none_or(|(was_conditional, was, _)| (conditional, score) > (was_conditional, was));
        if better {
            best = Some((conditional, score, index));
        }
    }
    best.map(|(_, _, index)| index)
}

/// The score of a response, if all its conditions hold; writes down how it came about.
pub(super) fn assess(
    config: &MockResponseConfig,
    used: usize,
    situation: &Situation,
    scenario: &Scenario,
    checks: Option<&mut Vec<Check>>,
) -> Option<i32> {
    let mut tally = Tally {
        points: config.priority,
        holds: true,
        checks,
    };
    let answer = next_answer(config, used);
    // `None` says that a condition did not hold, and `tally` knows.
    let _ = candidate(&mut tally, config, answer, situation, scenario);
    tally.holds.then_some(tally.points)
}

fn candidate(
    tally: &mut Tally<'_>,
    config: &MockResponseConfig,
    answer: Option<&Answer>,
    situation: &Situation,
    scenario: &Scenario,
) -> Goes {
    if config.order == AnswerOrder::Once {
        tally.check("order", answer.is_some(), points::NONE, || {
            let left = if answer.is_some() {
                "not used up"
            } else {
                "used up"
            };
            format!("{} answers, once: {left}", config.answer.len())
        })?;
    }
    criteria(tally, &config.when, situation)?;
    let answer = answer?;
    let answer = super::render::resolve(answer, scenario);
    tool_choice(tally, answer, situation)?;
    if let (Some(message), false) = (answer.messages().next(), situation.user.is_empty()) {
        let overlaps = !message.text.has_gaps() && situation.user.overlaps(message.text.as_str());
        if overlaps {
            tally.bonus("answer", points::OVERLAP, || {
                "has a word that the user said".to_owned()
            });
        }
    }
    Some(())
}

/// Whether an answer calls what is to be called.
fn tool_choice(tally: &mut Tally<'_>, answer: &Answer, situation: &Situation) -> Goes {
    let calls = || {
        let names: Vec<&str> = answer.tools().map(|(name, _)| name).collect();
        if names.is_empty() {
            "it calls nothing".to_owned()
        } else {
            format!("it calls {}", names.join(", "))
        }
    };
    let mut check = |holds, asked: &dyn Fn() -> String| {
        tally.check("tool_choice", holds, points::NONE, || {
            format!("{}; {}", asked(), calls())
        })
    };
    match &situation.tool_choice {
        Some(ToolChoice::None) => check(answer.tools().next().is_none(), &|| "none".to_owned()),
        Some(ToolChoice::Required) => {
            check(answer.tools().next().is_some(), &|| "required".to_owned())
        }
        Some(ToolChoice::Function(function)) => check(
            answer
                .tools()
                .any(|(name, server)| server.is_none() && name == function.name),
            &|| format!("function {}", function.name),
        ),
        Some(ToolChoice::Mcp(mcp)) => check(
            answer.tools().any(|(name, server)| {
                server == Some(mcp.server_label.as_str())
                    && mcp.name.value().is_none_or(|asked| asked == name)
            }),
            &|| format!("MCP server {}", mcp.server_label),
        ),
        Some(ToolChoice::Auto) | None => Some(()),
    }
}

/// All conditions of these criteria, the cheap ones first.
#[allow(
    clippy::too_many_lines,
    reason = "one condition after the other, each a few lines"
)]
fn criteria(tally: &mut Tally<'_>, when: &ResponseSelectionCriteria, now: &Situation) -> Goes {
    if !when.state.is_empty() {
        let holds = now
            .state
            .as_ref()
            .is_some_and(|state| when.state.contains(state));
        tally.check("state", holds, points::NONE, || {
            let state = now.state.as_deref().unwrap_or("none");
            format!("{}; it is {state}", when.state.join(" or "))
        })?;
    }
    if let Some(turn) = when.turn {
        tally.check("turn", turn.contains(now.turn), points::NONE, || {
            format!("{turn}; it is turn {}", now.turn)
        })?;
    }
    if !when.captured.is_empty() {
        let missing = when
            .captured
            .iter()
            .find(|name| !now.captures.contains_key(*name));
        tally.check(
            "captured",
            missing.is_none(),
            points::NONE,
            || match missing {
                Some(name) => format!("{}; {name} is not", when.captured.join(", ")),
                None => when.captured.join(", "),
            },
        )?;
    }
    if !when.modality.is_empty() {
        let names = |modality: &ModalityConfig| match modality {
            ModalityConfig::Text => "text",
            ModalityConfig::Audio => "audio",
        };
        let holds = when.modality.iter().all(|wanted| {
            now.modalities
                .iter()
                .any(|modality| modality.as_str() == names(wanted))
        });
        tally.check("modality", holds, points::MODALITY, || {
            let wanted: Vec<&str> = when.modality.iter().map(names).collect();
            let there: Vec<&str> = now
                .modalities
                .iter()
                .map(super::super::protocol::realtime::Modality::as_str)
                .collect();
            format!(
                "{}; asked for is {}",
                wanted.join(" and "),
                there.join(" and ")
            )
        })?;
    }
    if let Some(wanted) = when.tools_usable {
        tally.check(
            "tools_usable",
            wanted == now.tools_usable,
            points::TOOLS,
            || format!("{wanted}; it is {}", now.tools_usable),
        )?;
    }
    if let Some(wanted) = &when.tool_output {
        let holds = tool_output(wanted, now);
        tally.check("tool_output", holds, points::SPECIFIC, || {
            tool_output_reason(wanted, now)
        })?;
    }
    if let Some(wanted) = when.approval {
        tally.check(
            "approval",
            now.approval == Some(wanted),
            points::SPECIFIC,
            || format!("{wanted:?}; it is {:?}", now.approval),
        )?;
    }
    if let Some(keys) = &when.dtmf {
        tally.check(
            "dtmf",
            now.dtmf.as_ref() == Some(keys),
            points::SPECIFIC,
            || {
                let pressed = now.dtmf.as_ref().map_or("nothing", |keys| keys.as_str());
                format!("{}; pressed is {pressed}", keys.as_str())
            },
        )?;
    }
    for (key, wanted) in &when.metadata {
        let there = now.metadata.get(key);
        tally.check("metadata", there == Some(wanted), points::SESSION, || {
            format!(
                "{key} = {wanted}; it is {}",
                there.map_or("not there", String::as_str)
            )
        })?;
    }
    for (condition, wanted, there) in [
        ("model", &when.model, &now.model),
        ("voice", &when.voice, &now.voice),
    ] {
        if let Some(wanted) = wanted {
            tally.check(condition, wanted == there, points::SESSION, || {
                format!("{wanted}; it is {there}")
            })?;
        }
    }
    if let Some(seconds) = when.no_input_seconds {
        let holds = now
            .silence
            .is_some_and(|silence| silence.as_secs_f64() >= seconds);
        tally.check("no_input_seconds", holds, points::SPECIFIC, || {
            match now.silence {
                Some(silence) => format!("{seconds}; it is {}", silence.as_secs_f64()),
                None => format!("{seconds}; this is no answer to a silence"),
            }
        })?;
    }
    if let Some(wanted) = when.image {
        tally.check("image", wanted == now.image, points::SESSION, || {
            format!("{wanted}; it is {}", now.image)
        })?;
    }
    let asks_for_words = when.text.is_some() || !when.intent.is_empty();
    let answers_else = when.tool_output.is_some() || when.approval.is_some();
    if asks_for_words && !answers_else && !now.words_wait {
        tally.check("text", false, points::NONE, || {
            "what waits for an answer is a tool or an approval, not what the user said".to_owned()
        })?;
    }
    if !when.intent.is_empty() {
        let holds = when
            .intent
            .iter()
            .any(|intent| now.intents.contains(intent));
        tally.check("intent", holds, points::INTENT, || {
            let there = if now.intents.is_empty() {
                "none".to_owned()
            } else {
                now.intents.join(", ")
            };
            format!("{}; there is {there}", when.intent.join(" or "))
        })?;
    }
    let texts = [
        ("text", &when.text, &now.user),
        ("assistant", &when.assistant, &now.assistant),
        ("instructions", &when.instructions, &now.instructions),
    ];
    for (name, condition, words) in texts {
        if let Some(condition) = condition {
            text(tally, name, condition, words)?;
        }
    }
    composite(tally, when, now)
}

fn composite(tally: &mut Tally<'_>, when: &ResponseSelectionCriteria, now: &Situation) -> Goes {
    for within in &when.all {
        criteria(tally, within, now)?;
    }
    if !when.any.is_empty() {
        let best = when
            .any
            .iter()
            .filter_map(|within| points_of(within, now))
            .max();
        tally.check("any", best.is_some(), best.unwrap_or(0), || {
            let branches: Vec<String> =
                when.any.iter().map(|within| summary(within, now)).collect();
            branches.join(" | ")
        })?;
    }
    if let Some(within) = &when.not {
        let holds = points_of(within, now).is_none();
        tally.check("not", holds, points::NONE, || summary(within, now))?;
    }
    for predicate in &when.custom {
        tally.check(
            predicate.name(),
            predicate.holds(now),
            points::KEYWORDS,
            || "as Rust says".to_owned(),
        )?;
    }
    Some(())
}

/// The points of criteria on their own, if they hold.
fn points_of(when: &ResponseSelectionCriteria, now: &Situation) -> Option<i32> {
    let mut tally = Tally {
        points: 0,
        holds: true,
        checks: None,
    };
    let _ = criteria(&mut tally, when, now);
    tally.holds.then_some(tally.points)
}

/// Criteria within others, in a line.
fn summary(when: &ResponseSelectionCriteria, now: &Situation) -> String {
    let mut checks = Vec::new();
    let mut tally = Tally {
        points: 0,
        holds: true,
        checks: Some(&mut checks),
    };
    let _ = criteria(&mut tally, when, now);
    let parts = checks.iter().map(|check| {
        let holds = if check.holds { "yes" } else { "no" };
        format!("{} ({}): {holds}", check.condition, check.because)
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn text(tally: &mut Tally<'_>, name: &str, wanted: &TextCondition, words: &Words) -> Goes {
    let has = |phrase: &_| {
        if wanted.within_words {
            words.has_within(phrase)
        } else {
            words.has(phrase)
        }
    };
    let list = |phrases: &[super::model::Phrase]| {
        let phrases: Vec<&str> = phrases.iter().map(super::model::Phrase::as_str).collect();
        phrases.join(", ")
    };
    if !wanted.any.is_empty() {
        let found = wanted.any.iter().find(|phrase| has(phrase));
        tally.check(
            (name, "any"),
            found.is_some(),
            points::KEYWORDS,
            || match found {
                Some(phrase) => format!("{} is in it", phrase.as_str()),
                None => format!("none of {} is in it", list(&wanted.any)),
            },
        )?;
    }
    if !wanted.all.is_empty() {
        let missing = wanted.all.iter().find(|phrase| !has(phrase));
        tally.check(
            (name, "all"),
            missing.is_none(),
            points::KEYWORDS,
            || match missing {
                Some(phrase) => format!("{} is not in it", phrase.as_str()),
                None => format!("{} are in it", list(&wanted.all)),
            },
        )?;
    }
    if !wanted.none.is_empty() {
        let found = wanted.none.iter().find(|phrase| has(phrase));
        tally.check(
            (name, "none"),
            found.is_none(),
            points::NONE,
            || match found {
                Some(phrase) => format!("{} is in it", phrase.as_str()),
                None => format!("none of {} is in it", list(&wanted.none)),
            },
        )?;
    }
    if !wanted.matches.is_empty() {
        let found = wanted
            .matches
            .iter()
            .find(|pattern| pattern.is_in(&words.text));
        tally.check(
            (name, "matches"),
            found.is_some(),
            points::PATTERN,
            || match found {
                Some(pattern) => format!("/{}/ is found", pattern.as_str()),
                None => "no pattern is found".to_owned(),
            },
        )?;
    }
    if !wanted.prefer.is_empty() {
        let found = wanted
            .prefer
            .iter()
            .find(|pattern| pattern.is_in(&words.text));
        let points = found.map_or(0, |_| points::PATTERN);
        tally.bonus((name, "prefer"), points, || match found {
            Some(pattern) => format!("/{}/ is found", pattern.as_str()),
            None => "no pattern is found, and none has to be".to_owned(),
        });
    }
    Some(())
}

fn tool_output(wanted: &ToolOutputCondition, now: &Situation) -> bool {
    let tool = now.tools.get(&wanted.tool).filter(|tool| tool.is_new);
    let Some(output) = tool.and_then(|tool| tool.output.as_ref()) else {
        return false;
    };
    let found = wanted
        .path
        .as_ref()
        .map_or_else(|| vec![output], |path| path.query(output));
    found.into_iter().any(|value| {
        let equal = wanted.equals.as_ref().is_none_or(|equals| equals == value);
        let text = || match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        equal
            && wanted
                .matches
                .as_ref()
                .is_none_or(|pattern| pattern.is_in(&text()))
    })
}

fn tool_output_reason(wanted: &ToolOutputCondition, now: &Situation) -> String {
    match now.tools.get(&wanted.tool).filter(|tool| tool.is_new) {
        Some(tool) => {
            let output = tool
                .output
                .as_ref()
                .map_or_else(String::new, Value::to_string);
            format!("{} gave {output}", wanted.tool)
        }
        None => format!("{} has not just given anything", wanted.tool),
    }
}
