//! What checks hold calls to.

use std::fmt;
use std::time::Duration;

macro_rules! limits {
    ($($(#[doc = $text:literal])+ $name:ident: $milliseconds:literal;)*) => {
        /// What checks hold calls to. The defaults are what people take for a conversation; a bridge in
        /// another country than its carrier may need more.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits {
            $($(#[doc = $text])+ pub $name: Duration,)*
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: Duration::from_millis($milliseconds),)* }
            }
        }

        impl Limits {
            /// The names of all limits.
            pub const NAMES: &[&str] = &[$(stringify!($name)),*];

            /// Changes the limit with this name.
            ///
            /// # Errors
            ///
            /// Where there is none.
            pub fn set(&mut self, name: &str, limit: Duration) -> Result<(), NoSuchLimit> {
                match name {
                    $(stringify!($name) => self.$name = limit,)*
                    _ => return Err(NoSuchLimit(name.to_owned())),
                }
                Ok(())
            }
        }
    };
}

limits! {
    /// From the beginning of the call to the first sound: 4 s.
    greeting: 4_000;
    /// From the end of the caller's words to the first sound of the answer: 3 s.
    answer: 3_000;
    /// The same for 95 of 100 answers of all calls: 2.5 s.
    answer_p95: 2_500;
    /// From the beginning of an interruption to the end of the playback being asked for: 1 s. Turn
    /// detection takes some 300 ms of it.
    clear: 1_000;
    /// From the beginning of an interruption to the last sound of the old answer: 1.2 s.
    silence: 1_200;
    /// How much of the old answer may come after the playback was stopped: 20 ms.
    stragglers: 20;
    /// By how much a truncation may differ from what was heard: 200 ms.
    truncation: 200;
    /// By how much what is played may be longer or shorter than what the model said: 40 ms.
    slice: 40;
    /// The longest pause within an answer that nobody meant: 60 ms.
    gap: 60;
    /// The most audio that waits at the carrier: 60 s.
    queue: 60_000;
    /// From a key to the model: 2 s.
    key: 2_000;
    /// From a function's call to its output: 5 s.
    tool: 5_000;
    /// From the end of the call to the end of the model's session: 2 s.
    clean_up: 2_000;
    /// From the end of the model's session to what the caller notices of it: 3 s.
    model_loss: 3_000;
    /// From the last audio of an answer to the end of its play stream: 500 ms.
    stream_end: 500;
    /// From a stranger's connection to its end: 2 s.
    refusal: 2_000;
}

/// There is no limit with this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchLimit(String);

impl fmt::Display for NoSuchLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Limits::NAMES.join(", ");
        write!(f, "there is no limit `{}`; there are {names}", self.0)
    }
}

impl std::error::Error for NoSuchLimit {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_can_be_set_by_its_name() {
        let mut limits = Limits::default();
        for name in Limits::NAMES {
            limits.set(name, Duration::from_secs(7)).unwrap();
        }
        assert_eq!(limits.truncation, Duration::from_secs(7));
        let error = limits.set("trunc", Duration::ZERO).unwrap_err().to_string();
        assert!(
            error.contains("`trunc`") && error.contains("truncation"),
            "{error}"
        );
    }
}
