//! What the published schemas say of a JSON value, as data.
//!
//! The generated code has a `static` for every object and union, and the
//! checker walks a value along it. A shape says more than the types do: bounds,
//! lengths and the like.

/// A type of the protocol that knows what its JSON looks like.
pub trait Shaped {
    /// What it looks like, for [`check`](super::check()).
    const SHAPE: &'static Shape;
}

/// What a JSON value has to look like.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Anything.
    Any,
    /// `true` or `false`.
    Boolean,
    /// A string.
    String {
        /// The fewest characters allowed.
        min_length: Option<usize>,
        /// The most characters allowed.
        max_length: Option<usize>,
        /// A regular expression it has to match somewhere.
        pattern: Option<&'static str>,
    },
    /// A string of standard base64 with padding.
    Audio,
    /// A number written without a fraction: `3.0` is not one.
    Integer {
        /// The lowest value allowed.
        minimum: Option<i64>,
        /// The highest value allowed.
        maximum: Option<i64>,
    },
    /// Any number.
    Number {
        /// The lowest value allowed.
        minimum: Option<f64>,
        /// The highest value allowed.
        maximum: Option<f64>,
    },
    /// One of some strings.
    Enum {
        /// The known values.
        values: &'static [&'static str],
        /// Whether it is published as any string, of which these are only the
        /// known values.
        open: bool,
    },
    /// An array.
    Array {
        /// What each element looks like.
        items: &'static Shape,
        /// The fewest elements allowed.
        min_items: Option<usize>,
        /// The most elements allowed.
        max_items: Option<usize>,
    },
    /// An object with any keys.
    Map {
        /// What each value looks like.
        values: &'static Shape,
    },
    /// An object with known fields.
    Object(&'static ObjectShape),
    /// One of several shapes.
    Union(&'static UnionShape),
    /// `null`, or this.
    Nullable(&'static Shape),
}

/// An object with known fields.
#[derive(Clone, Copy, Debug)]
pub struct ObjectShape {
    /// The name of the object's type, for people.
    pub name: &'static str,
    /// The fields, without the tags that led here.
    pub fields: &'static [FieldShape],
}

/// A field of an object.
#[derive(Clone, Copy, Debug)]
pub struct FieldShape {
    /// The key.
    pub name: &'static str,
    /// Whether it has to be there.
    pub required: bool,
    /// What its value looks like, when it is there.
    pub shape: &'static Shape,
}

/// One of several shapes.
#[derive(Clone, Copy, Debug)]
pub struct UnionShape {
    /// The name of the union's type, for people.
    pub name: &'static str,
    /// The key by which the tagged members are told apart. There has to be one
    /// when there are tagged members.
    pub tag: Option<&'static str>,
    /// What it can be.
    pub members: &'static [MemberShape],
}

/// A member of a union.
#[derive(Clone, Copy, Debug)]
pub enum MemberShape {
    /// An object whose tag has this value.
    Tagged {
        /// The tag's value.
        value: &'static str,
        /// The object without the tag, or a union with another tag.
        shape: &'static Shape,
    },
    /// This very string.
    Literal(&'static str),
    /// Chosen by the JSON type of the value.
    Untagged(&'static Shape),
}
