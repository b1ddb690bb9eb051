//! Texts that are made wrong.

use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use crate::expect::Direction;
use crate::protocol::{Mode, check_event};

use super::kind::{BreakSchema, Breakage, Truncate, WrongId};
use super::random::Random;
use super::wire::Wire;

/// A text that was made wrong, and how in words.
pub(super) type Spoilt = (String, String);

/// The text up to somewhere.
pub(super) fn truncate(text: &str, fault: Truncate, random: &mut Random) -> Option<Spoilt> {
    let drawn = 1 + random.below(text.len().saturating_sub(1));
    let asked = fault
        .bytes
        .map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    let mut end = asked.unwrap_or(drawn);
    while end < text.len() && !text.is_char_boundary(end) {
        end += 1;
    }
    let cut = text.get(..end).filter(|cut| cut.len() < text.len())?;
    Some((
        cut.to_owned(),
        format!("cut off after {end} of {} bytes", text.len()),
    ))
}

/// A text that is no JSON.
pub(super) fn malform(text: &str, random: &mut Random) -> Option<Spoilt> {
    let last = text.char_indices().next_back()?.0;
    let quotes: Vec<usize> = text.match_indices('"').map(|(at, _)| at).collect();
    let ways: [(&str, String); 6] = [
        ("its end is missing", text[..last].to_owned()),
        (
            "a quote is missing",
            match quotes.get(random.below(quotes.len())) {
                Some(at) => [&text[..*at], &text[at + 1..]].concat(),
                None => String::new(),
            },
        ),
        (
            "a comma stands before its end",
            [&text[..last], ",", &text[last..]].concat(),
        ),
        ("its quotes are single", text.replace('"', "'")),
        ("something follows its end", [text, "}"].concat()),
        ("a colon is an equals sign", text.replacen(':', "=", 1)),
    ];
    let first = random.below(ways.len());
    let mut ways = ways.iter().cycle().skip(first).take(ways.len());
    let (how, spoilt) = ways.find(|(_, spoilt)| {
        spoilt != text && serde_json::from_str::<IgnoredAny>(spoilt).is_err()
    })?;
    Some((spoilt.clone(), format!("no JSON: {how}")))
}

/// The text of an event that breaks the schema.
pub(super) fn break_schema(
    text: &str,
    (wire, side): (Wire, Direction),
    fault: &BreakSchema,
    random: &mut Random,
) -> Option<Spoilt> {
    let event: Map<String, Value> = serde_json::from_str(text).ok()?;
    let shape = wire.shape_of(&event, side)?;
    let event = Value::Object(event);
    let named = |key: &str| match &fault.field {
        Some(field) => key == field,
        None => true,
    };
    let fields: Vec<Place> = places(&event)
        .into_iter()
        .filter(|place| place.keys != [wire.tag()] && place.key().is_some_and(named))
        .collect();
    let (first_field, first_way) = (
        random.below(fields.len()),
        random.below(Breakage::ALL.len()),
    );
    let ways = Breakage::ALL
        .iter()
        .cycle()
        .skip(first_way)
        .take(Breakage::ALL.len());
    let ways: Vec<Breakage> = match fault.how {
        Some(how) => vec![how],
        None => ways.copied().collect(),
    };
    for place in fields.iter().cycle().skip(first_field).take(fields.len()) {
        for way in &ways {
            let mut broken = event.clone();
            let what = spoil(&mut broken, place, *way);
            if let (Some(what), Value::Object(fields)) = (what, &broken)
                && check_event(fields, shape, wire.tag(), Mode::Open).is_err()
            {
                return Some((broken.to_string(), what));
            }
        }
    }
    None
}

/// Does something to a field, and says what.
fn spoil(event: &mut Value, place: &Place, way: Breakage) -> Option<String> {
    let holder = event.pointer_mut(&place.holder())?.as_object_mut()?;
    let key = place.key()?;
    let (replacement, how) = match (way, holder.get(key)?) {
        (Breakage::Missing, _) => {
            holder.shift_remove(key);
            return Some(format!("`{}` is missing", place.words()));
        }
        (Breakage::Null, Value::Null) => return None,
        (Breakage::Null, _) => (Value::Null, "is null".to_owned()),
        (Breakage::WrongType, Value::String(_)) => (json!(42), "is a number".to_owned()),
        (Breakage::WrongType, _) => (json!("wrong"), "is a text".to_owned()),
    };
    holder.insert(key.to_owned(), replacement);
    Some(format!("`{}` {how}", place.words()))
}

/// The text of an event in which an id is that of nothing.
pub(super) fn wrong_id(
    text: &str,
    wire: Wire,
    fault: &WrongId,
    random: &mut Random,
) -> Option<Spoilt> {
    let mut event: Value = serde_json::from_str(text).ok()?;
    let is_id = |key: &str| match &fault.field {
        Some(field) => key == field,
        None => wire.is_id(key),
    };
    let ids: Vec<Place> = places(&event)
        .into_iter()
        .filter(|place| place.key().is_some_and(is_id))
        .filter(|place| place.value(&event).is_some_and(Value::is_string))
        .collect();
    let place = ids.get(random.below(ids.len()))?;
    let value = event.pointer_mut(&place.pointer())?;
    let wrong = wire.wrong_id(value.as_str()?, random);
    let what = format!("`{}` is {wrong}, that of nothing", place.words());
    *value = Value::String(wrong);
    Some((event.to_string(), what))
}

