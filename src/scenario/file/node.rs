//! A file as a tree that knows where each value stands.

use std::borrow::Cow;
use std::fmt::Write;
use std::ops::Range;

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, ScanError, YamlData};
use saphyr_parser::{Event, Parser};

use super::path::{Path, Segment};

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    /// The bytes of the file it is in.
    pub(super) span: Range<usize>,
}

/// What a file can hold.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    String(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// An entry of a map.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Range<usize>,
    pub(super) node: Node,
}

/// Why a text is no YAML.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) message: String,
    pub(super) span: Range<usize>,
}

/// How deep values may be in each other. What reads and drops them goes down by itself.
const DEEPEST: usize = 128;

/// The same text with each character outside the basic plane as one escape. JSON writes it as two, a
/// surrogate pair, which YAML does not know.
fn with_whole_characters(text: &str) -> Cow<'_, str> {
    let surrogate = |from: &str, first: std::ops::RangeInclusive<u32>| {
        let digits = from.strip_prefix("\\u")?.get(..4)?;
        let unit = u32::from_str_radix(digits, 16).ok()?;
        first.contains(&unit).then_some(unit)
    };
    let mut whole = String::new();
    let mut taken = 0;
    let mut backslashes = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte != b'\\' {
            backslashes = 0;
            continue;
        }
        backslashes += 1;
        // A backslash after an odd number of them is itself escaped.
        let pair = (backslashes % 2 == 1)
            .then(|| {
                let high = surrogate(text.get(at..)?, 0xD800..=0xDBFF)?;
                let low = surrogate(text.get(at + 6..)?, 0xDC00..=0xDFFF)?;
                Some(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
            })
            .flatten();
        if let Some(character) = pair {
            whole.push_str(&text[taken..at]);
            let _ = write!(whole, "\\U{character:08X}");
            taken = at + 12;
        }
    }
    if taken == 0 {
        return Cow::Borrowed(text);
    }
    whole.push_str(&text[taken..]);
    Cow::Owned(whole)
}

