//! The record of a call that was held.

use super::{Arrival, CallRecord, Carrier, Derived, ModelRecord};
use crate::telephony::CallResult;

impl CallRecord {
    /// The record of a call with this result, with what came with the call for the model.
    pub fn of(
        carrier: Carrier,
        result: &CallResult,
        parameters: Vec<(String, String)>,
        model: Option<ModelRecord>,
    ) -> Self {
        let came = result.notes.came.iter();
        Self {
            carrier,
            probe: None,
            notes: result.notes.clone(),
            heard: result.heard.clone(),
            came: came
                .map(|(at, length)| Arrival {
                    at: *at,
                    length: *length,
                })
                .collect(),
            parameters,
            model,
            tones: None,
            derived: Derived::default(),
        }
    }
}
