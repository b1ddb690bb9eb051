//! Calls that are no conversation.

/// A call in which nobody speaks: what is asked is whether, and how, the bridge answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Probe {
    /// AudioCodes' configuration screen asks whether there is a bot: `connection.validate`.
    Validation,
    /// A stranger calls, with another secret than the carrier's: Twilio's signature is made with it,
    /// AudioCodes' bearer token is it.
    WrongCredential,
    /// A stranger calls, and shows nothing.
    NoCredential,
}

impl Probe {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Validation, Self::WrongCredential, Self::NoCredential];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::WrongCredential => "wrong-credential",
            Self::NoCredential => "no-credential",
        }
    }
}
