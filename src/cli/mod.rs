//! What the commands do, a file a command.

pub(crate) mod access;
pub(crate) mod bridge_test;
pub(crate) mod call;
pub(crate) mod check;
pub(crate) mod coverage;
pub(crate) mod demo;
pub(crate) mod exercise;
pub(crate) mod healthcheck;
pub(crate) mod log;
pub(crate) mod proxy;
pub(crate) mod replay;
pub(crate) mod scenario;
pub(crate) mod serve;
