//! Real speech, by the program `espeak-ng`.

use std::io::Write;
use std::process::{Command, Stdio};

use super::Clip;
use super::error::{AudioError, AudioFault};

/// The program that is called.
const PROGRAM: &str = "espeak-ng";

impl Clip {
    /// A text, said by `espeak-ng` in one of its voices, such as `en` or `de+f2`. Needs the program,
    /// which is started for each call; behind the feature `espeak`.
    pub fn spoken_by_espeak(text: &str, voice: &str) -> Result<Self, AudioError> {
        let said = run(text, voice).and_then(|file| Self::decode(&file));
        said.map_err(|reason| AudioError { file: None, reason })
    }
}

/// What the program writes: a WAV file.
fn run(text: &str, voice: &str) -> Result<Vec<u8>, AudioFault> {
    let failed = |why: &dyn std::fmt::Display| AudioFault::Program(format!("{PROGRAM}: {why}"));
    let mut program = Command::new(PROGRAM)
        .args(["--stdin", "--stdout", "-v", voice])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(&format_args!("{error}; is it installed?")))?;
    // It reads all of its input before it writes; the pipe is closed behind it.
    if let Some(mut input) = program.stdin.take() {
        input.write_all(text.as_bytes())?;
    }
    let output = program.wait_with_output()?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(failed(&String::from_utf8_lossy(&output.stderr).trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_said_or_the_program_is_missing() {
        match Clip::spoken_by_espeak("Good morning.", "en") {
            Ok(clip) => assert!(clip.duration().as_millis() > 300, "{clip:?}"),
            Err(error) => {
                let error = error.to_string();
                assert!(error.contains("is it installed?"), "{error}");
                eprintln!("skipped: {error}");
            }
        }
    }

    #[test]
    fn an_unknown_voice_is_an_error() {
        let error = Clip::spoken_by_espeak("Hello.", "no such voice").unwrap_err();
        assert!(error.to_string().contains(PROGRAM), "{error}");
    }
}
