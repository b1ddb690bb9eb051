//! The published document, where it lies beside the project.

use std::path::{Path, PathBuf};

use mock_realtime_codegen::rules::Rules;
use serde_json::Value;

/// Our folder of the protocol.
pub(crate) fn folder() -> PathBuf {
    folder_of("openai-realtime")
}

/// Our folder of any protocol.
pub(crate) fn folder_of(protocol: &str) -> PathBuf {
    root().join("schema").join(protocol)
}

/// Our rules for it.
pub(crate) fn rules() -> Rules {
    Rules::read(&folder()).expect("the rules can be read")
}

/// The published document; says so and gives `None` where it is not there: it is not ours to ship.
pub(crate) fn document() -> Option<Value> {
    let shared = std::env::var_os("MOCK_REALTIME_SHARED")
        .map_or_else(|| root().join("../shared"), PathBuf::from);
    let file = shared.join("upstream/openapi.json");
    let Ok(bytes) = std::fs::read(&file) else {
        println!("not compared: there is no {}", file.display());
        return None;
    };
    Some(serde_json::from_slice(&bytes).expect("the document is JSON"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
