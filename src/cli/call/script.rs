//! What a caller does, as flags say it in their order.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, value_parser};
use mock_realtime::audio::{AudioError, AudioFault, Clip};
use mock_realtime::server::calls::Doing;

/// What a caller does, one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Script(Vec<Step>);

#[derive(Clone, Debug)]
enum Step {
    Say(String),
    Wav(PathBuf),
    Digits(String),
    Pause(f64),
}

const SAY: &str = "say";
const WAV: &str = "wav";
const DIGITS: &str = "digits";
const PAUSE: &str = "pause";

impl Script {
    /// The same, with a caller who hears the answers to what they say, and then hangs up.
    pub(super) fn does(&self) -> io::Result<Vec<Doing>> {
        let mut does = Vec::new();
        for step in &self.0 {
            match step {
                Step::Say(text) => does.extend([Doing::Say(text.clone()), Doing::Listen]),
                Step::Wav(file) => does.extend([Doing::Play(read(file)?), Doing::Listen]),
                Step::Digits(keys) => does.push(Doing::Press(keys.clone())),
                Step::Pause(seconds) => {
                    does.push(Doing::PauseMs(milliseconds(*seconds)));
                }
            }
        }
        if !does.is_empty() {
            does.push(Doing::HangUp);
        }
        Ok(does)
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the parser lets through what fits"
)]
fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1_000.0).round() as u64
}

/// An audio file as base64. What is wrong with it is told here, where its name is known.
fn read(file: &Path) -> io::Result<String> {
    let wrong = |reason: AudioFault| {
        io::Error::other(AudioError {
            file: Some(file.to_owned()),
            reason,
        })
    };
    let bytes = fs::read(file).map_err(|error| wrong(AudioFault::Io(error)))?;
    Clip::decode(&bytes).map_err(wrong)?;
    Ok(BASE64_STANDARD.encode(bytes))
}

impl FromArgMatches for Script {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut steps: Vec<(usize, Step)> = Vec::new();
        collect(matches, SAY, Step::Say, &mut steps);
        collect(matches, WAV, Step::Wav, &mut steps);
        collect(matches, DIGITS, Step::Digits, &mut steps);
        collect(matches, PAUSE, Step::Pause, &mut steps);
        steps.sort_by_key(|(place, _)| *place);
        Ok(Self(steps.into_iter().map(|(_, step)| step).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The values of a flag with their places on the command line.
fn collect<T: Clone + Send + Sync + 'static>(
    matches: &ArgMatches,
    flag: &str,
    step: impl Fn(T) -> Step,
    steps: &mut Vec<(usize, Step)>,
) {
    let places = matches.indices_of(flag).into_iter().flatten();
    let values = matches.get_many::<T>(flag).into_iter().flatten().cloned();
    steps.extend(places.zip(values.map(step)));
}

impl Args for Script {
    fn augment_args(command: Command) -> Command {
        let flag = |name: &'static str, value: &'static str, help: &'static str| {
            Arg::new(name)
                .long(name)
                .value_name(value)
                .help(help)
                .action(ArgAction::Append)
                .help_heading("What the caller does, in this order")
        };
        command
            .arg(flag(SAY, "TEXT", "Say a text, and hear the answer"))
            .arg(
                flag(WAV, "FILE", "Say what is recorded, and hear the answer")
                    .value_parser(value_parser!(PathBuf)),
            )
            .arg(flag(DIGITS, "KEYS", "Press keys: 0 to 9, * and #"))
            .arg(flag(PAUSE, "SECONDS", "Be silent for a while").value_parser(pause))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn pause(text: &str) -> Result<f64, String> {
    const LONGEST: f64 = 3_600.0;
    let seconds: f64 = text.parse().map_err(|_| "expected seconds, such as 1.5")?;
    if (0.0..=LONGEST).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(format!("expected 0 to {LONGEST} seconds"))
    }
}
