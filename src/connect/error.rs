//! Why there is no connection.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use tokio_tungstenite::tungstenite;

/// Why there is no connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// `MOCK_REALTIME` is neither yes nor no.
    NotASwitch {
        /// What it is.
        value: String,
    },
    /// The scenario cannot be followed.
    BadScenario {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A scenario is asked for, and this build has none: it is without the feature `scenario`.
    NoScenarios {
        /// The file.
        file: PathBuf,
    },
    /// There is no key for the service, or none that can be sent.
    NoKey,
    /// The base URL is none.
    BadBaseUrl {
        /// The URL.
        url: String,
    },
    /// The service cannot be reached, or refuses.
    Service {
        /// The address.
        url: String,
        /// What is wrong.
        source: Box<tungstenite::Error>,
    },
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASwitch { value } => write!(
                f,
                "MOCK_REALTIME is {value:?}; 1 asks for the mock, 0 or nothing for the service"
            ),
            Self::BadScenario { file, source } => write!(
                f,
                "MOCK_REALTIME_SCENARIO names {}, which cannot be followed: {source}",
                file.display()
            ),
            Self::NoScenarios { file } => write!(
                f,
                "MOCK_REALTIME_SCENARIO names {}, but this build of mock-realtime has not the \
                 feature `scenario`; add it, or unset the variable",
                file.display()
            ),
            Self::NoKey => f.write_str(
                "OPENAI_API_KEY is not set, or is no key; set it to a key of the service, or \
                 MOCK_REALTIME to 1 for the mock",
            ),
            Self::BadBaseUrl { url } => write!(
                f,
                "OPENAI_BASE_URL is {url:?}; it has to be like https://api.openai.com/v1 or \
                 ws://127.0.0.1:8080/v1"
            ),
            Self::Service { url, source } => match &**source {
                tungstenite::Error::Http(response) => {
                    write!(f, "{url} refuses the connection: {}", response.status())?;
                    match response.body().as_deref().map(String::from_utf8_lossy) {
                        Some(body) if !body.is_empty() => write!(f, ", {body}"),
                        _ => Ok(()),
                    }
                }
                other => write!(f, "{url} cannot be connected to: {other}"),
            },
        }
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Service { source, .. } => Some(&**source),
            Self::BadScenario { source, .. } => Some(&**source),
            _ => None,
        }
    }
}
