//! What can only be settled when all definitions are known: tags, constants, kinds of string.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToUpperCamelCase;

use super::union::union_of_one;
use super::{Purpose, insert};
use crate::error::{Error, Result};
use crate::model::{Body, Definition, Enum, Field, MemberKind, Protocol, Type};
use crate::rules::Rules;

/// Settles `protocol`; returns the rules that matched nothing.
pub(super) fn settle(
    protocol: &mut Protocol,
    rules: &Rules,
    purpose: Purpose,
) -> Result<Vec<String>> {
    let tags = tags(protocol)?;
    require_tags(protocol, &tags);
    let mut used = name_lone_tagged(protocol, &tags, rules, purpose)?;
    used.extend(hoist_constants(protocol, &tags, rules, purpose)?);
    used.extend(mark_strings(protocol, rules, purpose)?);
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
    purpose: Purpose,
) -> Result<BTreeSet<String>> {
    let mut used = BTreeSet::new();
    for (name, key) in fields(protocol) {
        let Type::Ref(target) = &field(protocol, &name, &key).ty else {
            continue;
        };
        let target = target.clone();
        let Some(tags) = tags.get(&target) else {
            continue;
        };
        let path = format!("{name}.{key}");
        let [(tag, value)] = tags.as_slice() else {
            return Err(Error::new(
                path,
                format!("`{target}` has two tags and is used outside its union"),
            ));
        };
        let union = match rules.inline.get(&path) {
            Some(union) => union.clone(),
            None => format!("{name}{}", key.to_upper_camel_case()),
        };
        used.insert(format!("inline.{path}"));
        let definition = union_of_one(tag, value, &target, &protocol.definitions[&name].family);
        let union = insert(protocol, &union, definition, purpose).ok_or_else(|| {
            Error::new(
                path,
                format!("would be called `{union}`, but another definition has that name"),
            )
        })?;
        field(protocol, &name, &key).ty = Type::Ref(union);
    }
    Ok(used)
}

/// A constant that is no tag becomes a list of one value: a type that can be written in Rust.
fn hoist_constants(
    protocol: &mut Protocol,
    tags: &Tags,
    rules: &Rules,
    purpose: Purpose,
) -> Result<BTreeSet<String>> {
    let mut used = BTreeSet::new();
    for (name, key) in fields(protocol) {
        let is_tag = tags
            .get(&name)
            .is_some_and(|tags| tags.iter().any(|(tag, _)| *tag == key));
        let (ty, step) = match &field(protocol, &name, &key).ty {
            Type::Array(array) => (&*array.items, "[]"),
            ty if !is_tag => (ty, ""),
            _ => continue,
        };
        let Type::Const(value) = ty else { continue };
        let value = value.clone();
        let rule = format!("*.{key}{step}={value}");
        let hoisted = match rules.inline.get(&rule) {
            Some(hoisted) => hoisted.clone(),
            None => format!("{name}{}", key.to_upper_camel_case()),
        };
        used.insert(format!("inline.{rule}"));
        let definition = Definition {
            family: protocol.definitions[&name].family.clone(),
            description: None,
            upstream: None,
            body: Body::Enum(Enum {
                values: vec![value],
                open: false,
            }),
        };
        let hoisted = insert(protocol, &hoisted, definition, purpose).ok_or_else(|| {
            Error::new(
                format!("{name}.{key}"),
                format!("a constant would be called `{hoisted}`, which is another definition"),
            )
        })?;
        match &mut field(protocol, &name, &key).ty {
            Type::Array(array) => *array.items = Type::Ref(hoisted),
            ty => *ty = Type::Ref(hoisted),
        }
    }
    Ok(used)
}

/// The fields of all objects, as definition and key.
fn fields(protocol: &Protocol) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for (name, definition) in &protocol.definitions {
        if let Body::Object(object) = &definition.body {
            let keys = object.fields.keys();
            fields.extend(keys.map(|key| (name.clone(), key.clone())));
        }
    }
    fields
}

/// One of [`fields`].
fn field<'a>(protocol: &'a mut Protocol, name: &str, key: &str) -> &'a mut Field {
    match &mut protocol.definitions[name].body {
        Body::Object(object) => &mut object.fields[key],
        Body::Enum(_) | Body::Union(_) => unreachable!("only objects have fields"),
    }
}

/// Marks the strings that are ids, base64 and the like.
fn mark_strings(
    protocol: &mut Protocol,
    rules: &Rules,
    purpose: Purpose,
) -> Result<BTreeSet<String>> {
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
                match &mut field.ty {
                    Type::Text(text) => text.base64 = true,
                    _ if purpose == Purpose::Compare => {}
                    _ => return Err(Error::new(path, "named as base64, but no string")),
                }
                used.insert(format!("base64.{path}"));
            }
        }
    }
    Ok(used)
}
