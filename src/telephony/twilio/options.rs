//! What a call over Twilio is like.

use std::collections::BTreeMap;
use std::time::Duration;

/// What a call over Twilio is like.
///
/// The defaults are what captures of real calls have. What is *inferred* says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwilioOptions {
    /// What the ids are made from: the same seed, the same bytes.
    pub seed: u64,
    /// The account, `AC` and 32 hexadecimal digits; by default one made from the seed.
    pub account_sid: Option<String>,
    /// The call, `CA` and 32 hexadecimal digits; by default one made from the seed.
    pub call_sid: Option<String>,
    /// What `<Parameter>`s give the bridge.
    pub parameters: BTreeMap<String, String>,
    /// The account's secret, which signs the request that opens the connection; without it the
    /// request is not signed.
    pub auth_token: Option<String>,
    /// Whether the first thing that the bridge does wrong ends the call. Twilio itself drops the
    /// message, plays what sounds wrong, and goes on.
    pub strict: bool,
    /// From the open connection to `connected` and `start`: 5 ms in a capture of 2026.
    pub start_after: Duration,
    /// From `start` to the first slice of audio, which says so in its `timestamp`: 57 to 171 ms in
    /// captures.
    pub first_slice: Duration,
    /// From one key to the next: *inferred* from a person's finger.
    pub key_spacing: Duration,
    /// The most audio that is queued. Twilio publishes no limit; this one keeps memory in bounds.
    pub queue_limit: Duration,
}

impl Default for TwilioOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            account_sid: None,
            call_sid: None,
            parameters: BTreeMap::new(),
            auth_token: None,
            strict: false,
            start_after: Duration::from_millis(5),
            first_slice: Duration::from_millis(100),
            key_spacing: Duration::from_millis(250),
            queue_limit: Duration::from_secs(3_600),
        }
    }
}
