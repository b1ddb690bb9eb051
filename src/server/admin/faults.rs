//! What goes wrong: in the sessions of a key, or in one that is open.

use crate::faults::Faults;

use super::operation::{Done, Json, NoBody, NoQuery};
use super::refusals::Refusal;
use super::targets::{OfKey, OfOpenSession};

pub(super) fn get(target: OfKey, _: NoQuery, _: NoBody) -> Result<Json<Faults>, Refusal> {
    Ok(Json(target.observer.faults_put()))
}

pub(super) fn put(
    target: OfKey,
    _: NoQuery,
    Json(faults): Json<Faults>,
) -> Result<Json<Faults>, Refusal> {
    target.observer.put_faults(faults.clone());
    Ok(Json(faults))
}

pub(super) fn delete(target: OfKey, _: NoQuery, _: NoBody) -> Result<Done, Refusal> {
    target.observer.put_faults(Faults::new());
    Ok(Done)
}

pub(super) fn get_of_session(
    OfOpenSession(target): OfOpenSession,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<Faults>, Refusal> {
    Ok(Json(target.seen.control.faults_in_force()))
}

/// Has these go wrong in the session from now on, and nothing else.
pub(super) fn put_of_session(
    OfOpenSession(target): OfOpenSession,
    _: NoQuery,
    Json(faults): Json<Faults>,
) -> Result<Json<Faults>, Refusal> {
    target.seen.control.clear_faults();
    target.seen.control.add_faults(faults.clone());
    Ok(Json(faults))
}

pub(super) fn delete_of_session(
    OfOpenSession(target): OfOpenSession,
    _: NoQuery,
    _: NoBody,
) -> Result<Done, Refusal> {
    target.seen.control.clear_faults();
    Ok(Done)
}
