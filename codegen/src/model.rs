//! The schema of one protocol as the generator sees it: named definitions made of few constructs.
//!
//! Everything a published document may say in several ways is said in one way here, so that the
//! later passes stay small. [`crate::load`] reads it from `schema/`, [`crate::write`] writes it
//! there, [`crate::openapi`] makes it from a published document.

use indexmap::IndexMap;
use serde_json::Value;

/// A protocol: all its definitions, in the order of its files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Protocol {
    /// Definitions by their Rust name.
    pub definitions: IndexMap<String, Definition>,
}

/// A named thing of the protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// The file it lies in, without `.json`.
    pub family: String,
    /// Our own words for it.
    pub description: Option<String>,
    /// Its name in the published document; `None` where that document has it inline.
    pub upstream: Option<String>,
    /// What it is.
    pub body: Body,
}

/// What a definition is.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// An object with known fields.
    Object(Object),
    /// A string out of a list.
    Enum(Enum),
    /// One of several types.
    Union(Union),
}

/// An object with known fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    /// Fields in document order.
    pub fields: IndexMap<String, Field>,
    /// Whether the document forbids further fields.
    pub closed: bool,
}

/// A field of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Our own words for it.
    pub description: Option<String>,
    /// Whether it must be there.
    pub required: bool,
    /// Whether it may be `null`.
    pub nullable: bool,
    /// What the document says is assumed when it is absent.
    pub default: Option<Value>,
    /// What it holds when it is not `null`.
    pub ty: Type,
}

/// What a value may be.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// Another definition.
    Ref(String),
    /// Exactly this string.
    Const(String),
    /// A string.
    Text(Text),
    /// A whole number within bounds.
    Integer(Bounds<i64>),
    /// A number within bounds.
    Number(Bounds<f64>),
    /// `true` or `false`.
    Boolean,
    /// A list.
    Array(Array),
    /// An object with any keys and values of one type.
    Map(Box<Type>),
    /// Any object.
    AnyObject,
    /// Any value.
    Any,
}

/// A string, with what is known of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text {
    /// What kind of string: a published format (`uri`) or one of ours (`item-id`).
    pub format: Option<String>,
    /// Fewest characters.
    pub min_length: Option<u64>,
    /// Most characters.
    pub max_length: Option<u64>,
    /// A regular expression it matches.
    pub pattern: Option<String>,
    /// Whether it is base64 of bytes.
    pub base64: bool,
}

/// The least and the greatest value, both allowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds<N> {
    /// The least.
    pub minimum: Option<N>,
    /// The greatest.
    pub maximum: Option<N>,
}

impl<N> Default for Bounds<N> {
    fn default() -> Self {
        Self {
            minimum: None,
            maximum: None,
        }
    }
}

/// A list.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// What it holds.
    pub items: Box<Type>,
    /// Fewest items.
    pub min_items: Option<u64>,
    /// Most items.
    pub max_items: Option<u64>,
}

/// A string out of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Enum {
    /// The known values.
    pub values: Vec<String>,
    /// Whether the document allows any other string as well.
    pub open: bool,
}

/// One of several types.
#[derive(Clone, Debug, PartialEq)]
pub struct Union {
    /// The property by which its objects are told apart, where there is one.
    pub tag: Option<String>,
    /// Its members, in document order.
    pub members: Vec<Member>,
}

/// A member of a union.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its name in Rust.
    pub variant: String,
    /// What it is.
    pub kind: MemberKind,
}

/// What a member of a union is.
#[derive(Clone, Debug, PartialEq)]
pub enum MemberKind {
    /// The object (or union of objects) whose tag has this value.
    Tagged {
        /// The tag's value.
        value: String,
        /// The definition.
        name: String,
    },
    /// This very string.
    Literal(String),
    /// Told apart by its JSON type.
    Untagged(Type),
}

impl Protocol {
    /// The object definition called `name`, if it is one.
    pub fn object(&self, name: &str) -> Option<&Object> {
        match &self.definitions.get(name)?.body {
            Body::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The union definition called `name`, if it is one.
    pub fn union(&self, name: &str) -> Option<&Union> {
        match &self.definitions.get(name)?.body {
            Body::Union(union) => Some(union),
            _ => None,
        }
    }
}

impl Type {
    /// Calls `visit` with the name of each definition this type refers to.
    pub fn each_ref<'a>(&'a self, visit: &mut impl FnMut(&'a str)) {
        match self {
            Self::Ref(name) => visit(name),
            Self::Array(array) => array.items.each_ref(visit),
            Self::Map(values) => values.each_ref(visit),
            _ => {}
        }
    }
}

impl Body {
    /// Calls `visit` with the name of each definition this one refers to.
    pub fn each_ref<'a>(&'a self, visit: &mut impl FnMut(&'a str)) {
        match self {
            Self::Object(object) => object.fields.values().for_each(|f| f.ty.each_ref(visit)),
            Self::Enum(_) => {}
            Self::Union(union) => union.members.iter().for_each(|member| match &member.kind {
                MemberKind::Tagged { name, .. } => visit(name),
                MemberKind::Untagged(ty) => ty.each_ref(visit),
                MemberKind::Literal(_) => {}
            }),
        }
    }
}
