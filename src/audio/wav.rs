//! WAV files, read and written.

use std::fs::File;
use std::io::{self, BufWriter, Cursor, Read, Seek, Write};
use std::path::Path;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

#[cfg(feature = "telephony")]
use super::error::AudioError;
use super::error::AudioFault;
use super::resample::quantised;
use super::{Clip, Encoding};

/// Format tags of WAV files.
const PCM: u16 = 0x0001;
const FLOAT: u16 = 0x0003;
const ALAW: u16 = 0x0006;
const MULAW: u16 = 0x0007;
const EXTENSIBLE: u16 = 0xfffe;

/// What programs that write to a pipe say of the length they do not know: about 2 or 4 GiB, or
/// nothing.
const LENGTH_UNKNOWN: u32 = 0x7fff_0000;

/// Whether it begins as a WAV file does.
pub(super) fn is_wav(file: &[u8]) -> bool {
    file.starts_with(b"RIFF") && file.get(8..12) == Some(b"WAVE")
}

/// The file's audio, mixed down to one channel.
pub(super) fn read(file: &[u8]) -> Result<Clip, AudioFault> {
    let chunks = Chunks::of(file)?;
    let format = Format::of(chunks.format)?;
    let samples = match format.tag {
        MULAW => g711(&chunks, &format, Encoding::Mulaw)?,
        ALAW => g711(&chunks, &format, Encoding::Alaw)?,
        _ => linear(&chunks, &format)?,
    };
    if samples.is_empty() {
        return Err(AudioFault::NoSamples);
    }
    Ok(Clip::new(samples, format.rate)?)
}

/// The chunks of a file that say what it sounds like.
struct Chunks<'a> {
    format: &'a [u8],
    data: &'a [u8],
}

impl<'a> Chunks<'a> {
    fn of(file: &'a [u8]) -> Result<Self, AudioFault> {
        let mut format = None;
        let mut at = 12;
        while let Some(head) = file.get(at..at + 8) {
            let body = &file[at + 8..];
            let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
            match &head[..4] {
                b"fmt " => format = Some(whole("fmt ", body, length)?),
                b"data" => {
                    let format = format.ok_or(AudioFault::MissingChunk("fmt "))?;
                    let data = data(body, length)?;
                    return Ok(Self { format, data });
                }
                _ => {}
            }
            // Chunks begin at even places.
            let next = u64::from(length) + u64::from(length % 2) + at as u64 + 8;
            at = usize::try_from(next)
                .unwrap_or(usize::MAX - 8)
                .min(file.len());
        }
        Err(AudioFault::MissingChunk(match format {
            None => "fmt ",
            Some(_) => "data",
        }))
    }
}

fn data(body: &[u8], length: u32) -> Result<&[u8], AudioFault> {
    let unknown = length >= LENGTH_UNKNOWN && body.len() < length as usize;
    if unknown {
        Ok(body)
    } else {
        whole("data", body, length)
    }
}

fn whole<'a>(chunk: &'static str, body: &'a [u8], length: u32) -> Result<&'a [u8], AudioFault> {
    body.get(..length as usize).ok_or(AudioFault::Truncated {
        chunk,
        expected: length.into(),
        found: body.len() as u64,
    })
}

/// What the `fmt ` chunk says, as far as it matters here.
struct Format {
    /// How samples are written.
    tag: u16,
    channels: u16,
    rate: u32,
    /// Bytes of a sample of each channel together.
    frame: u16,
    bits: u16,
}

impl Format {
    fn of(chunk: &[u8]) -> Result<Self, AudioFault> {
        let number = |at: usize| match chunk.get(at..at + 2) {
            Some(bytes) => Ok(u16::from_le_bytes([bytes[0], bytes[1]])),
            None => Err(AudioFault::Truncated {
                chunk: "fmt ",
                expected: at as u64 + 2,
                found: chunk.len() as u64,
            }),
        };
        let format = Self {
            // An extensible format begins its long name with the tag.
            tag: match number(0)? {
                EXTENSIBLE => number(24)?,
                tag => tag,
            },
            channels: number(2)?,
            rate: u32::from(number(4)?) | u32::from(number(6)?) << 16,
            frame: number(12)?,
            bits: number(14)?,
        };
        if format.channels == 0 {
            return Err(AudioFault::Malformed("it has no channels".to_owned()));
        }
        if format.frame == 0 {
            return Err(AudioFault::Malformed(
                "its samples have no bytes".to_owned(),
            ));
        }
        Ok(format)
    }
}

fn g711(chunks: &Chunks<'_>, format: &Format, law: Encoding) -> Result<Vec<i16>, AudioFault> {
    let channels = usize::from(format.channels);
    if format.bits != 8 || usize::from(format.frame) != channels {
        return Err(unsupported(format));
    }
    let samples = law.decode(chunks.data);
    if channels == 1 {
        return Ok(samples);
    }
    let samples = samples
        .into_iter()
        .map(|sample| f32::from(sample) / 32_768.0);
    Ok(mixed_down(samples, channels))
}

