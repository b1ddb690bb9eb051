//! Two protocols out of one document: the second gathers its events by their names, says what its wire
//! had, and has the first one's types wherever they are the same.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use mock_realtime_codegen::sync::sync;
use mock_realtime_codegen::{generate, overlay, rules};
use support::tea_house::{RULES, document};
use tempfile::TempDir;

const OLD_RULES: &str = r#"
strip_prefix = "Tea"

[[events]]
published = "TeaOrder*"
name = "ClientEvent"
direction = "client"

[[events]]
published = "TeaServed*"
also = ["TeaError"]
name = "ServerEvent"
direction = "server"

[shares]
protocol = "tea"
module = "protocol::tea"

[inline]
"OrderPlace.size" = "Size"
"Tray.size" = "Size"
"OrderPlace.extras[]" = "Extra"
"#;

const OLD_OVERLAY: &str = r#"
[[rename]]
from = "served"
to = "tea.served"
reason = "Heard in the old house."

[[relist]]
name = "Kind"
values = ["black"]
reason = "The old house had no other."

[[observe]]
paths = ["TeaServed.tray"]
optional = true
reason = "It was carried by hand."
"#;

#[test]
fn what_is_the_same_is_one_type() {
    let house = House::new();
    let rust = generate(&house.old).expect("it can be generated").rust;
    let shared = between(&rust, "pub use crate::protocol::tea::{", "};");
    for same in ["Error", "Extra", "OrderCancel", "Size"] {
        assert!(shared.contains(same), "{same} is not in {shared}");
        assert!(!rust.contains(&format!("pub struct {same} ")));
        assert!(!rust.contains(&format!("pub enum {same} ")));
    }
    // They hold a list that is another one here.
    for other in ["Kind", "Tray", "OrderPlace"] {
        assert!(!shared.contains(other), "{other} is in {shared}");
    }
    let alone = generate(&house.new).expect("it can be generated").rust;
    assert!(!alone.contains("pub use"));
}

#[test]
fn an_event_is_called_by_the_type_it_had() {
    let rust = generate(&House::new().old).expect("it can be generated");
    assert!(rust.rust.contains("pub struct TeaServed "));
    assert!(rust.surface.contains("server tea.served TeaServed\n"));
    assert!(rust.surface.contains("TeaServed = { tray?: Tray, .. }\n"));
    assert!(rust.surface.contains("Kind = \"black\"\n"));
    assert!(rust.published.contains(r#""const":"served""#));
    assert!(!rust.observed.contains(r#""const":"served""#));
}

#[test]
fn what_the_document_says_itself_is_no_observation() {
    let house = House::new();
    for (from, to) in [
        (r#"values = ["black"]"#, r#"values = ["black", "green"]"#),
        (r#"from = "served""#, r#"from = "poured""#),
        (r#"to = "tea.served""#, r#"to = "tray""#),
    ] {
        let text = OLD_OVERLAY.replace(from, to);
        fs::write(house.old.join(overlay::FILE), text).expect("it can be written");
        assert!(generate(&house.old).is_err(), "{to}");
    }
}

/// Two folders of schema, the old one beside the new.
struct House {
    new: PathBuf,
    old: PathBuf,
    _folder: TempDir,
}

impl House {
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let house = Self {
            new: folder.path().join("tea"),
            old: folder.path().join("old-tea"),
            _folder: folder,
        };
        synced(&house.new, RULES, "");
        synced(&house.old, OLD_RULES, OLD_OVERLAY);
        house
    }
}

fn synced(folder: &Path, rules: &str, overlay: &str) {
    fs::create_dir(folder).expect("it can be made");
    fs::write(folder.join(rules::FILE), rules).expect("it can be written");
    fs::write(folder.join(overlay::FILE), overlay).expect("it can be written");
    let synced = sync(&document(), folder).expect("it can be synced");
    assert_eq!((synced.overlay, synced.unused_rules), (None, Vec::new()));
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text.split_once(from).expect("it begins");
    rest.split_once(to).expect("it ends").0
}
