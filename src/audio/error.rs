//! What can be wrong with audio that is loaded.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::UnusableRate;

/// Audio that cannot be used: which, and why.
#[derive(Debug)]
pub struct AudioError {
    /// The file; `None` for audio given inline.
    pub file: Option<PathBuf>,
    /// What is wrong with it.
    pub reason: AudioFault,
}

/// What is wrong with audio.
#[derive(Debug)]
#[non_exhaustive]
pub enum AudioFault {
    /// The file could not be read or written.
    Io(io::Error),
    /// The file is longer than a clip may be.
    TooLong {
        /// Its length in bytes.
        bytes: u64,
        /// The most that is read.
        most: u64,
    },
    /// The file is of another kind, whatever its name says.
    NotWav {
        /// What it seems to be: `MP3`, `empty`, `unknown`.
        found: &'static str,
    },
    /// The file ends in the middle.
    Truncated {
        /// What is cut off: the name of the chunk.
        chunk: &'static str,
        /// So many bytes it should have.
        expected: u64,
        /// So many there are.
        found: u64,
    },
    /// A chunk that has to be there is not.
    MissingChunk(&'static str),
    /// The samples are written in a way that cannot be read.
    UnsupportedCodec {
        /// The format tag of the WAV file.
        tag: u16,
        /// Bits a sample.
        bits: u16,
    },
    /// The header contradicts itself or the data.
    Malformed(String),
    /// The sample rate is beyond all reason.
    Rate(UnusableRate),
    /// There is not one sample.
    NoSamples,
    /// PCM of 16 bits has an even number of bytes.
    HalfSample {
        /// So many bytes there are.
        bytes: usize,
    },
    /// The program that was to make the audio did not: what it says.
    Program(String),
    /// Neither a file nor audio was given.
    NothingGiven,
}

impl fmt::Display for AudioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{}: {}", file.display(), self.reason),
            None => write!(f, "inline audio: {}", self.reason),
        }
    }
}

impl fmt::Display for AudioFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::TooLong { bytes, most } => {
                write!(f, "the file has {bytes} bytes; at most {most} are read")
            }
            Self::NotWav { found } => write!(
                f,
                "expected a WAV file (RIFF, WAVE), found one that is {found}; {}",
                if cfg!(feature = "symphonia") {
                    "no decoder knows it"
                } else {
                    "convert it, or build with the feature `symphonia`, which reads other formats"
                }
            ),
            Self::Truncated {
                chunk,
                expected,
                found,
            } => write!(
                f,
                "the file ends in the middle of `{chunk}`: expected {expected} bytes, found {found}"
            ),
            Self::MissingChunk(chunk) => write!(f, "the WAV file has no `{chunk}` chunk"),
            Self::UnsupportedCodec { tag, bits } => write!(
                f,
                "expected PCM of 8, 16, 24 or 32 bits, 32-bit float, μ-law or A-law; \
                 found format {tag:#06x} with {bits} bits a sample"
            ),
            Self::Malformed(why) => write!(f, "the file contradicts itself: {why}"),
            Self::Rate(rate) => write!(f, "{rate}"),
            Self::NoSamples => f.write_str("there is not one sample in it"),
            Self::HalfSample { bytes } => write!(
                f,
                "{bytes} bytes are not a whole number of 16-bit samples; a byte is missing or in excess"
            ),
            Self::Program(why) => f.write_str(why),
            Self::NothingGiven => f.write_str("neither a file nor audio was given"),
        }
    }
}

impl std::error::Error for AudioError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            AudioFault::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for AudioFault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<UnusableRate> for AudioFault {
    fn from(rate: UnusableRate) -> Self {
        Self::Rate(rate)
    }
}
