//! The speech of a message: the one place where a scenario meets sound.

use std::fs;
use std::path::Path;

use bytes::Bytes;

use super::model::MessageConfig;

/// The speech that the message brings with it.
pub(super) fn speech(message: &MessageConfig) -> Option<Bytes> {
    message.audio_data.as_ref().map(|data| data.0.clone())
}

/// Whether a file is there to be heard; the error says why not.
pub(super) fn check(file: &Path) -> Result<(), String> {
    match fs::metadata(file) {
        Ok(found) if found.is_file() => Ok(()),
        Ok(_) => Err("it is no file".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
