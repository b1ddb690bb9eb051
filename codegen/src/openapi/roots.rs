//! Where an import starts, and what it calls the things it meets: the rules at work.

use std::borrow::Cow;
use std::collections::BTreeMap;

use heck::ToUpperCamelCase;
use serde_json::{Map, Value, json};

use super::keywords::{reference_name, single_value};
use super::{Import, Place, Purpose};
use crate::error::{Error, Result};
use crate::rules::Rules;

/// The document's definitions, and a union for each rule that gathers events by their names.
pub(super) fn with_gathered_unions<'a>(
    schemas: &'a Map<String, Value>,
    rules: &Rules,
) -> Cow<'a, Map<String, Value>> {
    let mut all = Cow::Borrowed(schemas);
    for union in &rules.events {
        let Some(beginning) = union.published.strip_suffix('*') else {
            continue;
        };
        let members: Vec<Value> = schemas
            .keys()
            .filter(|name| name.starts_with(beginning) || union.also.contains(name))
            .map(|name| json!({ "$ref": format!("#/components/schemas/{name}") }))
            .collect();
        if !members.is_empty() {
            all.to_mut()
                .insert(union.published.clone(), json!({ "anyOf": members }));
        }
    }
    all
}

impl<'a> Import<'a> {
    pub(super) fn roots(&mut self) -> Result<()> {
        let events: Vec<_> = self
            .rules
            .events
            .iter()
            .filter(|union| self.is_there(&union.published))
            .collect();
        for union in &events {
            for published in self.members_by_ref(&union.published)? {
                let event = self.event_type(&published)?;
                let name = format!("{}{}", union.prefix, event.to_upper_camel_case());
                self.events.entry(published).or_insert(name);
            }
            self.events
                .insert(union.published.clone(), union.name.clone());
        }
        for union in &events {
            let family = self.family_of(&union.name, "events");
            self.reference(&union.published, &family, "sync.toml")?;
        }
        for published in self.rules.requests.iter().chain(&self.rules.responses) {
            if self.is_there(published) {
                self.reference(published, "rest", "sync.toml")?;
            }
        }
        Ok(())
    }

    /// Whether a union of events stands here: it stays one even with a single event.
    pub(super) fn is_event_union(&self, place: &Place) -> bool {
        let mut events = self.rules.events.iter();
        events.any(|union| Some(&union.published) == place.upstream.as_ref())
    }

    /// Whether to import a root; one that is missing stops only an import that is kept.
    fn is_there(&self, root: &str) -> bool {
        self.purpose == Purpose::Keep || self.schemas.contains_key(root)
    }

    fn members_by_ref(&self, published: &str) -> Result<Vec<String>> {
        let schema = self.schema(published, "sync.toml: events")?;
        let members = schema
            .get("anyOf")
            .or_else(|| schema.get("oneOf"))
            .and_then(Value::as_array);
        members
            .into_iter()
            .flatten()
            .map(|member| {
                reference_name(member).map(str::to_owned).ok_or_else(|| {
                    Error::new(published, "a member of a union of events is not a `$ref`")
                })
            })
            .collect()
    }

    fn event_type(&self, published: &str) -> Result<&'a str> {
        self.schema(published, "sync.toml: events")?
            .get("properties")
            .and_then(|properties| properties.get("type"))
            .and_then(single_value)
            .ok_or_else(|| Error::new(published, "an event needs a `type` of exactly one value"))
    }

    /// The name a published definition gets here.
    pub(super) fn name_of(&self, published: &str) -> String {
        if let Some(name) = self.rule("names", &self.rules.names, published) {
            return name;
        }
        if let Some(name) = self.events.get(published) {
            return name.clone();
        }
        let name = published
            .strip_prefix(self.rules.strip_prefix.as_str())
            .unwrap_or(published);
        name.to_upper_camel_case()
    }

    pub(super) fn family_of(&self, name: &str, otherwise: &str) -> String {
        let family = self
            .rules
            .families
            .iter()
            .find(|(_, names)| names.iter().any(|n| n == name));
        match family {
            Some((family, _)) => {
                self.used.borrow_mut().insert(format!("families.{name}"));
                family.clone()
            }
            None => otherwise.to_owned(),
        }
    }

    pub(super) fn rule(
        &self,
        section: &str,
        rules: &BTreeMap<String, String>,
        key: &str,
    ) -> Option<String> {
        let value = rules.get(key)?;
        self.used.borrow_mut().insert(format!("{section}.{key}"));
        Some(value.clone())
    }

    pub(super) fn unused_rules(&self) -> Vec<String> {
        let used = self.used.borrow();
        let names = self.rules.names.keys().map(|key| format!("names.{key}"));
        let inline = self.rules.inline.keys().map(|key| format!("inline.{key}"));
        let variants = self
            .rules
            .variants
            .keys()
            .map(|key| format!("variants.{key}"));
        let families = self
            .rules
            .families
            .values()
            .flatten()
            .map(|name| format!("families.{name}"));
        names
            .chain(inline)
            .chain(variants)
            .chain(families)
            .filter(|rule| !used.contains(rule) && !rule.contains('='))
            .collect()
    }
}
