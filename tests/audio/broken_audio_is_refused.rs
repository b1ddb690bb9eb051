//! Audio files of every kind are read, or refused with what is wrong with them and where.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]

use std::time::Duration;

use mock_realtime::audio::{AudioManager, Clip, Encoding};

const PCM: u16 = 1;
const FLOAT: u16 = 3;
const ALAW: u16 = 6;
const MULAW: u16 = 7;

/// A WAV file by hand, whether it makes sense or not.
fn wav(tag: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    let frame = channels * (bits / 8);
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
    file.extend(tag.to_le_bytes());
    file.extend(channels.to_le_bytes());
    file.extend(rate.to_le_bytes());
    file.extend((rate * u32::from(frame)).to_le_bytes());
    file.extend(frame.to_le_bytes());
    file.extend(bits.to_le_bytes());
    file.extend(b"data");
    file.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
    file.extend(data);
    file
}

fn refused(file: &[u8]) -> String {
    Clip::decode(file).unwrap_err().to_string()
}

#[test]
fn every_kind_of_sample_is_read() {
    // A quarter of full scale.
    let kinds: [(u16, u16, &[u8]); 7] = [
        (PCM, 8, &[160]),
        (PCM, 16, &8_192_i16.to_le_bytes()),
        (PCM, 24, &[0, 0, 0x20]),
        (PCM, 32, &[0, 0, 0, 0x20]),
        (FLOAT, 32, &0.25_f32.to_le_bytes()),
        (MULAW, 8, &[0x9f]),
        (ALAW, 8, &Encoding::Alaw.encode(&[8_192])),
    ];
    for (tag, bits, sample) in kinds {
        for channels in [1, 2] {
            let data = sample.repeat(usize::from(channels) * 100);
            let clip = Clip::decode(&wav(tag, channels, 8_000, bits, &data)).unwrap();
            let heard = clip.samples();
            assert_eq!(heard.len(), 100, "{tag} {bits}");
            let all_alike = heard.iter().all(|sample| (7_700..8_600).contains(sample));
            assert!(all_alike, "{tag} {bits}: {}", heard[0]);
        }
    }
}

#[test]
fn a_file_of_8_channels_at_96_khz_is_mixed_down() {
    let frame: Vec<u8> = (0..8_i16)
        .flat_map(|channel| (channel * 100).to_le_bytes())
        .collect();
    let clip = Clip::decode(&wav(PCM, 8, 96_000, 16, &frame.repeat(9_600))).unwrap();
    assert_eq!(clip.duration(), Duration::from_millis(100));
    assert!(clip.samples().iter().all(|sample| *sample == 350));
}

#[test]
fn what_is_wrong_is_said() {
    let good = wav(PCM, 1, 8_000, 16, &[1; 200]);
    let cases: [(&[u8], &str); 10] = [
        (b"", "found one that is empty"),
        (b"ID3\x04\0\0", "found one that is MP3"),
        (&good[..12], "no `fmt ` chunk"),
        (&good[..30], "middle of `fmt `: expected 16 bytes, found 10"),
        (&good[..36], "no `data` chunk"),
        (
            &good[..100],
            "middle of `data`: expected 200 bytes, found 56",
        ),
        (&wav(PCM, 1, 8_000, 16, &[]), "not one sample"),
        (&wav(PCM, 0, 8_000, 16, &[1; 8]), "no channels"),
        (&wav(PCM, 1, 7, 16, &[1; 8]), "sample rate is 7 Hz"),
        (
            &wav(0x55, 1, 8_000, 16, &[1; 8]),
            "format 0x0055 with 16 bits",
        ),
    ];
    for (file, expected) in cases {
        let found = refused(file);
        assert!(
            found.contains(expected),
            "expected {expected:?}, found {found:?}"
        );
    }
}

#[test]
fn bytes_beyond_the_last_whole_sample_are_left_out() {
    let clip = Clip::decode(&wav(PCM, 1, 8_000, 16, &[1; 201])).unwrap();
    assert_eq!(clip.samples().len(), 100);
}

#[test]
fn a_length_that_was_not_known_means_all_there_is() {
    let mut file = wav(PCM, 1, 8_000, 16, &[1; 200]);
    for unknown in [0x7fff_f000_u32, u32::MAX] {
        file[40..44].copy_from_slice(&unknown.to_le_bytes());
        assert_eq!(Clip::decode(&file).unwrap().samples().len(), 100);
    }
}

#[test]
fn no_cut_and_no_changed_byte_breaks_the_loader() {
    let good = wav(PCM, 2, 8_000, 16, &[7; 64]);
    for length in 0..good.len() {
        assert!(Clip::decode(&good[..length]).is_err());
    }
    for place in 0..44 {
        for byte in [0, 1, 0x7f, 0x80, 0xfe, 0xff] {
            let mut file = good.clone();
            file[place] = byte;
            // Whatever it is taken for, it is taken without a panic.
            let clip = Clip::decode(&file);
            assert!(clip.is_err() || clip.is_ok_and(|clip| !clip.samples().is_empty()));
        }
    }
}

#[test]
fn the_name_says_nothing_and_the_error_says_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let manager = AudioManager::default();
    let file = folder.path().join("speech.mp3");
    std::fs::write(&file, wav(PCM, 1, 8_000, 16, &[1; 200])).unwrap();
    assert_eq!(manager.load(&file).unwrap().samples().len(), 100);
    let file = folder.path().join("speech.wav");
    std::fs::write(&file, b"hello").unwrap();
    let error = manager.load(&file).unwrap_err().to_string();
    assert!(
        error.contains("speech.wav") && error.contains("unknown kind"),
        "{error}"
    );
    assert!(!manager.is_cached(&file));
}