/// The way to a field: the keys of objects and the numbers of arrays' elements.
#[derive(Clone, Debug, Default, PartialEq)]
struct Place {
    keys: Vec<String>,
}

impl Place {
    fn and(&self, key: impl Into<String>) -> Self {
        let mut keys = self.keys.clone();
        keys.push(key.into());
        Self { keys }
    }

    /// The key of the field.
    fn key(&self) -> Option<&str> {
        self.keys.last().map(String::as_str)
    }

    fn pointer(&self) -> String {
        pointer(&self.keys)
    }

    /// The pointer of what the field is in.
    fn holder(&self) -> String {
        pointer(&self.keys[..self.keys.len().saturating_sub(1)])
    }

    fn value<'a>(&self, event: &'a Value) -> Option<&'a Value> {
        event.pointer(&self.pointer())
    }

    fn words(&self) -> String {
        self.keys.join(".")
    }
}

fn pointer(keys: &[String]) -> String {
    let escaped = |key: &String| format!("/{}", key.replace('~', "~0").replace('/', "~1"));
    keys.iter().map(escaped).collect()
}

/// All fields of objects, at whatever depth.
fn places(value: &Value) -> Vec<Place> {
    let mut found = Vec::new();
    let mut open = vec![(Place::default(), value)];
    while let Some((place, value)) = open.pop() {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    let field = place.and(key);
                    open.push((field.clone(), value));
                    found.push(field);
                }
            }
            Value::Array(values) => {
                let numbered = values.iter().enumerate();
                open.extend(numbered.map(|(number, value)| (place.and(number.to_string()), value)));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: (Wire, Direction) = (Wire::Realtime, Direction::Server);

    const EVENT: &str = r#"{"type":"response.output_text.delta","event_id":"event_1","response_id":"resp_1","item_id":"item_1","output_index":0,"content_index":0,"delta":"Grüße \"\n"}"#;

    fn each(mut spoil: impl FnMut(&mut Random) -> Option<Spoilt>) -> Vec<Spoilt> {
        let spoilt = (0..200).map(|seed| spoil(&mut Random::new(seed, 0, 0)));
        spoilt.map(Option::unwrap).collect()
    }

    #[test]
    fn a_text_is_no_json_in_several_ways() {
        let spoilt = each(|random| malform(EVENT, random));
        let mut ways: Vec<&str> = spoilt.iter().map(|(_, how)| how.as_str()).collect();
        ways.sort_unstable();
        ways.dedup();
        assert_eq!(ways.len(), 6, "{ways:?}");
        for (text, _) in &spoilt {
            assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        for (text, _) in each(|random| truncate(EVENT, Truncate::default(), random)) {
            assert!(EVENT.starts_with(&text) && !text.is_empty() && text != EVENT);
        }
        let inside = u64::try_from(EVENT.find('ü').unwrap()).unwrap() + 1;
        let fault = Truncate {
            bytes: Some(inside),
        };
        let (text, _) = truncate(EVENT, fault, &mut Random::new(1, 1, 1)).unwrap();
        assert!(text.ends_with("Grü"));
        let beyond = Truncate { bytes: Some(9_999) };
        assert!(truncate(EVENT, beyond, &mut Random::new(1, 1, 1)).is_none());
    }

    #[test]
    fn the_schema_is_broken_and_json_is_not() {
        let fault = BreakSchema::default();
        let all = each(|random| break_schema(EVENT, SERVER, &fault, random));
        for (text, what) in &all {
            let event: Map<String, Value> = serde_json::from_str(text).unwrap();
            assert_eq!(event["type"], "response.output_text.delta");
            assert!(
                Wire::Realtime.shape_of(&event, Direction::Server).is_none(),
                "{what}: {text}"
            );
        }
        for how in ["is missing", "is null", "is a number", "is a text"] {
            assert!(all.iter().any(|(_, what)| what.ends_with(how)), "{how}");
        }
        let one = BreakSchema {
            how: Some(Breakage::Null),
            field: Some("item_id".to_owned()),
        };
        let (text, _) = break_schema(EVENT, SERVER, &one, &mut Random::new(1, 1, 1)).unwrap();
        assert!(text.contains(r#""item_id":null"#), "{text}");
    }

    #[test]
    fn a_wrong_id_looks_like_a_right_one() {
        for (text, _) in each(|random| wrong_id(EVENT, Wire::Realtime, &WrongId::default(), random))
        {
            let event: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(event["event_id"], "event_1");
            let (response, item) = (event["response_id"].as_str(), event["item_id"].as_str());
            assert!(response.unwrap().starts_with("resp_") && item.unwrap().starts_with("item_"));
            assert_ne!((response, item), (Some("resp_1"), Some("item_1")));
        }
    }

    #[test]
    fn what_has_no_such_field_stays_as_it_is() {
        let none = WrongId {
            field: Some("call_id".to_owned()),
        };
        assert!(wrong_id(EVENT, Wire::Realtime, &none, &mut Random::new(0, 0, 0)).is_none());
        let fault = BreakSchema::default();
        let text = r#"{"type":"response.unheard_of"}"#;
        assert!(break_schema(text, SERVER, &fault, &mut Random::new(0, 0, 0)).is_none());
    }
}
