//! One line that connects to OpenAI or to the mock, as the environment says: an application runs on
//! the mock without a change to its code. With the feature `connect`.
//!
//! | variable | what it says |
//! | --- | --- |
//! | `MOCK_REALTIME` | `1` or `true`: the mock, in this process. `0`, `false` or nothing: the service |
//! | `MOCK_REALTIME_SCENARIO` | a file that says what the mock says |
//! | `OPENAI_BASE_URL` | where the service is: `https://api.openai.com/v1` if nothing is said |
//! | `OPENAI_API_KEY` | the key for the service |
//!
//! `MOCK_REALTIME` comes before `OPENAI_BASE_URL`: with it nothing goes over the network. To use a
//! mock that runs elsewhere, give its address as `OPENAI_BASE_URL`, and any key.
//!
//! ```no_run
//! use futures_util::StreamExt;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut socket = mock_realtime::connect::connect("gpt-realtime").await?;
//! println!("{}", socket.next().await.ok_or("no first event")??);
//! # Ok(())
//! # }
//! ```
//!
//! One connection is one session.

mod error;
mod service;
mod socket;
mod target;

pub use error::ConnectError;
pub use service::Service;
pub use socket::RealtimeSocket;
pub use target::Target;

/// Opens a conversation with this model, where the environment says.
///
/// # Errors
///
/// Where the environment cannot be followed, or the service cannot be reached or refuses.
pub async fn connect(model: &str) -> Result<RealtimeSocket, ConnectError> {
    Target::from_env()?.connect(model).await
}
