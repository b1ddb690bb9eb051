//! Where definitions stand in the published document, for a reader who has that open.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};

use crate::model::{Body, MemberKind, Protocol, Type};

/// Each definition's published name, or for an inline one the first place that has it.
pub(super) fn published_places(protocol: &Protocol) -> BTreeMap<&str, String> {
    let mut places = BTreeMap::new();
    let mut queue = VecDeque::new();
    for (name, definition) in &protocol.definitions {
        if let Some(upstream) = &definition.upstream {
            places.insert(name.as_str(), upstream.clone());
            queue.push_back(name.as_str());
        }
    }
    while let Some(name) = queue.pop_front() {
        let Some(definition) = protocol.definitions.get(name) else {
            continue;
        };
        for (inline, place) in uses(&definition.body, &places[name]) {
            if let Entry::Vacant(entry) = places.entry(inline) {
                entry.insert(place);
                queue.push_back(inline);
            }
        }
    }
    places
}

/// The definitions used in `body`, each with its place; `body` stands `at`.
fn uses<'a>(body: &'a Body, at: &str) -> Vec<(&'a str, String)> {
    match body {
        Body::Object(object) => {
            let fields = object.fields.iter();
            fields
                .filter_map(|(key, field)| use_in(&field.ty, format!("{at}.{key}")))
                .collect()
        }
        Body::Enum(_) => Vec::new(),
        Body::Union(union) => {
            let members = union.members.iter();
            members
                .filter_map(|member| match &member.kind {
                    MemberKind::Tagged { value, name } => {
                        Some((name.as_str(), format!("{at}[{value}]")))
                    }
                    MemberKind::Untagged(ty) => use_in(ty, at.to_owned()),
                    MemberKind::Literal(_) => None,
                })
                .collect()
        }
    }
}

fn use_in(ty: &Type, at: String) -> Option<(&str, String)> {
    match ty {
        Type::Ref(name) => Some((name, at)),
        Type::Array(array) => use_in(&array.items, format!("{at}[]")),
        Type::Map(values) => use_in(values, format!("{at}{{}}")),
        _ => None,
    }
}
