//! The inputs the fuzzer found worth keeping break no rule. `fuzz/` looks for more.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

mod support;

use std::path::Path;

#[test]
fn each_of_them() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/decode_and_handle");
    let mut played = 0;
    for file in std::fs::read_dir(corpus).unwrap() {
        let path = file.unwrap().path();
        // The test's output is shown if it fails: the last one named is the one.
        println!("{}", path.display());
        support::fuzzed::play(&std::fs::read(path).unwrap());
        played += 1;
    }
    assert!(played > 0);
}
