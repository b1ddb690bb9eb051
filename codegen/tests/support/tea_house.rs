//! A protocol small enough to see all of it: what guests order and what is served.

use mock_realtime_codegen::rules::Rules;
use serde_json::Value;

/// The rules as they would lie in `sync.toml`.
pub(crate) const RULES: &str = include_str!("../fixtures/tea_house.toml");

/// The published document.
pub(crate) fn document() -> Value {
    serde_json::from_str(include_str!("../fixtures/tea_house.json")).expect("the fixture is JSON")
}

/// The document after `edit` to its schemas.
pub(crate) fn edited(edit: impl FnOnce(&mut Value)) -> Value {
    let mut document = document();
    edit(&mut document["components"]["schemas"]);
    document
}

/// The rules for it.
pub(crate) fn rules() -> Rules {
    toml::from_str(RULES).expect("these are rules")
}

/// Takes `key` out of an object.
pub(crate) fn remove(object: &mut Value, key: &str) {
    let object = object.as_object_mut().expect("an object");
    object.remove(key).expect("it was there");
}

/// Puts `value` at the end of a list.
pub(crate) fn push(list: &mut Value, value: Value) {
    list.as_array_mut().expect("a list").push(value);
}
