//! Ephemeral keys: what they grant is in them, signed, so that any server with the same secret can
//! read them and none has to remember them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::models::DEFAULT_MODEL;
use crate::engine::SessionKind;
use crate::protocol::realtime::{RealtimeModel, SessionConfig, TranslationSessionCreateRequest};

/// What ephemeral keys begin with.
const PREFIX: &str = "ek_";

/// How much of the signature a key has. Half of it is enough, and keys travel in headers.
const SIGNATURE: usize = 16;

/// The longest key. Servers and what stands between them take no headers of any length.
pub(super) const LONGEST_KEY: usize = 16 * 1024;

/// The most bytes that the settings in a key unfold to.
const LONGEST_GRANT: usize = 4 * 1024 * 1024;

/// How hard to compress: more gains little.
const COMPRESSION: u8 = 6;

/// What a key says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Granted {
    /// What it opens.
    #[serde(flatten)]
    pub(super) grant: Grant,
    /// The test that it was made in, if in one: what it opens is of that test. A browser, which sets no
    /// header on a WebSocket, has no other way to say so.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub(super) test: Option<String>,
}

/// What a key opens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Grant {
    /// A conversation or transcription that begins like this.
    #[serde(rename = "s")]
    Session(SessionGrant),
    /// A translation that begins with these.
    #[serde(rename = "t")]
    Translation(TranslationSessionCreateRequest),
}

/// How a conversation or transcription begins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct SessionGrant {
    /// With these settings, if any; without, it is a conversation.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub(super) settings: Option<SessionConfig>,
    /// With this temperature, which only the beta has.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub(super) temperature: Option<f64>,
}

impl SessionGrant {
    /// With these settings, and no more.
    pub(super) const fn new(settings: Option<SessionConfig>) -> Self {
        Self {
            settings,
            temperature: None,
        }
    }

    pub(super) const fn kind(&self) -> SessionKind {
        match &self.settings {
            Some(SessionConfig::Transcription(_)) => SessionKind::Transcription,
            Some(SessionConfig::Realtime(_)) | None => SessionKind::Realtime,
        }
    }

    /// The model of a conversation.
    pub(super) fn model(&self) -> &str {
        match &self.settings {
            Some(SessionConfig::Realtime(session)) => session.model.as_ref(),
            Some(SessionConfig::Transcription(_)) | None => None,
        }
        .map_or(DEFAULT_MODEL, RealtimeModel::as_str)
    }
}

/// Makes ephemeral keys, and reads them.
pub(super) struct Secrets {
    mac: Hmac<Sha256>,
}

impl Secrets {
    /// Keys made with this secret can be read with this secret only.
    pub(super) fn new(secret: &[u8]) -> Self {
        let mut key = [0; 64];
        key[..32].copy_from_slice(&Sha256::digest(secret));
        Self {
            mac: Hmac::new(&key.into()),
        }
    }

    /// Whether somebody has made this key in this way, here or elsewhere.
    pub(super) fn made(key: &str) -> bool {
        key.starts_with(PREFIX)
    }

