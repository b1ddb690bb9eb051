//! Who may come in, and for what.

use clap::Args;
use mock_realtime::server::ServerOptions;

#[derive(Args)]
#[command(next_help_heading = "Access")]
pub(crate) struct Access {
    /// A key that is accepted, beside ephemeral ones; may be given more than once, or as a list with
    /// commas. Without it any key is accepted.
    #[arg(
        long = "api-key",
        value_name = "KEY",
        env = "MOCK_REALTIME_API_KEY",
        hide_env_values = true,
        value_delimiter = ','
    )]
    api_keys: Vec<String>,
    /// What ephemeral keys are signed with: servers with the same secret accept each other's. Without
    /// it the signature follows from the seed.
    #[arg(long, env = "MOCK_REALTIME_SECRET", hide_env_values = true)]
    secret: Option<String>,
    /// A model that is accepted; may be given more than once, or as a list with commas. Without it any
    /// is that is not known to be for something else.
    #[arg(
        long = "model",
        value_name = "NAME",
        env = "MOCK_REALTIME_MODEL",
        value_delimiter = ','
    )]
    models: Vec<String>,
}

impl Access {
    /// Sets what was said. A variable that is empty says nothing.
    pub(crate) fn apply(&self, options: &mut ServerOptions) {
        let said = |names: &[String]| {
            let said = names.iter().filter(|name| !name.is_empty());
            said.cloned().collect()
        };
        options.api_keys = said(&self.api_keys);
        options.models = said(&self.models);
        options.secret = self.secret.clone().filter(|secret| !secret.is_empty());
    }
}
