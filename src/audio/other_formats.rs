//! Formats other than WAV, by symphonia: MP3, FLAC, Ogg Vorbis, AAC in MP4, AIFF.

use std::io::Cursor;

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

use super::Clip;
use super::error::AudioFault;
use super::wav::mixed_down;

/// The file's first audio track, mixed down to one channel; `None` if no decoder knows the file.
pub(super) fn read(file: &[u8]) -> Result<Option<Clip>, AudioFault> {
    let source = Box::new(Cursor::new(file.to_vec()));
    let stream = MediaSourceStream::new(source, MediaSourceStreamOptions::default());
    let probed = symphonia::default::get_probe().probe(
        &Hint::new(),
        stream,
        FormatOptions::default(),
        MetadataOptions::default(),
    );
    let Ok(mut format) = probed else {
        return Ok(None);
    };
    let track = format.default_track(TrackType::Audio);
    let track = track.ok_or_else(|| malformed("it has no audio track"))?;
    let track_id = track.id;
    let parameters = track.codec_params.as_ref().and_then(|all| all.audio());
    let parameters = parameters.ok_or_else(|| malformed("its audio track has no codec"))?;
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .map_err(|error| fault(&error))?;
    let (mut samples, mut rate, mut interleaved) = (Vec::new(), 0, Vec::new());
    while let Some(packet) = format.next_packet().map_err(|error| fault(&error))? {
        if packet.track_id != track_id {
            continue;
        }
        let audio = decoder.decode(&packet).map_err(|error| fault(&error))?;
        rate = audio.spec().rate();
        audio.copy_to_vec_interleaved::<f32>(&mut interleaved);
        let channels = audio.spec().channels().count().max(1);
        samples.extend(mixed_down(interleaved.iter().copied(), channels));
    }
    if samples.is_empty() {
        return Err(AudioFault::NoSamples);
    }
    Ok(Some(Clip::new(samples, rate)?))
}

fn fault(error: &Error) -> AudioFault {
    malformed(&error.to_string())
}

fn malformed(why: &str) -> AudioFault {
    AudioFault::Malformed(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An AIFF file of 16-bit samples at 8,000 a second.
    fn aiff(samples: &[i16]) -> Vec<u8> {
        let count = u32::try_from(samples.len()).unwrap();
        let mut common = vec![0, 1];
        common.extend(count.to_be_bytes());
        // 16 bits; 8,000 as a number of 80 bits.
        common.extend([0, 16, 0x40, 0x0b, 0xfa, 0, 0, 0, 0, 0, 0, 0]);
        let mut sound = vec![0; 8];
        sound.extend(samples.iter().flat_map(|sample| sample.to_be_bytes()));
        let chunk = |name: &[u8], body: &[u8]| {
            let length = u32::try_from(body.len()).unwrap();
            [name, &length.to_be_bytes(), body].concat()
        };
        let chunks = [chunk(b"COMM", &common), chunk(b"SSND", &sound)].concat();
        chunk(b"FORM", &[&b"AIFF"[..], &chunks].concat())
    }

    #[test]
    fn another_format_is_read() {
        let samples: Vec<i16> = (0..400).map(|number| number * 50).collect();
        let clip = Clip::decode(&aiff(&samples)).unwrap();
        assert_eq!((clip.sample_rate(), clip.samples()), (8_000, &samples[..]));
    }

    #[test]
    fn what_nobody_knows_and_what_is_cut_is_refused() {
        assert!(read(b"hello, this is no audio at all").unwrap().is_none());
        let file = aiff(&[1; 400]);
        for length in 0..file.len() {
            // Whatever it is taken for, it is taken without a panic.
            let _ = Clip::decode(&file[..length]);
        }
    }
}
