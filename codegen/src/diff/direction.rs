//! Who sends what: a definition is sent by whoever sends an event or payload that reaches it.

use std::collections::BTreeSet;

use super::SentBy;
use crate::model::Protocol;
use crate::rules::{Direction, Rules};

/// The definitions by who sends them, in the old and the new version together.
pub(super) struct Directions<'a> {
    clients: BTreeSet<&'a str>,
    server: BTreeSet<&'a str>,
}

impl<'a> Directions<'a> {
    pub(super) fn new(versions: [&'a Protocol; 2], rules: &Rules) -> Self {
        let mut directions = Self {
            clients: BTreeSet::new(),
            server: BTreeSet::new(),
        };
        for protocol in versions {
            // What the other version reached already has to be walked again in this one.
            let (mut clients, mut server) = (BTreeSet::new(), BTreeSet::new());
            for union in &rules.events {
                match union.direction {
                    Direction::Client => reach(protocol, &union.name, &mut clients),
                    Direction::Server => reach(protocol, &union.name, &mut server),
                }
            }
            for (name, definition) in &protocol.definitions {
                let Some(published) = &definition.upstream else {
                    continue;
                };
                if rules.requests.contains(published) {
                    reach(protocol, name, &mut clients);
                }
                if rules.responses.contains(published) {
                    reach(protocol, name, &mut server);
                }
            }
            directions.clients.extend(clients);
            directions.server.extend(server);
        }
        directions
    }

    pub(super) fn of(&self, name: &str) -> SentBy {
        match (self.clients.contains(name), self.server.contains(name)) {
            (true, false) => SentBy::Clients,
            (false, true) => SentBy::Server,
            // What nothing reaches might be anyone's.
            (true, true) | (false, false) => SentBy::Both,
        }
    }
}

fn reach<'a>(protocol: &'a Protocol, name: &str, seen: &mut BTreeSet<&'a str>) {
    let Some((name, definition)) = protocol.definitions.get_key_value(name) else {
        return;
    };
    if seen.insert(name) {
        definition
            .body
            .each_ref(&mut |next| reach(protocol, next, seen));
    }
}
