//! Who may come in.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;

use super::routes::Provider;
use super::secrets::{Granted, Secrets};
use super::subprotocols::Subprotocols;

/// The header and the parameter in which Azure takes keys.
const AZURE_KEY: &str = "api-key";

/// Why somebody may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// There is no key.
    NoKey,
    /// The key is none of those accepted, or one that was, or one that nobody has made.
    WrongKey(String),
}

/// Decides who may come in.
pub(super) struct Gate {
    /// The keys accepted; any if there are none.
    keys: Vec<String>,
    secrets: Secrets,
}

impl Gate {
    pub(super) fn new(keys: Vec<String>, secrets: Secrets) -> Self {
        Self { keys, secrets }
    }

    /// What signs and reads ephemeral keys.
    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Lets the bearer of a key in, with what the key says if it is an ephemeral one. `now` is in
    /// Unix seconds.
    pub(super) fn admit(&self, key: Option<String>, now: u64) -> Result<Option<Granted>, Denied> {
        let key = key.filter(|key| !key.is_empty()).ok_or(Denied::NoKey)?;
        if Secrets::made(&key) {
            let granted = self.secrets.read(&key, now);
            return granted.map(Some).ok_or(Denied::WrongKey(key));
        }
        if self.keys.is_empty() || self.keys.contains(&key) {
            return Ok(None);
        }
        Err(Denied::WrongKey(key))
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

/// The key that a client shows, if any. `query` is that of the address.
pub(super) fn key(
    headers: &HeaderMap,
    offered: Subprotocols,
    query: &str,
    provider: Provider,
) -> Option<String> {
    let key = in_authorization(headers).or(offered.key);
    match provider {
        Provider::OpenAi => key,
        Provider::Azure => key
            .or_else(|| text(headers, AZURE_KEY))
            .or_else(|| in_address(query)),
    }
}

/// Of a header of basic authentication the password is the key.
fn in_authorization(headers: &HeaderMap) -> Option<String> {
    let value = text(headers, AUTHORIZATION.as_str())?;
    let (scheme, rest) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = BASE64_STANDARD.decode(rest.trim()).ok()?;
        let decoded = String::from_utf8_lossy(&decoded);
        return Some(decoded.split_once(':')?.1.to_owned());
    }
    None
}

fn in_address(query: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == AZURE_KEY)
        .map(|(_, key)| key.into_owned())
}

/// A header, whatever its bytes.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}