    /// A key that is good until `expires_at`, in Unix seconds; `None` if it would be too long. No
    /// two with different numbers are the same.
    pub(super) fn key(&self, granted: &Granted, expires_at: u64, number: u32) -> Option<String> {
        let settings = serde_json::to_vec(granted).ok()?;
        let compressed = compress_to_vec(&settings, COMPRESSION);
        let is_compressed = compressed.len() < settings.len();
        let mut bytes = vec![u8::from(is_compressed)];
        bytes.extend(expires_at.to_be_bytes());
        bytes.extend(number.to_be_bytes());
        bytes.extend(if is_compressed { compressed } else { settings });
        let signature = self
            .mac
            .clone()
            .chain_update(&bytes)
            .finalize()
            .into_bytes();
        bytes.extend(&signature[..SIGNATURE]);
        let key = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes));
        (key.len() <= LONGEST_KEY).then_some(key)
    }

    /// What a key says; `None` if it has expired, or was not made with the secret. `now` is in
    /// Unix seconds.
    pub(super) fn read(&self, key: &str, now: u64) -> Option<Granted> {
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(key.strip_prefix(PREFIX)?)
            .ok()?;
        let (signed, signature) = bytes.split_last_chunk::<SIGNATURE>()?;
        let mac = self.mac.clone().chain_update(signed);
        mac.verify_truncated_left(signature).ok()?;
        let (is_compressed, rest) = signed.split_first()?;
        let (expires_at, rest) = rest.split_first_chunk()?;
        let (_number, settings) = rest.split_first_chunk::<4>()?;
        if now >= u64::from_be_bytes(*expires_at) {
            return None;
        }
        if *is_compressed == 0 {
            return serde_json::from_slice(settings).ok();
        }
        let settings = decompress_to_vec_with_limit(settings, LONGEST_GRANT).ok()?;
        serde_json::from_slice(&settings).ok()
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn of_no_test(grant: SessionGrant) -> Granted {
        Granted {
            grant: Grant::Session(grant),
            test: None,
        }
    }

    fn grant(session: Value) -> Granted {
        let settings = serde_json::from_value(session).expect("settings");
        of_no_test(SessionGrant::new(Some(settings)))
    }

    fn nothing() -> Granted {
        of_no_test(SessionGrant::default())
    }

    fn secrets() -> Secrets {
        Secrets::new(b"one secret")
    }

    #[test]
    fn a_key_says_what_it_grants_until_it_expires() {
        let grant = grant(json!({"type": "realtime", "instructions": "Be short."}));
        let key = secrets().key(&grant, 1000, 0).expect("a key");
        assert_eq!(secrets().read(&key, 999), Some(grant));
        assert_eq!(secrets().read(&key, 1000), None);
        assert!(key.len() < 150, "{key}");
    }

    #[test]
    fn a_key_says_which_test_it_was_made_in() {
        let translation = json!({"t": {"model": "gpt-realtime-translate"}, "k": "my test"});
        let translation: Granted = serde_json::from_value(translation).expect("a grant");
        assert!(matches!(translation.grant, Grant::Translation(_)));
        let session = Granted {
            test: Some("my test".to_owned()),
            ..nothing()
        };
        for granted in [translation, session] {
            let key = secrets().key(&granted, 1000, 0).expect("a key");
            assert_eq!(secrets().read(&key, 0), Some(granted));
        }
    }

    #[test]
    fn another_secret_does_not_read_it() {
        let key = secrets().key(&nothing(), 1000, 0).expect("a key");
        assert_eq!(Secrets::new(b"another").read(&key, 0), None);
    }

    #[test]
    fn no_byte_of_it_can_be_changed() {
        let key = secrets().key(&nothing(), 1000, 0).expect("a key");
        for at in 0..key.len() {
            let mut forged = key.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).expect("ASCII");
            assert_eq!(secrets().read(&forged, 0), None, "{forged}");
        }
        for length in 0..key.len() {
            assert_eq!(secrets().read(&key[..length], 0), None);
        }
    }

    #[test]
    fn long_settings_are_compressed_and_too_long_ones_refused() {
        let long = grant(json!({"type": "realtime", "instructions": "Be short. ".repeat(1000)}));
        let key = secrets().key(&long, 1000, 0).expect("a key");
        assert!(key.len() < 500, "{}", key.len());
        assert_eq!(secrets().read(&key, 0), Some(long));

        let digits: String = (0..20_000_u32)
            .map(|n| n.wrapping_mul(2_654_435_761).to_string())
            .collect();
        let too_long = grant(json!({"type": "realtime", "instructions": digits}));
        assert_eq!(secrets().key(&too_long, 1000, 0), None);
    }

    #[test]
    fn keys_differ_by_their_numbers() {
        let [one, other] = [0, 1].map(|number| secrets().key(&nothing(), 1000, number));
        assert_ne!(one, other);
    }
}
