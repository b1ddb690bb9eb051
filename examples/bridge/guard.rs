//! Who may call: each carrier shows what only it and the bridge know.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use sha1::Sha1;

/// The header that Twilio signs in.
const SIGNATURE: &str = "x-twilio-signature";

/// A form's fields, each name and value once, in order.
pub type Form = BTreeSet<(String, String)>;

/// The carriers' secrets. A carrier without one is not asked for it.
#[derive(Clone, Default)]
pub struct Guard {
    pub twilio_auth_token: Option<String>,
    pub audiocodes_token: Option<String>,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}

impl Guard {
    /// Whether a request is Twilio's. It signs the URL as it is configured or stands in the TwiML, and
    /// behind it the fields of the form that it posts, by name; a request for a stream has none.
    pub fn knows_twilio(&self, headers: &HeaderMap, url: &str, form: &Form) -> bool {
        let Some(token) = &self.twilio_auth_token else {
            return true;
        };
        let shown = headers.get(SIGNATURE);
        let shown = shown.and_then(|shown| STANDARD.decode(shown.as_bytes()).ok());
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(token.as_bytes()) else {
            return false;
        };
        mac.update(url.as_bytes());
        for (name, value) in form {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
        shown.is_some_and(|shown| mac.verify_slice(&shown).is_ok())
    }

    /// Whether it is the AudioCodes account that the bridge is for.
    pub fn knows_audiocodes(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.audiocodes_token else {
            return true;
        };
        let shown = headers.get(AUTHORIZATION);
        shown.is_some_and(|shown| shown.as_bytes() == format!("Bearer {token}").as_bytes())
    }
}
