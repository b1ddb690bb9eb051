//! The guide's examples are tests, and stand in the README as they are here.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::fs;
use std::path::Path;

#[path = "../examples/guide/barge_in.rs"]
mod barge_in;
#[path = "../examples/guide/drop_in_socket.rs"]
mod drop_in_socket;
#[cfg(feature = "connect")]
#[path = "../examples/guide/environment_switch.rs"]
mod environment_switch;
#[path = "../examples/guide/first_test.rs"]
mod first_test;
#[path = "../examples/guide/reconnect.rs"]
mod reconnect;
#[path = "../examples/guide/tool_call.rs"]
mod tool_call;

/// The README marks a block that is quoted with a comment before it.
const MARK: &str = "<!-- examples/guide/";

#[test]
fn the_readme_quotes_each_of_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let mut quoted = Vec::new();
    for part in readme.split(MARK).skip(1) {
        let (name, rest) = part.split_once(" -->\n```rust").unwrap();
        let (_, rest) = rest.split_once('\n').unwrap();
        let (block, _) = rest.split_once("```").unwrap();
        let example = fs::read_to_string(root.join("examples/guide").join(name)).unwrap();
        assert!(
            example.contains(block),
            "README.md does not quote examples/guide/{name} as it is:\n{block}"
        );
        quoted.push(name.to_owned());
    }
    let folder = fs::read_dir(root.join("examples/guide")).unwrap();
    let mut all: Vec<String> = folder
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    quoted.sort();
    all.sort();
    assert_eq!(quoted, all);
}
