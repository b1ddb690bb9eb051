//! How fast a recording is told again.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How fast the server's events come.
///
/// ```
/// use mock_realtime::replay::Speed;
///
/// assert_eq!("instant".parse(), Ok(Speed::Instant));
/// assert_eq!("2x".parse(), Ok(Speed::Times(2.0)));
/// assert!("0x".parse::<Speed>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Speed {
    /// As they came, where the recording says when.
    #[default]
    Recorded,
    /// At once.
    Instant,
    /// So many times as fast as they came: with 0.5 everything takes twice as long.
    Times(f64),
}

/// What is no speed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotASpeed(String);

impl fmt::Display for NotASpeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no speed; there are `recorded`, `instant`, and numbers above 0 such as `0.5x` or `10x`",
            self.0
        )
    }
}

impl std::error::Error for NotASpeed {}

impl FromStr for Speed {
    type Err = NotASpeed;

    fn from_str(text: &str) -> Result<Self, NotASpeed> {
        match text {
            "recorded" => Ok(Self::Recorded),
            "instant" => Ok(Self::Instant),
            _ => text
                .strip_suffix('x')
                .and_then(|number| number.parse().ok())
                .filter(|times: &f64| times.is_finite() && *times > 0.0)
                .map(Self::Times)
                .ok_or_else(|| NotASpeed(text.to_owned())),
        }
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recorded => f.write_str("recorded"),
            Self::Instant => f.write_str("instant"),
            Self::Times(times) => write!(f, "{times}x"),
        }
    }
}

impl Speed {
    /// What a recorded pause becomes.
    pub(super) fn of(self, pause: Duration) -> Duration {
        match self {
            Self::Recorded => pause,
            Self::Instant => Duration::ZERO,
            Self::Times(times) => {
                Duration::try_from_secs_f64(pause.as_secs_f64() / times).unwrap_or(Duration::MAX)
            }
        }
    }
}
