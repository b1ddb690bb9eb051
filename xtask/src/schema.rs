//! `cargo xtask schema`: following the published protocol.

use std::fmt::Write;

use mock_realtime_codegen::manifest::{self, Manifest};
use mock_realtime_codegen::overlay::Overlay;
use mock_realtime_codegen::rules::Rules;
use mock_realtime_codegen::sync::{self, Synced};
use mock_realtime_codegen::{Error, diff, generate, load, openapi};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::project::{self, Protocol};
use crate::{FINE, FOUND, Result};

/// More warnings of one kind than this are counted, not listed.
const LISTED: usize = 20;

pub(crate) fn sync(file: &str) -> Result<u8> {
    let bytes = project::read(file)?;
    let document = parse(file, &bytes)?;
    // Read before anything is written, so that a broken manifest leaves the schema alone.
    let mut manifest = Manifest::read(&project::schema())?;
    for protocol in project::protocols()? {
        if Rules::read(&protocol.folder)?.by_hand {
            continue;
        }
        let name = &protocol.name;
        let entry = manifest.0.get_mut(name);
        let entry = entry.ok_or_else(|| Error::new(manifest::FILE, format!("has no [{name}]")))?;
        let synced = sync::sync(&document, &protocol.folder)?;
        entry.version.clone_from(&synced.version);
        entry.digest = Some(digest(&bytes));
        println!(
            "{name} follows version {}: {} definitions",
            synced.version,
            load::from_folder(&protocol.folder)?.definitions.len()
        );
        warn_of(&synced);
        match generate(&protocol.folder) {
            Ok(generated) if protocol.write_surface(&generated.surface)? => {
                println!("{name}: surface rewritten");
            }
            Ok(_) => {}
            Err(error) => eprintln!("warning: {name}: surface not rewritten: {error}"),
        }
    }
    manifest.write(&project::schema())?;
    Ok(FINE)
}

fn warn_of(synced: &Synced) {
    warn("not described yet", &synced.undescribed);
    warn("rule that matches nothing", &synced.unused_rules);
    if let Some(reason) = &synced.overlay {
        eprintln!("warning: the overlay does not fit any more: {reason}");
    }
}

fn warn(what: &str, places: &[String]) {
    for place in places.iter().take(LISTED) {
        eprintln!("warning: {what}: {place}");
    }
    if let Some(more) = places.len().checked_sub(LISTED).filter(|more| *more > 0) {
        eprintln!("warning: {what}: {more} more");
    }
}

pub(crate) fn diff(file: &str, json: bool) -> Result<u8> {
    let document = parse(file, &project::read(file)?)?;
    let mut listed = Vec::new();
    let mut code = FINE;
    for protocol in project::protocols()? {
        let rules = Rules::read(&protocol.folder)?;
        if rules.by_hand {
            continue;
        }
        let published = load::from_folder(&protocol.folder)?;
        let imported = openapi::import_to_compare(&document, &rules)?.protocol;
        let changes = diff::diff(&published, &imported, &rules);
        if !changes.is_empty() {
            code = FOUND;
        }
        if json {
            let protocol = &protocol.name;
            listed.extend(changes.iter().map(|change| {
                let mut change = serde_json::json!(change);
                change["protocol"] = serde_json::json!(protocol);
                change
            }));
        } else if !changes.is_empty() {
            print!("{}:\n{}", protocol.name, diff::text(&changes));
        }
        if let Err(needed) = openapi::import(&document, &rules) {
            eprintln!("note: `schema sync` will stop at {needed}");
        }
    }
    if json {
        println!("{:#}", Value::Array(listed));
    }
    Ok(code)
}

pub(crate) fn check() -> Result<u8> {
    let manifest = Manifest::read(&project::schema())?;
    let mut worst = FINE;
    for protocol in project::protocols()? {
        let mut problems = problems(&protocol);
        if !manifest.0.contains_key(&protocol.name) {
            problems.push(format!("{} has no [{}]", manifest::FILE, protocol.name));
        }
        for problem in &problems {
            println!("{}: {problem}", protocol.name);
        }
        if problems.is_empty() {
            println!("{}: all is well", protocol.name);
        } else {
            worst = FOUND;
        }
    }
    Ok(worst)
}

/// What is wrong with a protocol, one line each.
fn problems(protocol: &Protocol) -> Vec<String> {
    let observed = load::from_folder(&protocol.folder)
        .and_then(|published| Overlay::read(&protocol.folder)?.apply(&published));
    let observed = match observed {
        Ok(observed) => observed,
        Err(error) => return vec![error.to_string()],
    };
    let undescribed = sync::undescribed(&observed).into_iter();
    let mut problems: Vec<String> = undescribed
        .map(|place| format!("{place} has no description"))
        .collect();
    match generate(&protocol.folder) {
        Ok(generated) if protocol.has_surface(&generated.surface) => {}
        Ok(_) => {
            problems.push("the surface is not up to date: run `cargo xtask codegen`".to_owned());
        }
        Err(error) => problems.push(error.to_string()),
    }
    problems
}

fn parse(file: &str, bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|error| Error::new(file, format!("not JSON: {error}")))
}

/// `sha256:` and the digest in hex.
fn digest(bytes: &[u8]) -> String {
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
