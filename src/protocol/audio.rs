//! Audio that travels as base64 text.

use std::fmt;
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::PAD;
use bytes::Bytes;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What is wrong with a text that [`is_valid_base64`] refuses.
pub(crate) const INVALID_BASE64: &str = "the audio is not standard base64 with padding";

// Several times the speed of the scalar engine, and strict alike. The `cfg` is
// the one under which `base64` offers it.
#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon")
))]
static ENGINE: LazyLock<base64::engine::Simd> =
    LazyLock::new(|| base64::engine::Simd::standard(PAD));

#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon")
)))]
static ENGINE: LazyLock<base64::engine::Scalar> =
    LazyLock::new(|| base64::engine::Scalar::new(&base64::alphabet::STANDARD, PAD));

/// Whether [`Base64Audio`] can be read from this text.
pub(crate) fn is_valid_base64(text: &str) -> bool {
    ENGINE.decode(text).is_ok()
}

/// Raw audio bytes, which are standard base64 text with padding in JSON.
///
/// The text is decoded once, when it is read. Clones are cheap, and share the
/// bytes. Equality is that of the bytes.
///
/// ```
/// use mock_realtime::protocol::Base64Audio;
///
/// let audio: Base64Audio = serde_json::from_str(r#""AAEC""#)?;
/// assert_eq!(audio.as_ref(), [0, 1, 2]);
/// assert_eq!(serde_json::to_string(&audio)?, r#""AAEC""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Base64Audio {
    bytes: Bytes,
    text: Option<Arc<str>>,
}

impl Base64Audio {
    /// Encodes right away, so that neither this value nor any clone of it is
    /// encoded again when it is written. For audio that is sent many times.
    pub fn preencoded(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let text = Some(ENGINE.encode(&bytes).into());
        Self { bytes, text }
    }

    /// The raw audio.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The raw audio, without the text that may be kept with it.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// The length of the raw audio, in bytes.
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is no audio at all.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

impl AsRef<[u8]> for Base64Audio {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<Bytes> for Base64Audio {
    fn from(bytes: Bytes) -> Self {
        Self { bytes, text: None }
    }
}

impl From<Vec<u8>> for Base64Audio {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

/// Copies the bytes.
impl From<&[u8]> for Base64Audio {
    fn from(bytes: &[u8]) -> Self {
        Bytes::copy_from_slice(bytes).into()
    }
}

impl PartialEq for Base64Audio {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Base64Audio {}

/// Shows the length only: nobody reads samples in a log.
impl fmt::Debug for Base64Audio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Base64Audio({} bytes)", self.len())
    }
}

impl Serialize for Base64Audio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.text {
            Some(text) => serializer.serialize_str(text),
            None => serializer.serialize_str(&ENGINE.encode(&self.bytes)),
        }
    }
}

impl<'de> Deserialize<'de> for Base64Audio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(AudioVisitor)
    }
}

struct AudioVisitor;

impl Visitor<'_> for AudioVisitor {
    type Value = Base64Audio;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("audio as base64 text")
    }

    // Borrowed and owned text come here as well.
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Base64Audio, E> {
        let bytes = ENGINE.decode(text);
        bytes
            .map(Base64Audio::from)
            .map_err(|_| E::custom(INVALID_BASE64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};

    fn read(text: &str) -> Result<Base64Audio, Error> {
        let deserializer: StrDeserializer<'_, Error> = text.into_deserializer();
        Base64Audio::deserialize(deserializer)
    }

    #[test]
    fn audio_of_any_length_round_trips() {
        for length in (0..300).chain([4800, 4801, 4802]) {
            let samples: Vec<u8> = (0..length).map(|i: u32| i.to_le_bytes()[0]).collect();
            let audio = Base64Audio::from(samples.clone());
            let json = serde_json::to_string(&audio).unwrap();
            let again: Base64Audio = serde_json::from_str(&json).unwrap();
            assert_eq!(again.as_ref(), samples);
            let shared = Base64Audio::preencoded(samples);
            assert_eq!(serde_json::to_string(&shared).unwrap(), json);
            assert_eq!(shared, audio);
        }
    }

    #[test]
    fn only_standard_base64_with_padding_is_read() {
        let long = "A".repeat(400);
        for text in ["", "AAEC", "AA==", "AAE=", "+/+/", &long] {
            assert!(read(text).is_ok(), "{text}");
            assert!(is_valid_base64(text), "{text}");
        }
        // In turn: padding missing, in excess or in the middle, another
        // alphabet, white space, bits left over, and no base64 at all.
        let bad = [
            "AA", "AAE", "A", "AA=", "AAEC====", "AA==AAEC", "-_-_", "AA EC", "AAEC\n", "AB==", "é",
        ];
        let long_bad = bad.map(|text| long.clone() + text);
        for text in bad.into_iter().chain(long_bad.iter().map(String::as_str)) {
            assert_eq!(read(text).unwrap_err().to_string(), INVALID_BASE64);
            assert!(!is_valid_base64(text), "{text}");
        }
    }

    #[test]
    fn escaped_text_is_read_too() {
        let audio: Base64Audio = serde_json::from_str(r#""AAE\/""#).unwrap();
        assert_eq!(audio.into_bytes().as_ref(), [0, 1, 63]);
    }

    #[test]
    fn other_types_are_refused() {
        assert!(serde_json::from_str::<Base64Audio>("[0,1]").is_err());
        assert!(serde_json::from_str::<Base64Audio>("null").is_err());
    }

    #[test]
    fn clones_share_the_encoded_text() {
        let audio = Base64Audio::preencoded(vec![1, 2, 3]);
        let clone = audio.clone();
        assert!(Arc::ptr_eq(
            &audio.text.unwrap(),
            clone.text.as_ref().unwrap()
        ));
        assert_eq!(serde_json::to_string(&clone).unwrap(), r#""AQID""#);
    }

    #[test]
    fn debug_shows_the_length() {
        let audio = Base64Audio::from(&[0_u8; 48][..]);
        assert_eq!(format!("{audio:?}"), "Base64Audio(48 bytes)");
        assert!(!audio.is_empty() && Base64Audio::default().is_empty());
        assert_eq!(audio.bytes().len(), 48);
    }
}
