//! `anyOf` and `oneOf`: a nullable type, an open string, or a union.

use std::collections::BTreeSet;

use heck::ToUpperCamelCase;
use serde_json::{Map, Value};

use super::keywords::{check, single_value, single_value_of, strings};
use super::{Import, Place, Use};
use crate::error::Result;
use crate::model::{Body, Definition, Enum, Member, MemberKind, Type, Union};

type Schema = Map<String, Value>;

impl<'a> Import<'a> {
    /// What a choice between `members` stands for.
    pub(super) fn choice(
        &mut self,
        schema: &Schema,
        members: &'a [Value],
        place: &Place,
    ) -> Result<Use> {
        let mut flat = Vec::new();
        let nullable = flatten(members, &mut flat, place)?;
        if let [only] = flat.as_slice()
            && !self.is_event_union(place)
        {
            let mut found = self.value(only, place)?;
            found.nullable |= nullable;
            return Ok(found);
        }
        let (ty, default) = match open_string(&flat, place)? {
            Some(open) => {
                let default = flat.iter().find_map(|member| member.get("default"));
                (self.hoist(Body::Enum(open), place)?, default.cloned())
            }
            None => (self.union(schema, &flat, place)?, lone_default(members)),
        };
        Ok(Use {
            ty,
            nullable,
            default,
        })
    }

