//! What several tests need.

use std::path::PathBuf;

/// The folder with OpenAI's document and the recorded sessions: beside the project, or where
/// `MOCK_REALTIME_SHARED` says. It is no part of the project; a test that wants it says so and
/// passes where it is not.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("MOCK_REALTIME_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let path = shared.join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}
