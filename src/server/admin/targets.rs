//! What operations are about: the server, a key, a session.

use std::sync::Arc;

use crate::mock::{Observer, Seen};
use crate::server::Shared;
use crate::server::realm::DEFAULT;

use super::operation::Target;
use super::refusals::Refusal;

/// The server.
pub(super) struct OfServer(pub(super) Arc<Shared>);

impl Target for OfServer {
    const REFUSALS: &'static [u16] = &[];

    fn find(shared: &Arc<Shared>, _: &[String]) -> Result<Self, Refusal> {
        Ok(Self(Arc::clone(shared)))
    }
}

/// The name of a key, whether there is such a key or not.
pub(super) struct OfName {
    pub(super) shared: Arc<Shared>,
    pub(super) key: String,
}

/// The most characters of a key.
pub(super) const LONGEST_KEY: usize = 200;

impl Target for OfName {
    const REFUSALS: &'static [u16] = &[404, 422];

    fn find(shared: &Arc<Shared>, parameters: &[String]) -> Result<Self, Refusal> {
        let key = parameters.first().cloned().unwrap_or_default();
        let can_be = (1..=LONGEST_KEY).contains(&key.len())
            && key.bytes().all(|byte| byte.is_ascii_graphic());
        if !can_be {
            return Err(Refusal::wrong_key());
        }
        let shared = Arc::clone(shared);
        Ok(Self { shared, key })
    }
}

/// A key whose sessions are recorded.
pub(super) struct OfKey {
    pub(super) shared: Arc<Shared>,
    pub(super) key: String,
    pub(super) observer: Observer,
}

impl Target for OfKey {
    const REFUSALS: &'static [u16] = &[404, 409, 422];

    fn find(shared: &Arc<Shared>, parameters: &[String]) -> Result<Self, Refusal> {
        let OfName { shared, key } = OfName::find(shared, parameters)?;
        let observer = match shared.admin()?.keys().find(&key) {
            Some(keyed) => keyed.observer().clone(),
            None if key == DEFAULT => {
                let observer = shared.default.observer.clone();
                observer.ok_or_else(Refusal::not_recorded)?
            }
            None => return Err(Refusal::unknown_key(&key)),
        };
        Ok(Self {
            shared,
            key,
            observer,
        })
    }
}

/// A session of a key.
pub(super) struct OfSession {
    pub(super) observer: Observer,
    pub(super) number: usize,
    pub(super) seen: Seen,
}

impl Target for OfSession {
    const REFUSALS: &'static [u16] = OfKey::REFUSALS;

    fn find(shared: &Arc<Shared>, parameters: &[String]) -> Result<Self, Refusal> {
        let OfKey { key, observer, .. } = OfKey::find(shared, parameters)?;
        let number = parameters.get(1).map(String::as_str).unwrap_or_default();
        let found = number.parse().ok().and_then(|number: usize| {
            let seen = observer.seen_as(number)?;
            Some((number, seen))
        });
        match found {
            Some((number, seen)) => Ok(Self {
                observer,
                number,
                seen,
            }),
            None => Err(Refusal::unknown_session(number, &key, observer.opened())),
        }
    }
}

/// A session that is not over.
pub(super) struct OfOpenSession(pub(super) OfSession);

impl Target for OfOpenSession {
    const REFUSALS: &'static [u16] = OfSession::REFUSALS;

    fn find(shared: &Arc<Shared>, parameters: &[String]) -> Result<Self, Refusal> {
        let session = OfSession::find(shared, parameters)?;
        if session.seen.control.is_over() {
            return Err(Refusal::session_over(session.number));
        }
        Ok(Self(session))
    }
}
