//! Any bytes as an audio file: a clip with sound in it, or an error that says why not.
#![no_main]

use mock_realtime::audio::{Clip, Encoding};

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    match Clip::decode(file) {
        Ok(clip) => {
            assert!(!clip.samples().is_empty());
            assert!(!clip.encoded(Encoding::Mulaw).is_empty());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