impl Node {
    /// The tree of a text: YAML, of which JSON is a part.
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        let text = &*with_whole_characters(text);
        let places = Places::of(text);
        places.check_depth(text)?;
        let documents =
            MarkedYaml::load_from_str(text).map_err(|error| places.unreadable(&error))?;
        let mut documents = documents.iter();
        let node = match documents.next() {
            Some(first) => places.node(first)?,
            None => Node {
                value: Value::Map(Vec::new()),
                span: 0..0,
            },
        };
        match documents.next() {
            Some(second) => Err(Unreadable {
                message: "a second document begins here, but a scenario is one; further files are named under `include`"
                    .to_owned(),
                span: places.span(second),
            }),
            None => Ok(node),
        }
    }

    /// Where the value at a path stands, or as much of the path as there is.
    pub(super) fn place(&self, path: &Path) -> Range<usize> {
        let mut node = self;
        let mut span = self.span.clone();
        for segment in path.segments() {
            match (segment, &node.value) {
                (Segment::Key(key), Value::Map(entries)) => {
                    let Some(entry) = entries.iter().find(|entry| entry.key == *key) else {
                        return span;
                    };
                    span = match entry.node.value {
                        Value::Map(_) | Value::List(_) => entry.key_span.clone(),
                        _ => entry.node.span.clone(),
                    };
                    node = &entry.node;
                }
                (Segment::Index(index), Value::List(nodes)) => {
                    let Some(item) = nodes.get(*index) else {
                        return span;
                    };
                    span = item.span.clone();
                    node = item;
                }
                // A list of one may be written as its only entry.
                (Segment::Index(0), _) => {}
                _ => return span,
            }
        }
        span
    }

    /// Where the map or list at a path begins, which tells it from others.
    pub(super) fn span_of(&self, path: &Path) -> usize {
        let mut node = self;
        for segment in path.segments() {
            let next = match (segment, &node.value) {
                (Segment::Key(key), Value::Map(entries)) => entries
                    .iter()
                    .find(|entry| entry.key == *key)
                    .map(|entry| &entry.node),
                (Segment::Index(index), Value::List(nodes)) => nodes.get(*index),
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node.span.start
    }

    /// Takes out what is at a path; says where it was taken from. Nothing is left to take out at
    /// the root.
    pub(super) fn take_out(&mut self, path: &Path) -> Option<(usize, String)> {
        let (last, parents) = path.segments().split_last()?;
        let mut node = self;
        for segment in parents {
            node = match (segment, &mut node.value) {
                (Segment::Key(key), Value::Map(entries)) => {
                    &mut entries.iter_mut().find(|entry| entry.key == *key)?.node
                }
                (Segment::Index(index), Value::List(nodes)) => nodes.get_mut(*index)?,
                _ => return None,
            };
        }
        let at = node.span.start;
        match (last, &mut node.value) {
            (Segment::Key(key), Value::Map(entries)) => {
                entries.retain(|entry| entry.key != *key);
                Some((at, key.clone()))
            }
            (Segment::Index(index), Value::List(nodes)) if *index < nodes.len() => {
                nodes.remove(*index);
                Some((at, String::new()))
            }
            _ => None,
        }
    }
}

/// Where the characters of a text begin, in bytes.
struct Places {
    bytes: Vec<usize>,
    end: usize,
}

impl Places {
    fn of(text: &str) -> Self {
        Self {
            bytes: text.char_indices().map(|(at, _)| at).collect(),
            end: text.len(),
        }
    }

    fn byte(&self, character: usize) -> usize {
        self.bytes.get(character).copied().unwrap_or(self.end)
    }

    fn span(&self, node: &MarkedYaml<'_>) -> Range<usize> {
        self.byte(node.span.start.index())..self.byte(node.span.end.index())
    }

    /// Refuses a text whose values are too deep in each other, before there is a tree of it.
    fn check_depth(&self, text: &str) -> Result<(), Unreadable> {
        let mut depth: usize = 0;
        // What is no YAML at all is told by who reads it.
        for (event, span) in Parser::new_from_str(text).map_while(Result::ok) {
            match event {
                Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
                Event::SequenceEnd | Event::MappingEnd => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > DEEPEST {
                let at = self.byte(span.start.index());
                return Err(Unreadable {
                    message: format!("this is inside of more than {DEEPEST} lists and maps"),
                    span: at..at,
                });
            }
        }
        Ok(())
    }

    fn unreadable(&self, error: &ScanError) -> Unreadable {
        let at = self.byte(error.marker().index());
        Unreadable {
            message: format!("this is not YAML: {}", error.info()),
            span: at..self.byte(error.marker().index() + 1),
        }
    }

    fn node(&self, yaml: &MarkedYaml<'_>) -> Result<Node, Unreadable> {
        let span = self.span(yaml);
        let value = match &yaml.data {
            YamlData::Value(scalar) => match scalar {
                Scalar::Null => Value::Null,
                Scalar::Boolean(value) => Value::Bool(*value),
                Scalar::Integer(value) => Value::Integer(*value),
                Scalar::FloatingPoint(value) => Value::Float(value.into_inner()),
                Scalar::String(text) => Value::String(text.to_string()),
            },
            YamlData::Sequence(items) => Value::List(
                items
                    .iter()
                    .map(|item| self.node(item))
                    .collect::<Result<_, _>>()?,
            ),
            YamlData::Mapping(entries) => {
                let entries = entries.iter().map(|(key, value)| {
                    Ok(Entry {
                        key: self.key(key)?,
                        key_span: self.span(key),
                        node: self.node(value)?,
                    })
                });
                Value::Map(entries.collect::<Result<_, Unreadable>>()?)
            }
            YamlData::Tagged(_, inner) => return self.node(inner),
            YamlData::BadValue | YamlData::Alias(_) | YamlData::Representation(..) => {
                return Err(Unreadable {
                    message: "this value cannot be read".to_owned(),
                    span,
                });
            }
        };
        Ok(Node { value, span })
    }

    /// A key as a text: `0` as a key is the text "0".
    fn key(&self, yaml: &MarkedYaml<'_>) -> Result<String, Unreadable> {
        match self.node(yaml)?.value {
            Value::String(text) => Ok(text),
            Value::Integer(number) => Ok(number.to_string()),
            Value::Bool(value) => Ok(value.to_string()),
            _ => Err(Unreadable {
                message: "a key has to be a text".to_owned(),
                span: self.span(yaml),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn surrogate_pairs_are_one_character() {
        let node = Node::parse(r#"{"a": "\ud83d\ude00 \\ud83d", "b": [1]}"#).unwrap();
        let Value::Map(entries) = node.value else {
            panic!("a map");
        };
        assert!(matches!(&entries[0].node.value, Value::String(text) if text == "😀 \\ud83d"));
        assert!(Node::parse(r#"{"a": "\ud83d"}"#).is_err());
    }

    #[test]
    fn what_is_too_deep_is_no_tree() {
        for deep in [
            "[".repeat(10_000),
            "- ".repeat(1_000_000),
            "{a: ".repeat(10_000),
        ] {
            assert!(Node::parse(&deep).is_err());
        }
        let error = Node::parse(&"- ".repeat(200)).unwrap_err();
        assert_eq!(
            error.message,
            "this is inside of more than 128 lists and maps"
        );
    }

    #[test]
    fn aliases_of_aliases_do_not_grow_without_bound() {
        let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for n in 1..9 {
            let aliases = vec![format!("*a{}", n - 1); 10].join(",");
            writeln!(text, "a{n}: &a{n} [{aliases}]").unwrap();
        }
        assert!(Node::parse(&text).is_err());
    }
}
