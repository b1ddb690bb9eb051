//! Scenarios: what the mock says, and when.
//!
//! A [`Scenario`] is a list of responses, each with the conditions under which it may be chosen.
//! It is written in Rust ([`when`], [`always`]) or in a file of YAML or JSON ([`load`]); both are
//! the same types. A [`ScenarioRun`] follows it in one session.
//!
//! ```
//! use mock_realtime::scenario::{Scenario, Situation, always, intent, user_matches, when};
//!
//! let scenario = Scenario::new("bakery")
//!     .response("greeting", when(intent("greeting").in_turns(..=1)?).say("Good morning!")?)
//!     .response(
//!         "order",
//!         when(user_matches(r"(?<count>\d+) rolls")?).say("{{ captures.count }} rolls, here you are.")?,
//!     )
//!     .response("rest", always().say("We have rolls.")?);
//!
//! let rolls = Situation::of_words(&scenario, "Hello, 4 rolls please", 2);
//! assert_eq!(scenario.choose(&rolls), Some("order"));
//! println!("{}", scenario.explain(&rolls));
//! # Ok::<(), String>(())
//! ```
//!
//! # How a response is chosen
//!
//! All conditions of a response have to hold. Of those that fit, the one with the most points is
//! chosen, and of equals the earlier one. A response without conditions is a catch-all: it is
//! chosen when nothing with conditions fits. Where nothing fits at all, the scenario's default is
//! answered, and where it has none, a text that says so.
//!
//! | what holds | points |
//! | --- | --- |
//! | `priority` | as many as it says |
//! | phrases of a text, all or any of them | 10 |
//! | a pattern, asked for or preferred | 12 |
//! | an intent | 15 |
//! | a modality | 5 |
//! | `tools_usable` | 8 |
//! | a tool's output, an approval, keys, a silence | 20 |
//! | model, voice, metadata, image | 5 |
//! | a closure | 10 |
//! | a word in the answer that the user said | 3 |
//! | turns, states, captures, excluded phrases, `not` | 0 |
//! | `any` | those of its best branch |
//!
//! Phrases are whole words. What a tool has just given, or an approval, waits for an answer before
//! what the user said: until it has one, responses to words are left out.

mod audio;
mod build;
mod convert;
mod delegate;
mod explain;
mod file;
mod history;
mod intents;
mod model;
mod nearest;
mod prefilter;
mod presets;
#[cfg(feature = "recording")]
mod recorded;
mod render;
mod run;
mod select;
mod situation;
mod variables;
mod words;

pub use build::{always, holds, intent, tool_gave, user_matches, user_says, when};
pub use convert::{Unconvertible, convert};
pub use delegate::{DELEGATE_VERSION, DelegateHappened, DelegateRequest};
pub use explain::{Candidate, Explanation};
#[cfg(feature = "telephony")]
pub(crate) use file::{Document, Step};
pub use file::{Loaded, Problem, Problems, Unwritable, load, parse, schema};
#[cfg(feature = "admin")]
pub(crate) use file::{parse_sent, read};
pub use intents::built_in as built_in_intents;
pub use model::{
    ActionConfig, Answer, AnswerGenerator, AnswerOrder, AnswerTemplate, Approval, Arguments,
    AudioData, CloseCode, CloseConfig, DelegateConfig, DelegateHeader, DelegateHeaderValue,
    DelegateTimeout, DelegateUrl, EmptyPhrase, EndState, ErrorConfig, FailureConfig,
    FunctionCallConfig, HeardConfig, IncompleteReason, JsonPath, Keys, McpApprovalConfig,
    McpCallConfig, McpToolConfig, McpToolsConfig, MessageConfig, MessageForm, MockResponseConfig,
    ModalityConfig, NotKeys, OneOrMany, OutputItem, Pace, Pattern, PhaseConfig, Phrase, Predicate,
    RateLimitConfig, RateLimitKind, ResponseSelectionCriteria, Scenario, Short, Shorthand,
    Template, TemplateUse, TextCondition, ToolOutputCondition, TranscriptionFailureConfig,
    TurnRange, UnsoundRange, UsageConfig,
};
pub use presets::Preset;
#[cfg(feature = "recording")]
pub use recorded::RecordedScenario;
pub use run::{CompiledScenario, ScenarioRun};
pub use select::Check;
pub use situation::{Situation, ToolUse};
