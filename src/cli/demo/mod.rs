//! `mock-realtime demo`: a whole voice conversation over a real socket, drawn as it happens.

mod call;
mod picture;
mod script;
mod sound;

use std::io::{self, IsTerminal};
use std::num::NonZeroU32;

use clap::Args;

use call::Call;
use picture::Picture;

const NOTES: &str = "\
A server and a client are started in this process. They talk over a socket of this machine, as your
agent and the server would: no network, no key, and no sound on the loudspeaker. The same seed gives
the same conversation to the byte.

Exit codes: 0 the conversation was held; 1 it was not; 2 wrong use.";

#[derive(Args)]
#[command(after_help = NOTES)]
pub(crate) struct Demo {
    /// The seed of the session's ids.
    #[arg(long, default_value_t = 0, env = "MOCK_REALTIME_SEED")]
    seed: u64,
    /// How many times as fast as people speak; as fast as the machine can where the output is no
    /// terminal.
    #[arg(long, value_name = "TIMES")]
    speed: Option<NonZeroU32>,
    /// Whether to use colours.
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = ["auto", "always", "never"])]
    color: String,
}

/// So fast it is shown to people.
const FOR_PEOPLE: NonZeroU32 = NonZeroU32::new(4).unwrap();

impl Demo {
    fn has_colors(&self) -> bool {
        match self.color.as_str() {
            "always" => true,
            "never" => false,
            _ => io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        }
    }

    fn speed(&self) -> Option<NonZeroU32> {
        let for_people = io::stdout().is_terminal().then_some(FOR_PEOPLE);
        self.speed.or(for_people)
    }
}

/// Holds the conversation, and says what was shown.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run(arguments: &Demo) -> io::Result<()> {
    let mut picture = Picture::new(io::stdout(), arguments.has_colors());
    picture
        .title("a caller, a voice agent and the mock hold a conversation on a real WebSocket")?;
    let mut call = Call::open(arguments.seed, arguments.speed(), picture).await?;
    script::hold(&mut call).await?;
    let (mut picture, length) = call.hang_up().await?;
    picture.summary(length)
}
