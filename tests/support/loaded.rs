//! What is held of any bytes that are taken for an audio file: by the fuzz target, and of the files
//! that are kept.

use mock_realtime::audio::{Clip, Encoding};

/// Panics if a file is neither a clip with sound in it nor an error that says why not.
pub(crate) fn load(file: &[u8]) {
    match Clip::decode(file) {
        Ok(clip) => {
            assert!(!clip.samples().is_empty());
            assert!(!clip.encoded(Encoding::Mulaw).is_empty());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
