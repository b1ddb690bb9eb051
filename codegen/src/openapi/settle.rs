//! What can only be settled when all definitions are known: tags, constants, kinds of string.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToUpperCamelCase;

use super::union::union_of_one;
use crate::error::{Error, Result};
use crate::model::{Body, Definition, Enum, MemberKind, Protocol, Type};
use crate::rules::Rules;

/// Settles `protocol`; returns the rules that matched nothing.
pub(super) fn settle(protocol: &mut Protocol, rules: &Rules) -> Result<Vec<String>> {
    let tags = tags(protocol)?;
    require_tags(protocol, &tags);
    let mut used = name_lone_tagged(protocol, &tags, rules)?;
    used.extend(hoist_constants(protocol, &tags, rules)?);
    used.extend(mark_strings(protocol, rules)?);
    let constants = rules
        .inline
        .keys()
        .filter(|key| key.contains('='))
        .map(|key| format!("inline.{key}"));
    let formats = rules.formats.keys().map(|key| format!("formats.{key}"));
    let base64 = rules.base64.iter().map(|key| format!("base64.{key}"));
    Ok(constants
        .chain(formats)
        .chain(base64)
        .filter(|rule| !used.contains(rule))
        .collect())
}

/// Tagged definition to its tag and the tag's value.
type Tags = BTreeMap<String, Vec<(String, String)>>;

fn tags(protocol: &Protocol) -> Result<Tags> {
    let mut tags = Tags::new();
    for (union_name, definition) in &protocol.definitions {
        let Body::Union(union) = &definition.body else {
            continue;
        };
        for member in &union.members {
            let (MemberKind::Tagged { value, name }, Some(tag)) = (&member.kind, &union.tag) else {
                continue;
            };
            note_tag(protocol, &mut tags, name, (tag, value))
                .map_err(|error| error.within(union_name))?;
        }
    }
    Ok(tags)
}

/// A union as a member passes its tag on to its own members.
fn note_tag(protocol: &Protocol, tags: &mut Tags, name: &str, tag: (&str, &str)) -> Result<()> {
    match &protocol
        .definitions
        .get(name)
        .map(|definition| &definition.body)
    {
        Some(Body::Object(_)) => {
            let known = tags.entry(name.to_owned()).or_default();
            let tag = (tag.0.to_owned(), tag.1.to_owned());
            if !known.contains(&tag) {
                known.push(tag);
            }
            Ok(())
        }
        Some(Body::Union(union)) => {
            union
                .members
                .iter()
                .try_for_each(|member| match &member.kind {
                    MemberKind::Tagged { name, .. } => note_tag(protocol, tags, name, tag),
                    _ => Err(Error::new(
                        name,
                        "a union inside a tagged union must be tagged itself",
                    )),
                })
        }
        _ => Err(Error::new(name, "a tagged member must be an object")),
    }
}

/// A tag that the document leaves optional is required here: without it nothing can be told apart.
fn require_tags(protocol: &mut Protocol, tags: &Tags) {
    for (name, tags) in tags {
        let Some(Definition {
            body: Body::Object(object),
            ..
        }) = protocol.definitions.get_mut(name)
        else {
            continue;
        };
        for (tag, _) in tags {
            if let Some(field) = object.fields.get_mut(tag) {
                field.required = true;
                field.default = None;
            }
        }
    }
}

/// A tagged object that a field uses by itself becomes a union of one there.
fn name_lone_tagged(
    protocol: &mut Protocol,
    tags: &Tags,
    rules: &Rules,
) -> Result<BTreeSet<String>> {
    let mut used = BTreeSet::new();
    let mut unions = Vec::new();
    for (name, definition) in &mut protocol.definitions {
        let Body::Object(object) = &mut definition.body else {
            continue;
        };
        for (key, field) in &mut object.fields {
            let Type::Ref(target) = &field.ty else {
                continue;
            };
            let Some(tags) = tags.get(target) else {
                continue;
            };
            let [(tag, value)] = tags.as_slice() else {
                return Err(Error::new(
                    format!("{name}.{key}"),
                    format!("`{target}` has two tags and is used outside its union"),
                ));
            };
            let path = format!("{name}.{key}");
            let union = match rules.inline.get(&path) {
                Some(union) => union.clone(),
                None => format!("{name}{}", key.to_upper_camel_case()),
            };
            used.insert(format!("inline.{path}"));
            unions.push((
                union.clone(),
                union_of_one(tag, value, target, &definition.family),
            ));
            field.ty = Type::Ref(union);
        }
    }
    protocol.definitions.extend(unions);
    Ok(used)
}

/// A constant that is no tag becomes a list of one value: a type that can be written in Rust.
fn hoist_constants(
    protocol: &mut Protocol,
    tags: &Tags,
    rules: &Rules,
) -> Result<BTreeSet<String>> {
    let mut used = BTreeSet::new();
    let mut hoisted: Vec<(String, Definition)> = Vec::new();
    for (name, definition) in &mut protocol.definitions {
        let Body::Object(object) = &mut definition.body else {
            continue;
        };
        for (key, field) in &mut object.fields {
            let is_tag = tags
                .get(name)
                .is_some_and(|tags| tags.iter().any(|(tag, _)| tag == key));
            let (place, step) = match &mut field.ty {
                Type::Array(array) => (&mut *array.items, "[]"),
                ty if !is_tag => (ty, ""),
                _ => continue,
            };
            let Type::Const(value) = place else { continue };
            let value = std::mem::take(value);
            let rule = format!("*.{key}{step}={value}");
            let enum_name = match rules.inline.get(&rule) {
                Some(enum_name) => enum_name.clone(),
                None => format!("{name}{}", key.to_upper_camel_case()),
            };
            used.insert(format!("inline.{rule}"));
            *place = Type::Ref(enum_name.clone());
            let body = Body::Enum(Enum {
                values: vec![value],
                open: false,
            });
            let family = definition.family.clone();
            hoisted.push((
                enum_name,
                Definition {
                    family,
                    description: None,
                    upstream: None,
                    body,
                },
            ));
        }
    }
    for (name, definition) in hoisted {
        match protocol.definitions.get(&name) {
            Some(known) if known.body != definition.body => {
                return Err(Error::new(
                    name,
                    "a constant would get the name of another definition",
                ));
            }
            Some(_) => {}
            None => {
                protocol.definitions.insert(name, definition);
            }
        }
    }
    Ok(used)
}

/// Marks the strings that are ids, base64 and the like.
fn mark_strings(protocol: &mut Protocol, rules: &Rules) -> Result<BTreeSet<String>> {
    let mut used = BTreeSet::new();
    for (name, definition) in &mut protocol.definitions {
        let Body::Object(object) = &mut definition.body else {
            continue;
        };
        for (key, field) in &mut object.fields {
            let path = format!("{name}.{key}");
            let any = format!("*.{key}");
            let rule = [path.clone(), any]
                .into_iter()
                .find(|rule| rules.formats.contains_key(rule));
            if let (Some(rule), Type::Text(text)) = (&rule, &mut field.ty) {
                let format = &rules.formats[rule];
                // A rule for any definition is switched off for one by an empty format.
                if !format.is_empty() {
                    text.format = Some(format.clone());
                }
                used.insert(format!("formats.{rule}"));
            }
            if rules.base64.contains(&path) {
                let Type::Text(text) = &mut field.ty else {
                    return Err(Error::new(path, "named as base64, but no string"));
                };
                text.base64 = true;
                used.insert(format!("base64.{path}"));
            }
        }
    }
    Ok(used)
}
