//! How far a long file has been read.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

/// A file of fewer bytes is read before anybody could look.
const LONG: u64 = 4 * 1024 * 1024;

/// Bytes read at a time.
const BUFFER: usize = 256 * 1024;

/// Opens a file. While a long one is read, standard error shows how far that has come, if it is a
/// terminal.
pub(super) fn open(file: &Path) -> io::Result<impl BufRead> {
    let reader = File::open(file)?;
    // What is no regular file, such as a pipe, has no length.
    let length = reader.metadata()?.len();
    let bar = if length < LONG {
        ProgressBar::hidden()
    } else {
        ProgressBar::new(length)
    };
    let name = file.file_name().unwrap_or(file.as_os_str());
    let bar = bar
        .with_style(style())
        .with_prefix(name.to_string_lossy().into_owned())
        .with_finish(ProgressFinish::AndClear);
    Ok(BufReader::with_capacity(BUFFER, bar.wrap_read(reader)))
}

fn style() -> ProgressStyle {
    let template = "{prefix} {wide_bar} {bytes} of {total_bytes}, {eta} left";
    // The default shows the same numbers, less nicely.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
