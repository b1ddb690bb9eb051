//! What can be changed in an event, found by walking the schema along with it.
//!
//! A session stays one whatever is changed: what ties its events together is left alone, and a text
//! that several events carry is changed in all of them.

use serde_json::{Value, json};

use crate::protocol::{JsonPath, PathSegment};

use super::edit::{Edit, key, lookup, name};
use super::mutation::Mutation;
use super::schema::{Form, MOST_EXACT, Member, Schema, integer};
use super::whole::{ALWAYS_THERE, TIED, additions, filled, integers, optional, remains};

/// A way in which an event can differ.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) mutation: Mutation,
    /// Where; empty for all of the event.
    pub(super) place: String,
    /// The definition that says it may differ so.
    pub(super) definition: &'static str,
    /// What is to be done to the event.
    pub(super) edits: Vec<Edit>,
    /// Texts that are to be other ones wherever they are: in this event, and in what repeats it.
    pub(super) renames: Vec<(String, String)>,
}

/// Fields that hold whatever somebody has said or written.
const FREE_TEXTS: &[&str] = &[
    "arguments",
    "delta",
    "description",
    "instructions",
    "message",
    "obfuscation",
    "output",
    "reason",
    "text",
    "transcript",
];

/// Strings that name a thing of which there may be more one day, though no list says which.
const NAMES_OF_KINDS: &[&str] = &["code", "type", "language"];

/// Values that are one of several by what the session is, not by chance.
const FIXED_UNIONS: &[&str] = &["AudioFormat", "ConversationItem", "Message", "Session"];

/// What nobody knows yet.
const ADDED_LATER: &str = "added_later";

/// Characters of a long text.
const LONG: usize = 64 * 1024;

/// Everything that is rare.
const UNUSUAL: &str = concat!(
    "\u{1f600} \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{20bb7} ", // beyond 16 bits, joined
    "e\u{301} n\u{303}\u{323} \u{1100}\u{1161}\u{11a8} ",               // made of several
    "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{645}\u{631}\u{62d}\u{628}\u{627} \u{202e}abc\u{202c} ",
    "\u{2028}\u{2029}\u{85}\r\n\t ", // ends of lines
    "\u{feff}\u{200b}\u{ad}\u{fffd}\u{ffff}\u{10ffff} \u{1b}[0m\u{7f} ", // invisible, none at all
    "\\ \" / ' </script> %s {0}"
);

/// All ways in which an event of this definition can differ, in a fixed order.
pub(super) fn changes(event: Schema, original: &Value) -> Vec<Change> {
    let filled = filled(event, original, "");
    let mut finder = Finder {
        original,
        filled: &filled,
        found: Vec::new(),
    };
    finder.of_the_whole(event);
    finder.visit(event, &filled, &mut Vec::new());
    finder.found
}

struct Finder<'a> {
    original: &'a Value,
    /// The same with all that may be there.
    filled: &'a Value,
    found: Vec<Change>,
}

