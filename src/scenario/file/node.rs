//! A file as a tree that knows where each value stands.

use std::ops::Range;

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, ScanError, YamlData};

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

impl Node {
    /// The tree of a text: YAML, of which JSON is a part.
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        let places = Places::of(text);
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
