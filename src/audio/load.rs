//! From the bytes of a file to a clip, by what the bytes are and not by the file's name.

use super::error::AudioFault;
use super::{Clip, wav};

/// The clip in a file with this content.
pub(super) fn decode(file: &[u8]) -> Result<Clip, AudioFault> {
    if wav::is_wav(file) {
        return wav::read(file);
    }
    #[cfg(feature = "symphonia")]
    if let Some(clip) = super::other_formats::read(file)? {
        return Ok(clip);
    }
    Err(AudioFault::NotWav { found: kind(file) })
}

/// What the file seems to be.
fn kind(file: &[u8]) -> &'static str {
    match file {
        [] => "empty",
        [b'I', b'D', b'3', ..] | [0xff, 0xe0..=0xff, ..] => "MP3",
        [b'f', b'L', b'a', b'C', ..] => "FLAC",
        [b'O', b'g', b'g', b'S', ..] => "Ogg",
        [b'F', b'O', b'R', b'M', ..] => "AIFF",
        [b'R', b'F', b'6', b'4', ..] => "RF64, for files beyond 4 GiB",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "MP4",
        [0x1a, 0x45, 0xdf, 0xa3, ..] => "Matroska or WebM",
        [b'R', b'I', b'F', b'F', ..] => "RIFF without WAVE",
        _ => "of an unknown kind",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_tells_not_the_name() {
        for (file, found) in [
            (&b""[..], "empty"),
            (b"ID3\x04", "MP3"),
            (b"fLaC", "FLAC"),
            (b"hello", "unknown"),
            (b"RIFF\0\0\0\0AVI ", "RIFF without WAVE"),
            (b"RIF", "unknown"),
        ] {
            let error = decode(file).unwrap_err().to_string();
            assert!(error.contains(found), "{error}");
        }
    }
}