impl Finder<'_> {
    fn of_the_whole(&mut self, event: Schema) {
        let mut whole = |mutation, edits| {
            self.found.push(Change {
                mutation,
                place: String::new(),
                definition: event.name,
                edits,
                renames: Vec::new(),
            });
        };
        whole(Mutation::Unchanged, Vec::new());
        let mut removed = Vec::new();
        optional(event, self.original, &mut Vec::new(), &mut removed);
        if !removed.is_empty() {
            whole(Mutation::NoOptionalFields, removed);
        }
        let mut added = Vec::new();
        additions(self.original, self.filled, &mut Vec::new(), &mut added);
        if !added.is_empty() {
            whole(Mutation::AllFields, added);
        }
        let mut numbers = Vec::new();
        integers(event, self.original, &mut Vec::new(), &mut numbers);
        let most = numbers.iter().map(|(_, number)| *number).max();
        if let Some(most) = most.filter(|most| *most > 0) {
            // All by the same factor, so that sums stay sums.
            let factor = MOST_EXACT / most;
            let edit = |(path, number): (JsonPath, i64)| Edit {
                path,
                value: Some(integer(number * factor)),
            };
            whole(
                Mutation::LargeNumbers,
                numbers.into_iter().map(edit).collect(),
            );
        }
        whole(Mutation::UnknownEvent, Vec::new());
    }

    fn visit(&mut self, schema: Schema, value: &Value, path: &mut Vec<PathSegment>) {
        let schema = schema.resolved();
        let definition = schema.name;
        match schema.form() {
            Form::Nullable(other) => {
                if !value.is_null() {
                    self.visit(other, value, path);
                }
            }
            Form::Object(object) => {
                path.push(key(ADDED_LATER));
                let later = json!({ "value": [1, null] });
                self.found(Mutation::UnknownField, definition, path, Some(later));
                path.pop();
                for field in object.fields {
                    let Some(value) = value.get(field.name) else {
                        continue;
                    };
                    path.push(key(field.name));
                    self.field(definition, field.required, field.schema, value, path);
                    path.pop();
                }
            }
            Form::Array {
                items,
                may_be_empty,
            } => {
                let all = value.as_array().map(Vec::as_slice).unwrap_or_default();
                let is_empty = lookup(self.original, path) == Some(&json!([]));
                if may_be_empty && !is_empty && !is_tied(path) {
                    self.found(Mutation::EmptyArray, definition, path, Some(json!([])));
                }
                for (index, value) in all.iter().enumerate() {
                    path.push(PathSegment::Index(index));
                    self.visit(items, value, path);
                    path.pop();
                }
            }
            Form::Map(Some(values)) => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    path.push(key(name));
                    self.visit(values, value, path);
                    path.pop();
                }
            }
            Form::Union { tag, members } => self.union(schema, tag, &members, value, path),
            Form::Closed(_) => {
                let later = Some(json!(ADDED_LATER));
                self.found(Mutation::UnknownValue, definition, path, later);
            }
            Form::Open(_) => {
                if !is_tied(path) {
                    let later = Some(json!(ADDED_LATER));
                    self.found(Mutation::UnlistedValue, definition, path, later);
                }
            }
            Form::Text => self.text(definition, value, path),
            Form::Number { .. } => {
                self.found(Mutation::WholeNumber, definition, path, Some(json!(1)));
                self.found(Mutation::Fraction, definition, path, Some(json!(0.75)));
            }
            Form::Audio => {
                if name(path) == "delta" {
                    self.found(Mutation::EmptyText, definition, path, Some(json!("")));
                }
            }
            Form::Constant(_)
            | Form::Id
            | Form::Fixed
            | Form::Integer { .. }
            | Form::Boolean
            | Form::Map(None)
            | Form::Any => {}
        }
    }

    /// A field that is there in the event with all fields.
    fn field(
        &mut self,
        definition: &'static str,
        required: bool,
        schema: Schema,
        value: &Value,
        path: &mut Vec<PathSegment>,
    ) {
        let before = lookup(self.original, path);
        if before.is_none_or(Value::is_null) && !value.is_null() {
            self.found(Mutation::Present, definition, path, Some(value.clone()));
        }
        if before.is_some() && !required && !remains(schema, path) {
            self.found(Mutation::Absent, definition, path, None);
        }
        let nullable =
            matches!(schema.form(), Form::Nullable(_)) && !ALWAYS_THERE.contains(&name(path));
        if nullable && before.is_none_or(|before| !before.is_null()) {
            self.found(Mutation::Null, definition, path, Some(Value::Null));
        }
        self.visit(schema, value, path);
    }

    fn union(
        &mut self,
        union: Schema,
        tag: Option<&'static str>,
        members: &[Member],
        value: &Value,
        path: &mut Vec<PathSegment>,
    ) {
        let current = Schema::member(tag, members, value);
        if let Some(tag) = tag.filter(|tag| value.get(tag).is_some()) {
            path.push(key(tag));
            let later = Some(json!(ADDED_LATER));
            self.found(Mutation::UnknownValue, union.name, path, later);
            path.pop();
        }
        if !FIXED_UNIONS.contains(&union.name) {
            let others = members
                .iter()
                .filter(|member| current.is_none_or(|current| current.name != member.name));
            for member in others {
                if let Some(example) = member.example(tag) {
                    self.found(Mutation::Form, union.name, path, Some(example));
                    if let Some(change) = self.found.last_mut() {
                        change.place = format!("{}={}", change.place, member.name);
                    }
                }
            }
        }
        if let Some(current) = current {
            self.visit(current.schema, value, path);
        }
    }

    fn text(&mut self, definition: &'static str, value: &Value, path: &[PathSegment]) {
        let name = name(path);
        if NAMES_OF_KINDS.contains(&name) {
            let later = Some(json!(ADDED_LATER));
            self.found(Mutation::UnlistedValue, definition, path, later);
        }
        let text = value.as_str().unwrap_or_default();
        if !FREE_TEXTS.contains(&name) || text.is_empty() {
            return;
        }
        let long = "So it goes on and on. ".repeat(LONG / 22);
        let texts = [
            (Mutation::LongText, &*long),
            (Mutation::Unicode, UNUSUAL),
            (Mutation::NulCharacter, "before\0after"),
            (Mutation::EmptyText, ""),
        ];
        for (mutation, new) in texts {
            let renames = renames(text, new);
            let own = renames.iter().find(|(from, _)| from == text);
            let own = own.map_or(new, |(_, to)| to);
            self.found(mutation, definition, path, Some(json!(own)));
            // What is repeated elsewhere is the same there. Padding is another one each time, too.
            let is_there = lookup(self.original, path) == Some(value);
            if let Some(change) = self.found.last_mut().filter(|_| is_there) {
                change.renames = renames;
            }
        }
    }

    /// Notes a change of one value. Where it stands within something that the event does not have, all
    /// of that is put there.
    fn found(
        &mut self,
        mutation: Mutation,
        definition: &'static str,
        path: &[PathSegment],
        value: Option<Value>,
    ) {
        let is_missing =
            |length: &usize| lookup(self.original, &path[..*length]).is_none_or(Value::is_null);
        let missing = (1..path.len()).find(is_missing);
        let edit = match missing {
            None => Edit {
                path: path.iter().cloned().collect(),
                value,
            },
            Some(length) => {
                let (outer, inner) = path.split_at(length);
                let mut whole = lookup(self.filled, outer).cloned().unwrap_or_default();
                Edit {
                    path: inner.iter().cloned().collect(),
                    value,
                }
                .apply(&mut whole);
                Edit {
                    path: outer.iter().cloned().collect(),
                    value: Some(whole),
                }
            }
        };
        self.found.push(Change {
            mutation,
            place: path.iter().cloned().collect::<JsonPath>().to_string(),
            definition,
            edits: vec![edit],
            renames: Vec::new(),
        });
    }
}

/// What has to be another text so that `from` becomes `to` wherever it is said.
fn renames(from: &str, to: &str) -> Vec<(String, String)> {
    let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    // Arguments of a call: `{}`, which comes in two deltas.
    if !from.starts_with('{') {
        return vec![pair(from, to)];
    }
    if to.is_empty() {
        return vec![pair("{", ""), pair("}", ""), pair("{}", "")];
    }
    let object = json!({ "text": to }).to_string();
    let first = object.strip_suffix('}').unwrap_or(&object);
    vec![pair("{", first), pair("{}", &object)]
}

fn is_tied(path: &[PathSegment]) -> bool {
    TIED.contains(&name(path))
}