/// PCM and float, by hound. It is given the two chunks that matter and no other: it stumbles over
/// some that it does not know, and over lengths that are not known.
fn linear(chunks: &Chunks<'_>, format: &Format) -> Result<Vec<i16>, AudioFault> {
    let plain = chunks.format.len() < 40;
    // The first 16 bytes say all there is to say of PCM and float.
    let length = if plain && matches!(format.tag, PCM | FLOAT) {
        16
    } else {
        40
    };
    let header = chunks
        .format
        .get(..length)
        .ok_or_else(|| unsupported(format))?;
    let frame = usize::from(format.frame);
    let whole = chunks.data.len() - chunks.data.len() % frame;
    let data = &chunks.data[..whole];
    let mut head = b"RIFF\0\0\0\0WAVEfmt ".to_vec();
    head.extend(
        u32::try_from(header.len())
            .unwrap_or_default()
            .to_le_bytes(),
    );
    head.extend(header);
    head.extend(b"data");
    head.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes());
    let file = Cursor::new(head).chain(data);
    let mut reader = WavReader::new(file).map_err(|error| fault(error, format))?;
    let WavSpec {
        channels,
        bits_per_sample,
        sample_format,
        ..
    } = reader.spec();
    let samples: Result<Vec<f32>, hound::Error> = match sample_format {
        SampleFormat::Float => reader.samples::<f32>().collect(),
        SampleFormat::Int => {
            let full_scale = 2_f32.powi(i32::from(bits_per_sample) - 1);
            #[allow(clippy::cast_precision_loss, reason = "16 bits of it are kept")]
            let scaled = |sample: i32| sample as f32 / full_scale;
            reader
                .samples::<i32>()
                .map(|sample| sample.map(scaled))
                .collect()
        }
    };
    let samples = samples.map_err(|error| fault(error, format))?;
    Ok(mixed_down(samples.into_iter(), usize::from(channels)))
}

fn unsupported(format: &Format) -> AudioFault {
    AudioFault::UnsupportedCodec {
        tag: format.tag,
        bits: format.bits,
    }
}

fn fault(error: hound::Error, format: &Format) -> AudioFault {
    match error {
        hound::Error::IoError(error) => AudioFault::Io(error),
        hound::Error::FormatError(why) => AudioFault::Malformed(why.to_owned()),
        _ => unsupported(format),
    }
}

/// One channel of several: their mean.
pub(super) fn mixed_down(samples: impl Iterator<Item = f32>, channels: usize) -> Vec<i16> {
    #[allow(
        clippy::cast_precision_loss,
        reason = "there are at most 65,535 channels"
    )]
    let share = 1.0 / channels as f32;
    let (mut sum, mut count, mut mixed) = (0.0, 0, Vec::new());
    for sample in samples {
        sum += sample;
        count += 1;
        if count == channels {
            mixed.push(quantised(sum * share));
            (sum, count) = (0.0, 0);
        }
    }
    mixed
}

/// Writes tracks as [`write`] does; the error names the file.
#[cfg(feature = "telephony")]
pub(crate) fn save(path: &Path, tracks: &[&[i16]], rate: u32) -> Result<(), AudioError> {
    write(path, tracks, rate).map_err(|reason| AudioError {
        file: Some(path.to_owned()),
        reason,
    })
}

/// Writes tracks of 16-bit samples as the channels of a file; short ones end in silence.
pub(super) fn write(path: &Path, tracks: &[&[i16]], rate: u32) -> Result<(), AudioFault> {
    let file = File::create(path).map_err(AudioFault::Io)?;
    write_to(BufWriter::new(file), tracks, rate)
}

/// The bytes of such a file.
#[cfg(feature = "calls")]
pub(crate) fn wav_bytes(tracks: &[&[i16]], rate: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    // Memory takes all of it.
    let _ = write_to(&mut bytes, tracks, rate);
    bytes.into_inner()
}

/// The same to anything that can be written to.
pub(super) fn write_to(
    to: impl Write + Seek,
    tracks: &[&[i16]],
    rate: u32,
) -> Result<(), AudioFault> {
    let spec = WavSpec {
        channels: u16::try_from(tracks.len()).unwrap_or(u16::MAX),
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let into_fault = |error| match error {
        hound::Error::IoError(error) => AudioFault::Io(error),
        other => AudioFault::Io(io::Error::other(other)),
    };
    let mut writer = WavWriter::new(to, spec).map_err(into_fault)?;
    let length = tracks
        .iter()
        .map(|track| track.len())
        .max()
        .unwrap_or_default();
    for number in 0..length {
        for track in tracks {
            let sample = track.get(number).copied().unwrap_or_default();
            writer.write_sample(sample).map_err(into_fault)?;
        }
    }
    writer.finalize().map_err(into_fault)
}
