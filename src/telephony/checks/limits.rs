//! What checks hold calls to.

use std::time::Duration;

/// What checks hold calls to. The defaults are what people take for a conversation; a bridge in another
/// country than its carrier may need more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the beginning of the call to the first sound: 4 s.
    pub greeting: Duration,
    /// From the end of the caller's words to the first sound of the answer: 3 s.
    pub answer: Duration,
    /// The same for 95 of 100 answers of all calls: 2.5 s.
    pub answer_p95: Duration,
    /// From the beginning of an interruption to the end of the playback being asked for: 1 s. Turn
    /// detection takes some 300 ms of it.
    pub clear: Duration,
    /// From the beginning of an interruption to the last sound of the old answer: 1.2 s.
    pub silence: Duration,
    /// How much of the old answer may come after the playback was stopped: 20 ms.
    pub stragglers: Duration,
    /// By how much a truncation may differ from what was heard: 200 ms.
    pub truncation: Duration,
    /// By how much what is played may be longer or shorter than what the model said: 40 ms.
    pub slice: Duration,
    /// The longest pause within an answer that nobody meant: 60 ms.
    pub gap: Duration,
    /// The most audio that waits at the carrier: 60 s.
    pub queue: Duration,
    /// From a key to the model: 2 s.
    pub key: Duration,
    /// From a function's call to its output: 5 s.
    pub tool: Duration,
    /// From the end of the call to the end of the model's session: 2 s.
    pub clean_up: Duration,
    /// From the end of the model's session to what the caller notices of it: 3 s.
    pub model_loss: Duration,
    /// From the last audio of an answer to the end of its play stream: 500 ms.
    pub stream_end: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self {
            greeting: ms(4_000),
            answer: ms(3_000),
            answer_p95: ms(2_500),
            clear: ms(1_000),
            silence: ms(1_200),
            stragglers: ms(20),
            truncation: ms(200),
            slice: ms(40),
            gap: ms(60),
            queue: ms(60_000),
            key: ms(2_000),
            tool: ms(5_000),
            clean_up: ms(2_000),
            model_loss: ms(3_000),
            stream_end: ms(500),
        }
    }
}
