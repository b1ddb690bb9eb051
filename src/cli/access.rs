//! Who may come in, and for what.

use clap::Args;
use clap::builder::BoolishValueParser;
use mock_realtime::expect::Limits;
use mock_realtime::server::{AdminOptions, ServerOptions};

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
    /// What clients of the admin API (`/_mock/`) have to show, as `Authorization: Bearer`. Without it
    /// the API answers programs on the same machine only.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "MOCK_REALTIME_ADMIN_TOKEN",
        hide_env_values = true
    )]
    admin_token: Option<String>,
    /// Serve without the admin API.
    #[arg(long, env = "MOCK_REALTIME_NO_ADMIN", value_parser = BoolishValueParser::new())]
    no_admin: bool,
    /// Record sessions without a key, too, for the admin API to show; those with a key always are.
    #[arg(long, env = "MOCK_REALTIME_JOURNAL", conflicts_with = "no_admin", value_parser = BoolishValueParser::new())]
    journal: bool,
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
        options.journal = self.journal.then(Limits::default);
        options.admin = (!self.no_admin).then(|| AdminOptions {
            token: self.admin_token.clone().filter(|token| !token.is_empty()),
            ..AdminOptions::default()
        });
    }
}
