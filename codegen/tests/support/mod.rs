//! What several tests need.
#![allow(dead_code, reason = "each test takes what it needs")]

pub(crate) mod facts;
pub(crate) mod tea_house;
pub(crate) mod upstream;
