//! Strings that are held to their bounds while they are read, so that no second look at them is
//! needed: a length, and a pattern that asks for characters of one class and nothing else, as
//! `^[0-9]+$` does.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use crate::analysis::Analysis;
use crate::model::{Body, Field, Text, Type};
use crate::structs::{own_max_length, string_type};

/// What a string is held to.
#[derive(Clone, Debug, PartialEq)]
struct Bounds {
    /// Fewest characters.
    least: u64,
    /// Most characters.
    most: Option<u64>,
    /// What each of them is, from the first to the last; any, where there are none.
    class: Vec<(char, char)>,
}

impl Bounds {
    const NONE: Self = Self {
        least: 0,
        most: None,
        class: Vec::new(),
    };

    /// `None` where a regular expression has to be asked.
    fn of(text: &Text) -> Option<Self> {
        let pattern = text.pattern.as_deref();
        let of_pattern = pattern.map_or(Some(Self::NONE), Self::of_pattern)?;
        let max_length = text
            .max_length
            .filter(|most| own_max_length(text) != Some(*most));
        let most = [of_pattern.most, max_length];
        Some(Self {
            least: of_pattern.least.max(text.min_length.unwrap_or(0)),
            most: most.into_iter().flatten().min(),
            class: of_pattern.class,
        })
    }

    fn of_pattern(pattern: &str) -> Option<Self> {
        let hir = regex_syntax::parse(pattern).ok()?;
        let HirKind::Concat(parts) = hir.kind() else {
            return None;
        };
        let [start, middle, end] = parts.as_slice() else {
            return None;
        };
        let is_whole = matches!(start.kind(), HirKind::Look(Look::Start))
            && matches!(end.kind(), HirKind::Look(Look::End));
        let (least, most, class) = match middle.kind() {
            HirKind::Repetition(run) => (run.min.into(), run.max.map(u64::from), &*run.sub),
            _ => (1, Some(1), middle),
        };
        let class = ranges(class).filter(|_| is_whole)?;
        Some(Self { least, most, class })
    }

    /// The function that reads such a string.
    fn reader(&self, name: &str) -> TokenStream {
        let name = format_ident!("{name}");
        let least = self.least;
        let (count, range) = match self.most {
            Some(most) if most == least => (quote!(#least..=#most), least.to_string()),
            Some(most) => (quote!(#least..=#most), format!("{least} to {most}")),
            None => (quote!(#least..), format!("{least} or more")),
        };
        let ranges = self
            .class
            .iter()
            .map(|(first, last)| quote!(#first..=#last));
        let ranges: Vec<TokenStream> = ranges.collect();
        let (class, of_class) = if ranges.is_empty() {
            (quote!(|_| true), String::new())
        } else {
            let class = self.class.iter();
            let class: Vec<String> = class.map(|(a, z)| format!("{a} to {z}")).collect();
            let class = format!(", each {}", class.join(" or "));
            (quote!(|character| matches!(character, #(#ranges)|*)), class)
        };
        let expected = format!("{range} characters{of_class}");
        let doc = format!(" Reads a string of {expected}.");
        quote! {
            #[doc = #doc]
            fn #name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
                crate::protocol::bounded_text(deserializer, #expected, #count, #class)
            }
        }
    }
}

fn ranges(class: &Hir) -> Option<Vec<(char, char)>> {
    let HirKind::Class(Class::Unicode(class)) = class.kind() else {
        return None;
    };
    let ranges = class.iter().map(|range| (range.start(), range.end()));
    Some(ranges.collect())
}

/// Whether the type of a field, as it is read, refuses all strings that are not within its bounds.
pub(crate) fn is_kept(field: &Field, text: &Text) -> bool {
    bounds(field).is_some() || Bounds::of(text) == Some(Bounds::NONE)
}

/// What a field is held to while it is read.
fn bounds(field: &Field) -> Option<Bounds> {
    let Type::Text(text) = &field.ty else {
        return None;
    };
    let is_plain = field.required && !field.nullable && string_type(text).is_none();
    let bounds = Bounds::of(text).filter(|_| is_plain)?;
    (bounds != Bounds::NONE).then_some(bounds)
}

/// The name of the function that reads a field, if it needs one.
pub(crate) fn reader(analysis: &Analysis<'_>, field: &Field) -> Option<String> {
    let bounds = bounds(field)?;
    let place = all(analysis).iter().position(|known| *known == bounds)?;
    Some(name(place))
}

/// The functions that read strings with bounds.
pub(crate) fn readers(analysis: &Analysis<'_>) -> TokenStream {
    let all = all(analysis).into_iter().enumerate();
    all.map(|(place, bounds)| bounds.reader(&name(place)))
        .collect()
}

fn name(place: usize) -> String {
    format!("bounded_text_{place}")
}

/// All bounds, each once.
fn all(analysis: &Analysis<'_>) -> Vec<Bounds> {
    let mut all = Vec::new();
    for (name, definition) in &analysis.protocol.definitions {
        if let Body::Object(object) = &definition.body
            && !analysis.is_shared(name)
        {
            for bounds in object.fields.values().filter_map(bounds) {
                if !all.contains(&bounds) {
                    all.push(bounds);
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(min_length: Option<u64>, max_length: Option<u64>, pattern: &str) -> Text {
        Text {
            min_length,
            max_length,
            pattern: Some(pattern.to_owned()).filter(|pattern| !pattern.is_empty()),
            ..Text::default()
        }
    }

    #[track_caller]
    fn is(text: &Text, least: u64, most: Option<u64>, class: &[(char, char)]) {
        let class = class.to_vec();
        assert_eq!(Bounds::of(text), Some(Bounds { least, most, class }));
    }

    #[test]
    fn characters_of_one_class_are_kept() {
        is(&text(None, None, "^[0-9]+$"), 1, None, &[('0', '9')]);
        let digits_and_letters = [('0', '9'), ('A', 'D')];
        is(
            &text(None, None, "^[0-9A-D]$"),
            1,
            Some(1),
            &digits_and_letters,
        );
        is(&text(None, None, "^[a-f]{2,4}$"), 2, Some(4), &[('a', 'f')]);
    }

    #[test]
    fn a_length_is_kept_with_a_pattern_and_without_one() {
        is(&text(Some(1), None, ""), 1, None, &[]);
        is(
            &text(Some(3), Some(9), "^[a-f]{2,4}$"),
            3,
            Some(4),
            &[('a', 'f')],
        );
        is(&text(None, Some(3), "^[a-f]*$"), 0, Some(3), &[('a', 'f')]);
    }

    #[test]
    fn anything_else_is_left_to_a_regular_expression() {
        for pattern in ["[0-9]+", "^[0-9]+", "^tunnel_[0-9]+$", "^(a|bc)$", "("] {
            assert_eq!(Bounds::of(&text(None, None, pattern)), None, "{pattern}");
        }
    }
}