    fn union(&mut self, schema: &Schema, members: &[&'a Schema], place: &Place) -> Result<Type> {
        let reserved = self.reserve(place);
        let place = &place.inside();
        let tag = self.tag_of(schema, members, place)?;
        let mut union = Union {
            tag: tag.clone(),
            members: Vec::new(),
        };
        let mut done = BTreeSet::new();
        for member in members {
            let properties = self.properties(member, place)?;
            match (&tag, properties) {
                (Some(tag), Some(properties)) => {
                    let value = properties
                        .get(tag)
                        .and_then(single_value)
                        .unwrap_or_default();
                    if done.insert(value) {
                        let same = self.with_tag(members, tag, value, place)?;
                        union.members.push(self.tagged(tag, value, &same, place)?);
                    }
                }
                _ => self.untagged(member, &mut union.members, place)?,
            }
        }
        self.fill(reserved, Body::Union(union), place)
    }

    /// The property that tells the object members apart: each must have a single value for it.
    fn tag_of(
        &self,
        schema: &Schema,
        members: &[&'a Schema],
        place: &Place,
    ) -> Result<Option<String>> {
        let named = schema
            .get("discriminator")
            .and_then(|d| d.get("propertyName"))
            .and_then(Value::as_str);
        let tag = named.unwrap_or("type");
        let mut objects = 0;
        let mut tagged = 0;
        for member in members {
            if let Some(properties) = self.properties(member, place)? {
                objects += 1;
                tagged += usize::from(properties.get(tag).and_then(single_value).is_some());
            }
        }
        if objects == tagged {
            return Ok((objects > 0).then(|| tag.to_owned()));
        }
        if named.is_some() || objects > 1 {
            return Err(place.error(format!(
                "a choice between {objects} objects, but only {tagged} have a single value for `{tag}`"
            )));
        }
        Ok(None)
    }

    /// The properties of an object member, followed through its reference.
    fn properties(&self, member: &'a Schema, place: &Place) -> Result<Option<&'a Schema>> {
        let target = match member.get("$ref").and_then(Value::as_str) {
            Some(name) => {
                self.schema(name.trim_start_matches("#/components/schemas/"), &place.at)?
            }
            None => member,
        };
        Ok(target.get("properties").and_then(Value::as_object))
    }

    fn with_tag(
        &self,
        members: &[&'a Schema],
        tag: &str,
        value: &str,
        place: &Place,
    ) -> Result<Vec<&'a Schema>> {
        let mut same = Vec::new();
        for member in members {
            let properties = self.properties(member, place)?;
            if properties.and_then(|p| p.get(tag)).and_then(single_value) == Some(value) {
                same.push(*member);
            }
        }
        Ok(same)
    }

    /// The member for one value of the tag; where several objects share the value, a union of
    /// them by a second tag.
    fn tagged(
        &mut self,
        tag: &str,
        value: &str,
        same: &[&'a Schema],
        place: &Place,
    ) -> Result<Member> {
        let variant = self.variant(place, value);
        let inner = self.member_place(place, value, &variant);
        let name = match same {
            [only] => self.member_name(only, &inner)?,
            several => self.second_union(tag, several, &inner)?,
        };
        Ok(Member {
            variant,
            kind: MemberKind::Tagged {
                value: value.to_owned(),
                name,
            },
        })
    }

    fn second_union(
        &mut self,
        first: &str,
        members: &[&'a Schema],
        place: &Place,
    ) -> Result<String> {
        let mut common: Option<BTreeSet<&str>> = None;
        for member in members {
            let properties = self.properties(member, place)?.into_iter().flatten();
            let single: BTreeSet<&str> = properties
                .filter(|(key, schema)| key.as_str() != first && single_value(schema).is_some())
                .map(|(key, _)| key.as_str())
                .collect();
            common = Some(match common {
                None => single,
                Some(common) => common.intersection(&single).copied().collect(),
            });
        }
        for tag in common.unwrap_or_default() {
            let mut values = BTreeSet::new();
            for member in members {
                values.insert(
                    self.properties(member, place)?
                        .and_then(|p| p.get(tag))
                        .and_then(single_value),
                );
            }
            if values.len() == members.len() {
                let schema = Schema::from_iter([(
                    "discriminator".to_owned(),
                    serde_json::json!({ "propertyName": tag }),
                )]);
                self.union(&schema, members, place)?;
                return Ok(place.name.clone());
            }
        }
        Err(place.error(format!(
            "several members have the same `{first}` and no second property tells them apart"
        )))
    }

    fn member_name(&mut self, member: &'a Schema, place: &Place) -> Result<String> {
        match self.member_type(member, place)? {
            Type::Ref(name) => Ok(name),
            other => Err(place.error(format!("expected an object, found {other:?}"))),
        }
    }

    fn member_type(&mut self, member: &'a Schema, place: &Place) -> Result<Type> {
        let found = self.value(member, place)?;
        if found.nullable {
            return Err(place.error("a member of a choice that may itself be null is not known"));
        }
        Ok(found.ty)
    }

    /// A member that is told apart by its JSON type, or the values of a closed list of strings.
    fn untagged(
        &mut self,
        member: &'a Schema,
        into: &mut Vec<Member>,
        place: &Place,
    ) -> Result<()> {
        check(member, place)?;
        if let Some(values) = member.get("enum").or_else(|| member.get("const")) {
            let values = match single_value_of(member) {
                Some(only) => vec![only.to_owned()],
                None => strings(values, place)?,
            };
            into.extend(values.into_iter().map(|value| self.literal(place, value)));
            return Ok(());
        }
        if let Some(values) = self.values_of_closed_enum(member, place)? {
            into.extend(values.into_iter().map(|value| self.literal(place, value)));
            return Ok(());
        }
        let kind = member.get("type").and_then(Value::as_str);
        let label = match (member.get("$ref").and_then(Value::as_str), kind) {
            (Some(reference), _) => self.name_of(reference.rsplit('/').next().unwrap_or_default()),
            (None, Some(kind)) => kind.to_owned(),
            (None, None) => return Err(place.error("a member of a choice without a type")),
        };
        let variant = self.variant(place, &label);
        let inner = self.member_place(place, &label, &variant);
        let ty = self.member_type(member, &inner)?;
        into.push(Member {
            variant,
            kind: MemberKind::Untagged(ty),
        });
        Ok(())
    }

    /// The values of a referenced list of strings: they become members themselves.
    fn values_of_closed_enum(
        &self,
        member: &'a Schema,
        place: &Place,
    ) -> Result<Option<Vec<String>>> {
        let Some(reference) = member.get("$ref").and_then(Value::as_str) else {
            return Ok(None);
        };
        let target = self.schema(
            reference.trim_start_matches("#/components/schemas/"),
            &place.at,
        )?;
        check(target, place)?;
        target
            .get("enum")
            .map(|values| strings(values, place))
            .transpose()
    }

    fn literal(&self, place: &Place, value: String) -> Member {
        Member {
            variant: self.variant(place, &value),
            kind: MemberKind::Literal(value),
        }
    }

    fn variant(&self, place: &Place, value: &str) -> String {
        let key = format!("{}.{value}", place.path);
        self.rule("variants", &self.rules.variants, &key)
            .unwrap_or_else(|| value.replace('/', "_").to_upper_camel_case())
    }

    fn member_place(&self, place: &Place, value: &str, variant: &str) -> Place {
        let path = format!("{}.{value}", place.path);
        let name = self
            .rule("inline", &self.rules.inline, &path)
            .unwrap_or_else(|| format!("{}{variant}", place.name));
        Place {
            at: format!("{}[{value}]", place.at),
            path: name.clone(),
            family: self.family_of(&name, &place.family),
            name,
            upstream: None,
        }
    }
}

/// Takes choices inside the choice apart and `null` out; says whether `null` was there.
fn flatten<'a>(members: &'a [Value], into: &mut Vec<&'a Schema>, place: &Place) -> Result<bool> {
    let mut nullable = false;
    for member in members {
        let member = member
            .as_object()
            .ok_or_else(|| place.error("expected a schema"))?;
        check(member, place)?;
        let inner = member
            .get("anyOf")
            .or_else(|| member.get("oneOf"))
            .and_then(Value::as_array);
        match inner {
            _ if member.get("type").is_some_and(|kind| kind == "null") => nullable = true,
            Some(inner) => {
                nullable |= flatten(inner, into, place)?;
                nullable |= member.get("nullable") == Some(&Value::Bool(true));
            }
            None => into.push(member),
        }
    }
    Ok(nullable)
}

/// `anyOf: [string, enum]`: any string, with known values.
fn open_string(members: &[&Schema], place: &Place) -> Result<Option<Enum>> {
    let mut values = Vec::new();
    let mut open = false;
    for member in members {
        match (
            member.get("type").and_then(Value::as_str),
            member.get("enum"),
        ) {
            (Some("string"), Some(known)) => values.extend(strings(known, place)?),
            (Some("string"), None) if is_any_string(member) => open = true,
            _ => return Ok(None),
        }
    }
    Ok((open && !values.is_empty()).then_some(Enum { values, open }))
}

/// The default of a choice inside this one that has only `null` beside it.
fn lone_default(members: &[Value]) -> Option<Value> {
    let mut members = members
        .iter()
        .filter(|member| member.get("type").is_none_or(|kind| kind != "null"));
    match (members.next(), members.next()) {
        (Some(only), None) => only
            .get("default")
            .filter(|default| !default.is_null())
            .cloned(),
        _ => None,
    }
}

fn is_any_string(member: &Schema) -> bool {
    const BOUNDS: [&str; 5] = ["const", "format", "pattern", "minLength", "maxLength"];
    BOUNDS.iter().all(|bound| !member.contains_key(*bound))
}

/// A union of one: where a tagged object is used by itself, its tag has to be written too.
pub(super) fn union_of_one(tag: &str, value: &str, name: &str, family: &str) -> Definition {
    let variant = value.replace('/', "_").to_upper_camel_case();
    let kind = MemberKind::Tagged {
        value: value.to_owned(),
        name: name.to_owned(),
    };
    Definition {
        family: family.to_owned(),
        description: None,
        upstream: None,
        body: Body::Union(Union {
            tag: Some(tag.to_owned()),
            members: vec![Member { variant, kind }],
        }),
    }
}
