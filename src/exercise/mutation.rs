//! What can be different about an event that is still the event.

use std::fmt;

/// What is different about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Mutation {
    /// Nothing: as the service sends it.
    Unchanged,
    /// No field is there that may be absent.
    NoOptionalFields,
    /// All fields are there that may be.
    AllFields,
    /// A field that may be absent is.
    Absent,
    /// A field is there that mostly is not.
    Present,
    /// Null, where the service was seen to send it.
    Null,
    /// A text of 64 KiB.
    LongText,
    /// A text of everything that is rare in texts: letters beyond 16 bits, from right to left, made of
    /// several, invisible ones, ends of lines that only JavaScript knows.
    Unicode,
    /// A text with the character U+0000, which ends strings in some languages.
    NulCharacter,
    /// A text, or a delta, of no character.
    EmptyText,
    /// An array of nothing.
    EmptyArray,
    /// Another of the forms that a value can have.
    Form,
    /// A string that is not among those that are known, where any is allowed.
    UnlistedValue,
    /// A number without a fraction, where it may have one.
    WholeNumber,
    /// A number with a fraction.
    Fraction,
    /// Numbers as large as they can be and still be exact in every language.
    LargeNumbers,
    /// A field that nobody knows yet.
    UnknownField,
    /// A string that is not among those that the schema has.
    UnknownValue,
    /// An event of a type that nobody knows yet, after this one.
    UnknownEvent,
}

impl Mutation {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::NoOptionalFields => "no-optional-fields",
            Self::AllFields => "all-fields",
            Self::Absent => "absent",
            Self::Present => "present",
            Self::Null => "null",
            Self::LongText => "long-text",
            Self::Unicode => "unicode",
            Self::NulCharacter => "nul-character",
            Self::EmptyText => "empty-text",
            Self::EmptyArray => "empty-array",
            Self::Form => "form",
            Self::UnlistedValue => "unlisted-value",
            Self::WholeNumber => "whole-number",
            Self::Fraction => "fraction",
            Self::LargeNumbers => "large-numbers",
            Self::UnknownField => "unknown-field",
            Self::UnknownValue => "unknown-value",
            Self::UnknownEvent => "unknown-event",
        }
    }

    /// Whether the protocol of today does not have it, and that of tomorrow may: a client should bear
    /// it all the same. All else is valid.
    pub const fn is_forward_compatible(self) -> bool {
        matches!(
            self,
            Self::UnknownField | Self::UnknownValue | Self::UnknownEvent
        )
    }
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
