//! What a bridge did wrong.

use std::fmt;
use std::time::Duration;

use super::format::{LineFormat, begins_with_header};
use crate::protocol::{DecodeError, DecodeReason};

/// Something that a bridge did wrong. The call went on as the carrier lets it go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// When, counted from the beginning of the call.
    pub at: Duration,
    /// What.
    pub kind: FindingKind,
    /// What exactly, for people.
    pub detail: String,
    /// The code the carrier reports it under, where it has one.
    pub code: Option<u16>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} s: {}", self.at.as_secs_f64(), self.kind)?;
        if let Some(code) = self.code {
            write!(f, " ({code})")?;
        }
        write!(f, ": {}", self.detail)
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)*) => {
        /// What a bridge can do wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum FindingKind {
            $($(#[$doc])* $kind,)*
        }

        impl FindingKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// Its name in reports.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// A binary frame.
    BinaryFrame = "binary-frame",
    /// A text that is no JSON.
    NotJson = "not-json",
    /// A message that the carrier does not know.
    UnknownMessage = "unknown-message",
    /// A field is not there.
    MissingField = "missing-field",
    /// A field that the carrier does not know.
    UnexpectedField = "unexpected-field",
    /// A value of another type, or out of bounds.
    WrongShape = "wrong-shape",
    /// Audio that is no base64.
    BadBase64 = "bad-base64",
    /// The message is for another stream.
    WrongStream = "wrong-stream",
    /// The message came before the stream began.
    TooEarly = "too-early",
    /// The message came so long after the call's end that it was not on its way by then.
    AfterEnd = "after-end",
    /// Audio without a sample.
    EmptyAudio = "empty-audio",
    /// The bytes of a file's header, which are played as noise.
    HeaderInAudio = "header-in-audio",
    /// Bytes that are meant as silence and are the loudest samples there are.
    LoudPadding = "loud-padding",
    /// An odd byte at the end of samples that have two.
    HalfSample = "half-sample",
    /// More audio than the carrier holds.
    QueueFull = "queue-full",
    /// The WebSocket protocol was violated, or a frame was too large.
    BrokenProtocol = "broken-protocol",
    /// The bridge took too long to answer.
    NoAnswer = "no-answer",
    /// An answer to nothing that was asked.
    UnaskedAnswer = "unasked-answer",
    /// The bridge refused the call.
    Refused = "refused",
    /// No format was chosen.
    NoFormat = "no-format",
    /// A format that was not offered.
    FormatNotOffered = "format-not-offered",
    /// A play stream was opened while another was open.
    OverlappingPlayStreams = "overlapping-play-streams",
    /// A play stream's id was used before.
    RepeatedPlayStream = "repeated-play-stream",
    /// Audio or an end for a play stream that is not open.
    NoPlayStream = "no-play-stream",
    /// A play stream was never stopped: without barge-in the bot hears nobody any more.
    PlayStreamLeftOpen = "play-stream-left-open",
    /// A command that cannot be carried out.
    BadActivity = "bad-activity",
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<&DecodeError> for FindingKind {
    fn from(error: &DecodeError) -> Self {
        match &error.reason {
            DecodeReason::NotJson { .. } => Self::NotJson,
            DecodeReason::UnknownType { .. } => Self::UnknownMessage,
            DecodeReason::MissingType | DecodeReason::MissingField => Self::MissingField,
            DecodeReason::UnknownField => Self::UnexpectedField,
            DecodeReason::BadBase64 => Self::BadBase64,
            _ => Self::WrongShape,
        }
    }
}

/// What is wrong with a message that could not be read, with the place.
pub(crate) fn fault(error: &DecodeError) -> String {
    if error.path.is_empty() {
        error.reason.to_string()
    } else {
        format!("{}: {}", error.path, error.reason)
    }
}

/// So many of the loudest samples in a row, at the end of a piece, are no sound that anybody made:
/// 2 ms.
const PADDING: usize = 16;

/// μ-law's loudest samples of either sign, which programs take for silence: it is zero in linear
/// audio, and the middle in unsigned bytes.
const LOUDEST: [u8; 2] = [0x00, 0x80];

/// What is wrong with a piece of audio, by its bytes.
pub(crate) fn faults_of_audio(bytes: &[u8], format: LineFormat) -> Vec<(FindingKind, String)> {
    let mut faults = Vec::new();
    if bytes.is_empty() {
        faults.push((
            FindingKind::EmptyAudio,
            "a message without audio".to_owned(),
        ));
        return faults;
    }
    if begins_with_header(bytes) && !format.has_header() {
        let what = "begins with the header of a WAV file, which is played as noise".to_owned();
        faults.push((FindingKind::HeaderInAudio, what));
    }
    if !bytes.len().is_multiple_of(format.sample_size()) {
        let what = format!("{} bytes are no whole samples", bytes.len());
        faults.push((FindingKind::HalfSample, what));
    }
    if format.is_mulaw() {
        let padding = LOUDEST.map(|loudest| {
            let trailing = bytes.iter().rev().take_while(|byte| **byte == loudest);
            (loudest, trailing.count())
        });
        for (byte, count) in padding.into_iter().filter(|(_, count)| *count >= PADDING) {
            let what = format!(
                "ends with {count} bytes of {byte:#04x}, full scale in μ-law; silence is 0xff"
            );
            faults.push((FindingKind::LoudPadding, what));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(bytes: &[u8], format: LineFormat) -> Vec<FindingKind> {
        let faults = faults_of_audio(bytes, format).into_iter();
        faults.map(|(kind, _)| kind).collect()
    }

    #[test]
    fn audio_that_is_wrong_is_named() {
        let mulaw = LineFormat::MULAW;
        assert_eq!(kinds(&[0xff; 160], mulaw), []);
        assert_eq!(kinds(&[], mulaw), [FindingKind::EmptyAudio]);
        assert_eq!(kinds(b"RIFF1234WAVE", mulaw), [FindingKind::HeaderInAudio]);
        assert_eq!(kinds(b"RIFF1234WAVE", mulaw.with_header()), []);
        let padded = [&[0xff; 100][..], &[0x80; 60]].concat();
        assert_eq!(kinds(&padded, mulaw), [FindingKind::LoudPadding]);
        // In linear audio zeros are silence.
        let linear = LineFormat::linear(8_000);
        assert_eq!(kinds(&[0; 160], linear), []);
        assert_eq!(kinds(&[0; 161], linear), [FindingKind::HalfSample]);
    }

    #[test]
    fn names_are_told_apart() {
        let mut names: Vec<_> = FindingKind::ALL.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FindingKind::ALL.len());
    }
}
