//! A sync replaces the structure and keeps what we wrote.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mock_realtime_codegen::sync::{Synced, sync};
use mock_realtime_codegen::{load, overlay, rules};
use serde_json::{Value, json};
use support::tea_house::{self, document, edited, push, remove};
use tempfile::TempDir;

#[test]
fn descriptions_stay_where_they_were() {
    let folder = synced_folder();
    describe(
        folder.path(),
        "Tray",
        "/description",
        "What the waiter carries.",
    );
    describe(
        folder.path(),
        "Tray",
        "/properties/cups/description",
        "How many cups.",
    );
    let again = run(
        &edited(|schemas| {
            schemas["TeaTray"]["properties"]["cups"] = json!({ "type": "integer", "minimum": 1 });
        }),
        folder.path(),
    );
    let protocol = load::from_folder(folder.path()).expect("it loads");
    let tray = &protocol.definitions["Tray"];
    assert_eq!(
        tray.description.as_deref(),
        Some("What the waiter carries.")
    );
    let cups = &protocol.object("Tray").expect("an object").fields["cups"];
    assert_eq!(cups.description.as_deref(), Some("How many cups."));
    assert_eq!(
        cups.ty,
        mock_realtime_codegen::model::Type::Integer(mock_realtime_codegen::model::Bounds {
            minimum: Some(1),
            maximum: None
        })
    );
    assert!(!again.undescribed.contains(&"Tray".to_owned()));
    assert!(again.undescribed.contains(&"Tray.kind".to_owned()));
}

#[test]
fn a_second_sync_changes_nothing() {
    let folder = synced_folder();
    describe(
        folder.path(),
        "Tray",
        "/description",
        "What the waiter carries.",
    );
    run(&document(), folder.path());
    let once = files(folder.path());
    run(&document(), folder.path());
    assert_eq!(files(folder.path()), once);
}

#[test]
fn what_the_document_no_longer_has_goes() {
    let folder = synced_folder();
    assert!(folder.path().join("tray.json").exists());
    run(
        &edited(|schemas| {
            remove(&mut schemas["TeaServed"]["properties"], "tray");
            schemas["TeaServed"]["required"] = json!(["type"]);
        }),
        folder.path(),
    );
    assert!(!folder.path().join("tray.json").exists());
    assert!(
        !load::from_folder(folder.path())
            .expect("it loads")
            .definitions
            .contains_key("Tray")
    );
}

#[test]
fn rules_that_match_nothing_are_told() {
    let folder = synced_folder();
    let rules = tea_house::RULES.replace(
        "\"OrderPlace.size\"",
        "\"OrderPlace.width\" = \"Width\"\n\"OrderPlace.size\"",
    );
    fs::write(folder.path().join(rules::FILE), rules).expect("the rules can be written");
    assert_eq!(
        run(&document(), folder.path()).unused_rules,
        ["inline.OrderPlace.width"]
    );
}

#[test]
fn an_overlay_that_no_longer_fits_is_told_and_kept() {
    let folder = synced_folder();
    let overlay =
        "[[observe]]\npaths = [\"Tray.cups\"]\nnullable = true\nreason = \"Seen empty.\"\n";
    let file = folder.path().join(overlay::FILE);
    fs::write(&file, overlay).expect("the overlay can be written");
    assert_eq!(run(&document(), folder.path()).overlay, None);
    let now_published = edited(|schemas| {
        schemas["TeaTray"]["properties"]["cups"]["type"] = json!(["integer", "null"]);
    });
    let told = run(&now_published, folder.path())
        .overlay
        .expect("a reason");
    assert!(told.contains("Tray.cups"), "{told}");
    assert_eq!(fs::read_to_string(&file).expect("it is there"), overlay);
}

#[test]
fn an_overlay_that_replaces_a_type_by_itself_is_told() {
    let folder = synced_folder();
    let file = folder.path().join(overlay::FILE);
    let replaced = |ty: &str| {
        let text = format!(
            "[[observe]]\npaths = [\"Tray.cups\"]\nreplace = {{ description = \"Cups.\", type = \"{ty}\" }}\nreason = \"Seen so.\"\n"
        );
        fs::write(&file, text).expect("the overlay can be written");
        run(&document(), folder.path()).overlay
    };
    assert_eq!(replaced("string"), None);
    let told = replaced("integer").expect("a reason");
    assert!(told.contains("Tray.cups"), "{told}");
}

#[test]
fn nothing_is_written_when_the_document_is_refused() {
    let folder = synced_folder();
    let before = files(folder.path());
    let broken = edited(|schemas| {
        schemas["TeaTray"]["properties"]["kind"]["uniqueItems"] = json!(true);
        push(&mut schemas["TeaKind"]["enum"], json!("white"));
    });
    let error = sync(&broken, folder.path()).expect_err("it is refused");
    assert_eq!(error.place(), "TeaTray.properties.kind");
    assert_eq!(files(folder.path()), before);
}

fn synced_folder() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    fs::write(folder.path().join(rules::FILE), tea_house::RULES).expect("the rules can be written");
    run(&document(), folder.path());
    folder
}

fn run(document: &Value, folder: &Path) -> Synced {
    sync(document, folder).expect("it can be synced")
}

/// Writes our words into the file that has `definition`.
fn describe(folder: &Path, definition: &str, pointer: &str, words: &str) {
    let family = load::from_folder(folder).expect("it loads").definitions[definition]
        .family
        .clone();
    let file = folder.join(format!("{family}.json"));
    let text = fs::read_to_string(&file).expect("the file can be read");
    let mut schema: Value = serde_json::from_str(&text).expect("it is JSON");
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = schema
        .pointer_mut(&format!("/$defs/{definition}{parent}"))
        .expect("there is such a place");
    parent[key] = json!(words);
    fs::write(file, schema.to_string()).expect("the file can be written");
}

/// All files of a folder with their text.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let files = entries.map(|entry| {
        let entry = entry.expect("it can be listed");
        let text = fs::read_to_string(entry.path()).expect("a file can be read");
        (entry.file_name().to_string_lossy().into_owned(), text)
    });
    files.collect()
}
