//! Which dialect a session has: what the server allows, and what the client asked for.

use std::fmt;
use std::str::FromStr;

use super::Dialect;

/// Which dialects a server speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Choice {
    /// GA alone, as OpenAI's service since May 2026: who asks for the beta is refused.
    #[default]
    Ga,
    /// The beta alone, whatever the client asks for.
    Beta,
    /// What the client asks for: the beta for who does, GA for all others.
    Auto,
}

impl Choice {
    /// All of them, by name.
    const NAMES: [(&'static str, Self); 3] =
        [("ga", Self::Ga), ("beta", Self::Beta), ("auto", Self::Auto)];

    /// The dialect of a session whose client asked like this.
    ///
    /// # Errors
    ///
    /// If the client asks for the beta and the server does not speak it.
    pub const fn of(self, asked: Asked) -> Result<Dialect, BetaRefused> {
        let beta = match self {
            Self::Ga if asked.beta => return Err(BetaRefused),
            Self::Ga => false,
            Self::Beta => true,
            Self::Auto => asked.beta,
        };
        Ok(match (beta, asked.azure) {
            (false, false) => Dialect::Ga,
            (true, false) => Dialect::Beta,
            (false, true) => Dialect::Azure,
            (true, true) => Dialect::AzurePreview,
        })
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Self::NAMES.iter().find(|(_, choice)| choice == self);
        f.write_str(known.map_or("", |(name, _)| name))
    }
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::NAMES.iter().find(|(name, _)| *name == text);
        known
            .map(|(_, choice)| *choice)
            .ok_or_else(|| format!("{text:?} is no dialect; there are ga, beta and auto"))
    }
}

/// What a handshake says of the dialect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// It asks for the shapes of the beta: by a header, a subprotocol, or the path of Azure's preview.
    pub beta: bool,
    /// It comes by one of Azure's paths.
    pub azure: bool,
}

/// The client asks for the beta, and the server does not speak it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BetaRefused;

impl fmt::Display for BetaRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the client asks for the beta, which is not spoken here")
    }
}

impl std::error::Error for BetaRefused {}

#[cfg(test)]
mod tests {
    use super::*;

    const BETA: Asked = Asked {
        beta: true,
        azure: false,
    };
    const AZURE: Asked = Asked {
        beta: false,
        azure: true,
    };
    const PREVIEW: Asked = Asked {
        beta: true,
        azure: true,
    };

    #[test]
    fn ga_refuses_the_beta() {
        assert_eq!(Choice::Ga.of(Asked::default()), Ok(Dialect::Ga));
        assert_eq!(Choice::Ga.of(AZURE), Ok(Dialect::Azure));
        assert_eq!(Choice::Ga.of(BETA), Err(BetaRefused));
        assert_eq!(Choice::Ga.of(PREVIEW), Err(BetaRefused));
    }

    #[test]
    fn auto_gives_what_is_asked_for() {
        assert_eq!(Choice::Auto.of(Asked::default()), Ok(Dialect::Ga));
        assert_eq!(Choice::Auto.of(AZURE), Ok(Dialect::Azure));
        assert_eq!(Choice::Auto.of(BETA), Ok(Dialect::Beta));
        assert_eq!(Choice::Auto.of(PREVIEW), Ok(Dialect::AzurePreview));
    }

    #[test]
    fn beta_gives_the_beta_to_all() {
        assert_eq!(Choice::Beta.of(Asked::default()), Ok(Dialect::Beta));
        assert_eq!(Choice::Beta.of(BETA), Ok(Dialect::Beta));
        assert_eq!(Choice::Beta.of(AZURE), Ok(Dialect::AzurePreview));
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for (name, choice) in Choice::NAMES {
            assert_eq!(name.parse(), Ok(choice));
            assert_eq!(choice.to_string(), name);
        }
        assert!("GA ".parse::<Choice>().is_err());
    }
}
