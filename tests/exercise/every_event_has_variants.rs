//! What clients are exercised with: every event, and each variant valid and at its place.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::collections::{BTreeMap, BTreeSet, HashSet};

use mock_realtime::conformance::{SessionOrder, Violation, validate};
use mock_realtime::exercise::{Mutation, Sessions, Variant, variants};
use mock_realtime::expect::Direction;
use mock_realtime::protocol::EventKind;
use mock_realtime::protocol::realtime::{ServerEventKind, TranslationServerEventKind};

fn all() -> impl Iterator<Item = Variant> {
    Sessions::ALL.into_iter().flat_map(variants)
}

/// Holds sessions against the protocol. Most of what they say is the same, and is looked at once.
#[derive(Default)]
struct Checker {
    valid: HashSet<String>,
}

impl Checker {
    /// What the server breaks in a session with this variant in it.
    fn broken(&mut self, variant: &Variant) -> Vec<Violation> {
        let mut order = SessionOrder::default();
        let mut broken = Vec::new();
        for (by, event) in variant.session(7) {
            if by == Direction::Server && !self.valid.contains(&event.to_string()) {
                let violations = validate(by, &event);
                if violations.is_empty() {
                    self.valid.insert(event.to_string());
                }
                broken.extend(violations);
            }
            broken.extend(order.see(by, &event));
        }
        broken.extend(order.finish());
        broken.retain(|violation| violation.rule.side != Some(Direction::Client));
        broken
    }
}

#[test]
fn every_server_event_of_every_kind_of_session_has_variants() {
    let have = |sessions| -> BTreeSet<String> {
        variants(sessions)
            .map(|variant| variant.event_type().to_owned())
            .collect()
    };
    let conversations = have(Sessions::Conversations);
    for kind in ServerEventKind::ALL {
        assert!(conversations.contains(kind.as_str()), "{kind}");
    }
    let translations = have(Sessions::Translations);
    for kind in TranslationServerEventKind::ALL {
        // Its refusals are those of other sessions.
        let is_error = *kind == TranslationServerEventKind::Error;
        assert!(is_error || translations.contains(kind.as_str()), "{kind}");
    }
    assert!(have(Sessions::Transcriptions).len() > 5);
}

#[test]
fn what_the_protocol_has_is_valid_and_in_order() {
    let mut checker = Checker::default();
    let mut wrong = BTreeMap::new();
    for variant in all().filter(|variant| !variant.mutation().is_forward_compatible()) {
        let broken = checker.broken(&variant);
        if !broken.is_empty() {
            wrong.insert(variant.to_string(), broken[0].to_string());
        }
    }
    assert!(wrong.is_empty(), "{} are wrong: {wrong:#?}", wrong.len());
}

#[test]
fn what_is_of_tomorrow_breaks_only_the_schema_of_today() {
    let mut checker = Checker::default();
    for variant in all().filter(|variant| variant.mutation() == Mutation::UnknownField) {
        let broken = checker.broken(&variant);
        // Of several forms that a value can have, none has the field.
        let of_the_frame = ["frame-field", "frame-value"];
        let rules: BTreeSet<&str> = broken.iter().map(|it| it.rule.name).collect();
        assert_eq!(rules.len(), 1, "{variant}: {broken:?}");
        assert!(
            of_the_frame.contains(rules.first().unwrap()),
            "{variant}: {broken:?}"
        );
    }
}

#[test]
fn names_are_names() {
    let mut names = BTreeSet::new();
    for sessions in Sessions::ALL {
        names.clear();
        for variant in variants(sessions) {
            assert!(names.insert(variant.name().to_owned()), "twice: {variant}");
        }
    }
}

#[test]
fn each_variant_differs_from_what_it_varies() {
    let mut unchanged = BTreeMap::new();
    for variant in all() {
        let key = (
            variant.sessions().as_str(),
            variant.name().split('/').next().unwrap().to_owned(),
        );
        let session = variant.session(7);
        if variant.mutation() == Mutation::Unchanged {
            unchanged.insert(key, session);
        } else {
            assert_ne!(unchanged[&key], session, "{variant}");
        }
    }
}

#[test]
fn all_that_can_differ_does() {
    let met: BTreeSet<Mutation> = all().map(|variant| variant.mutation()).collect();
    assert_eq!(met.len(), 19, "{met:?}");
}

#[test]
fn the_same_seed_gives_the_same_sessions() {
    let some = || variants(Sessions::Conversations).step_by(37);
    for (one, other) in some().zip(some()) {
        assert_eq!(one.name(), other.name());
        assert_eq!(one.session(3), other.session(3));
        assert_ne!(one.session(3), one.session(4), "{one}");
    }
}
