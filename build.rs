//! Generates `src/protocol` from `schema/`: no network, no clock, no state.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

/// The protocols this crate is built with; each is a folder of `schema/`.
const PROTOCOLS: &[&str] = &["openai-realtime", "openai-realtime-beta"];

/// Those of telephony, which are asked for by its feature.
const TELEPHONY: &[&str] = &["twilio-media-streams", "audiocodes-bot"];

/// Names another schema folder to build from, for trying a change of protocol.
const SCHEMA: &str = "MOCK_REALTIME_SCHEMA";

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let schema = env::var_os(SCHEMA).map_or_else(|| root.join("schema"), PathBuf::from);
    println!("cargo::rerun-if-env-changed={SCHEMA}");
    println!("cargo::rerun-if-changed={}", schema.display());
    let telephony = env::var_os("CARGO_FEATURE_TELEPHONY").map_or(&[][..], |_| TELEPHONY);
    for protocol in PROTOCOLS.iter().chain(telephony) {
        if let Err(error) = build(&schema.join(protocol), &out.join(protocol)) {
            println!("cargo::error={error}");
            process::exit(1);
        }
    }
}

fn build(folder: &Path, out: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let generated = mock_realtime_codegen::generate(folder)?;
    fs::create_dir_all(out)?;
    fs::write(out.join("types.rs"), generated.rust)?;
    fs::write(out.join("published.json"), generated.published)?;
    fs::write(out.join("observed.json"), generated.observed)?;
    Ok(())
}
