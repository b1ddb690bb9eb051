//! A mock of the OpenAI Realtime API, generated from the protocol's own schema: exact to the event,
//! deterministic, and without key, network or cost.
//!
//! # Where to begin
//!
//! - [`protocol`]: the events as types. [`protocol::realtime`] has a struct for each, read with
//!   [`protocol::decode`], written with [`protocol::encode`]; they read the real server as well.
//! - [`client`]: a client of the mock in the same process, or the mock in the place of a WebSocket.
//! - [`expect`]: what a client should send, checked, with a timeline of what it did.
//! - [`faults`]: what can be made to go wrong.
//! - [`engine`]: a session without clock or socket, for tests that need neither.
//! - [`server`]: the mock behind a WebSocket, for any SDK that takes a base URL; and
//!   [`server::MockServer`], one for each test.
//! - [`generators`]: what the responses say.
//!
//! # A conversation in process
//!
//! ```
//! use std::time::Duration;
//!
//! use mock_realtime::engine::{Input, Output, Session, SessionOptions};
//! use mock_realtime::generators::Scripted;
//! use mock_realtime::protocol::realtime::{
//!     ConversationItem, ConversationItemCreate, Modality, ResponseCreate, ResponseParams, ServerEvent,
//! };
//!
//! let mut session = Session::new(SessionOptions {
//!     generator: Box::new(Scripted::new(["Good morning!"])),
//!     ..SessionOptions::default()
//! });
//!
//! let item = ConversationItemCreate::new(ConversationItem::user_text("Hello"));
//! let in_text = ResponseParams { output_modalities: Some(vec![Modality::Text]), ..Default::default() };
//! let create = ResponseCreate { response: Some(in_text), ..Default::default() };
//! session.handle(Input::Event(item.into()), Duration::ZERO);
//! session.handle(Input::Event(create.into()), Duration::ZERO);
//!
//! let mut said = String::new();
//! while let Some(output) = session.poll() {
//!     if let Output::Event(ServerEvent::ResponseOutputTextDelta(event)) = output {
//!         said.push_str(&event.delta);
//!     }
//! }
//! assert_eq!(said, "Good morning!");
//! ```
//!
//! # Features
//!
//! `cli` (default) adds the binary, and `scenario`, which is part of it, the module `scenario`: what
//! the mock says, and when, also from files. Without default features there are types, engine and
//! server on few dependencies. `connect` adds the module `connect`: OpenAI or the mock, as the
//! environment says.

pub mod audio;
pub mod client;
#[cfg(feature = "connect")]
pub mod connect;
pub mod engine;
pub mod expect;
pub mod faults;
pub mod generators;
pub mod mock;
pub mod protocol;
#[cfg(feature = "scenario")]
pub mod scenario;
pub mod server;

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
