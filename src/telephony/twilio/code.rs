//! The codes Twilio reports the faults of a stream under.

use std::fmt;

use crate::telephony::FindingKind;

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $number:literal, $text:literal;)*) => {
        /// A code of Twilio's debugger about a stream. None is ever said on the connection itself.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $code = $number,)*
        }

        impl Code {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$code),*];

            /// What it stands for.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$code => $text,)*
                }
            }
        }
    };
}

codes! {
    /// 31901.
    ConnectTimeout = 31901, "the connection to the bridge timed out";
    /// 31902.
    ConnectRefused = 31902, "the connection to the bridge was refused";
    /// 31903.
    BrokenPipe = 31903, "the connection to the bridge broke";
    /// 31910.
    Tls = 31910, "TLS failed";
    /// 31920.
    NoUpgrade = 31920, "the bridge did not answer with 101 Switching Protocols";
    /// 31921. Reported even where the bridge means to hang up.
    ClosedByBridge = 31921, "the bridge closed the connection";
    /// 31922.
    Scheme = 31922, "the scheme of the stream's URL is not supported";
    /// 31923.
    Url = 31923, "the stream's URL is malformed";
    /// 31924.
    Protocol = 31924, "the bridge violated the WebSocket protocol";
    /// 31930: a warning.
    SlowReader = 31930, "the bridge reads too slowly";
    /// 31941.
    Track = 31941, "the track is not allowed here";
    /// 31950: a warning, once a stream.
    BinaryFrame = 31950, "a binary frame";
    /// 31951: a warning, once a stream.
    InvalidMessage = 31951, "a message that is not valid";
}

impl Code {
    /// The number.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// Whether the stream goes on after it.
    pub const fn is_warning(self) -> bool {
        matches!(
            self,
            Self::SlowReader | Self::BinaryFrame | Self::InvalidMessage
        )
    }

    /// The code that Twilio reports something under. None for what sounds wrong: Twilio plays it.
    pub const fn of(kind: FindingKind) -> Option<Self> {
        match kind {
            FindingKind::BinaryFrame => Some(Self::BinaryFrame),
            FindingKind::NotJson
            | FindingKind::UnknownMessage
            | FindingKind::MissingField
            | FindingKind::UnexpectedField
            | FindingKind::WrongShape
            | FindingKind::BadBase64
            | FindingKind::WrongStream
            | FindingKind::TooEarly => Some(Self::InvalidMessage),
            FindingKind::BrokenProtocol => Some(Self::Protocol),
            _ => None,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.number(), self.text())
    }
}
