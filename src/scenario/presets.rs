//! Scenarios that come with the mock.

use super::file::{Problems, parse};
use super::model::Scenario;

/// A scenario that comes with the mock. Its text is a starting point for one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    name: &'static str,
    text: &'static str,
}

macro_rules! presets {
    ($($name:literal)+) => {
        &[$(Preset {
            name: $name,
            text: include_str!(concat!("../../presets/", $name, ".yaml")),
        }),+]
    };
}

impl Preset {
    /// All presets.
    pub const ALL: &'static [Self] = presets!["starter" "customer_service" "sales" "function_calls" "audio" "simple" "smart" "bad-day"];

    /// The preset of this name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|preset| preset.name == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// The text of its file, with its comments.
    pub fn text(self) -> &'static str {
        self.text
    }

    /// The scenario. That there is nothing wrong with it, a test makes sure of.
    pub fn scenario(self) -> Result<Scenario, Problems> {
        parse(&format!("{}.yaml", self.name), self.text).map(|loaded| loaded.scenario)
    }
}
