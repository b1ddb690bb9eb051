//! Where to connect to.

use std::path::PathBuf;

use crate::client::MockSocket;
use crate::engine::{Pacing, SessionOptions};

use super::{ConnectError, RealtimeSocket, Service};

/// Where to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The mock, in this process, at the pace of the service.
    Mock {
        /// The file that says what it says.
        scenario: Option<PathBuf>,
    },
    /// The service, or a mock that is reached like it.
    Service(Service),
}

impl Target {
    /// What the environment says.
    ///
    /// # Errors
    ///
    /// Where a variable makes no sense, or the key for the service is missing.
    pub fn from_env() -> Result<Self, ConnectError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// What these variables say, which are named as those of the environment. An empty one is as
    /// none.
    ///
    /// ```
    /// use mock_realtime::connect::Target;
    ///
    /// let target = Target::from_variables(|name| (name == "MOCK_REALTIME").then(|| "1".to_owned()))?;
    /// assert_eq!(target, Target::Mock { scenario: None });
    /// # Ok::<(), mock_realtime::connect::ConnectError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConnectError> {
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        let switch = variable("MOCK_REALTIME").unwrap_or_default();
        match switch.to_ascii_lowercase().as_str() {
            "1" | "true" => Ok(Self::Mock {
                scenario: variable("MOCK_REALTIME_SCENARIO").map(PathBuf::from),
            }),
            "" | "0" | "false" => {
                let base_url = variable("OPENAI_BASE_URL");
                let api_key = variable("OPENAI_API_KEY").ok_or(ConnectError::NoKey)?;
                Service::new(base_url, api_key).map(Self::Service)
            }
            _ => Err(ConnectError::NotASwitch { value: switch }),
        }
    }

    /// Opens a conversation with this model.
    ///
    /// # Errors
    ///
    /// Where the service cannot be reached or refuses, or the scenario cannot be followed.
    pub async fn connect(&self, model: &str) -> Result<RealtimeSocket, ConnectError> {
        match self {
            Self::Mock { scenario } => {
                let mut options = SessionOptions {
                    model: model.to_owned(),
                    pacing: Pacing::REALISTIC,
                    ..SessionOptions::default()
                };
                if let Some(file) = scenario {
                    follow(file.clone(), &mut options)?;
                }
                Ok(RealtimeSocket::mock(MockSocket::new(options)))
            }
            Self::Service(service) => service.connect(model).await,
        }
    }
}

/// Has a session say what a scenario says.
#[cfg(feature = "scenario")]
fn follow(file: PathBuf, options: &mut SessionOptions) -> Result<(), ConnectError> {
    match crate::scenario::load(&file) {
        Ok(loaded) => {
            loaded.scenario.start().configure(options);
            Ok(())
        }
        Err(problems) => Err(ConnectError::BadScenario {
            file,
            source: Box::new(problems),
        }),
    }
}

#[cfg(not(feature = "scenario"))]
fn follow(file: PathBuf, _: &mut SessionOptions) -> Result<(), ConnectError> {
    Err(ConnectError::NoScenarios { file })
}
