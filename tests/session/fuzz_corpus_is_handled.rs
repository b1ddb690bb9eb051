//! The inputs the fuzzer found worth keeping break no rule. `fuzz/` looks for more.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::path::Path;

/// Gives each file that is kept for a target to it.
fn each(target: &str, take: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut taken = 0;
    for file in std::fs::read_dir(corpus.join(target)).unwrap() {
        let path = file.unwrap().path();
        // The test's output is shown if it fails: the last one named is the one.
        println!("{}", path.display());
        take(&std::fs::read(path).unwrap());
        taken += 1;
    }
    assert!(taken > 0);
}

#[test]
fn as_frames_of_a_client() {
    each("decode_and_handle", crate::support::fuzzed::play);
}

#[test]
fn as_audio_files() {
    each("load_audio", crate::support::loaded::load);
}
