//! `X-Twilio-Signature`: how a bridge knows that a request is Twilio's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// The header that carries a signature.
pub const HEADER: &str = "x-twilio-signature";

/// The signature of a request to this URL, exactly as it is configured or stands in the TwiML, with
/// these form fields. The request that opens a stream has none, and its URL begins with `wss`.
///
/// It is the base64 of an HMAC with SHA-1, keyed with the account's token, over the URL and all names
/// and values in the order of the names.
///
/// ```
/// use mock_realtime::telephony::twilio::signature;
///
/// // The example of Twilio's documentation.
/// let fields = [
///     ("Digits", "1234"),
///     ("To", "+18005551212"),
///     ("From", "+14158675310"),
///     ("Caller", "+14158675310"),
///     ("CallSid", "CA1234567890ABCDE"),
/// ];
/// let url = "https://example.com/myapp.php?foo=1&bar=2";
/// assert_eq!(signature("12345", url, fields), "L/OH5YylLD5NRKLltdqwSvS0BnU=");
/// ```
pub fn signature<'a>(
    token: &str,
    url: &str,
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut fields: Vec<(&str, &str)> = fields.into_iter().collect();
    fields.sort_unstable();
    let mut text = url.to_owned();
    for (name, value) in fields {
        text.push_str(name);
        text.push_str(value);
    }
    STANDARD.encode(hmac_sha1(token.as_bytes(), text.as_bytes()))
}

#[allow(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn hmac_sha1(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}
