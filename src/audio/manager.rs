//! Clips from files: read once, kept as long as there is room.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tracing::warn;

use super::error::{AudioError, AudioFault};
use super::{Clip, Encoding, load};

/// What is kept unless something else is asked for: 64 MiB.
const CAPACITY: usize = 64 * 1024 * 1024;

/// No longer file is read: 256 MiB, 23 minutes of the largest stereo there is in use.
const LONGEST_FILE: u64 = 256 * 1024 * 1024;

/// Loads audio and keeps it, so that each file is read once however many sessions play it.
///
/// All methods take `&self`: an `Arc<AudioManager>` serves any number of threads.
///
/// ```
/// use mock_realtime::audio::{AudioManager, AudioSource, Encoding, InlineAudio};
///
/// let manager = AudioManager::default();
/// let clip = manager.load_source(&AudioSource {
///     inline: Some(InlineAudio { bytes: vec![0xff; 800].into(), encoding: Encoding::Mulaw }),
///     file: Some("not/read.wav".into()), // what is given inline wins
/// })?;
/// assert_eq!(clip.duration().as_millis(), 100);
/// assert!(manager.load("not/there.wav").is_err());
/// # Ok::<(), mock_realtime::audio::AudioError>(())
/// ```
#[derive(Debug)]
pub struct AudioManager {
    capacity: usize,
    cache: Mutex<Cache>,
}

/// Where audio comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AudioSource {
    /// The audio itself; it wins over a file.
    pub inline: Option<InlineAudio>,
    /// A file: WAV, or with the feature `symphonia` anything it decodes.
    pub file: Option<PathBuf>,
}

/// Raw audio in one of the protocol's formats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlineAudio {
    /// The samples, without a header.
    pub bytes: Bytes,
    /// How they are written.
    pub encoding: Encoding,
}

/// What is known of a clip in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioInfo {
    /// Samples a second, as in the file.
    pub sample_rate: u32,
    /// How long it plays.
    pub duration: Duration,
    /// The formats it was played in.
    pub encodings: Vec<Encoding>,
    /// About how much memory it takes, in bytes.
    pub memory: usize,
}

/// How a cache has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AudioStatistics {
    /// So many times a file was asked for and there.
    pub hits: u64,
    /// So many times it had to be read, or could not be.
    pub misses: u64,
    /// So many clips were thrown out for want of room.
    pub evictions: u64,
    /// So many files are there.
    pub files: usize,
    /// About how much memory they take, in bytes. Files with the same sound count once.
    pub memory: usize,
}

#[derive(Debug, Default)]
struct Cache {
    files: HashMap<PathBuf, Entry>,
    statistics: AudioStatistics,
    /// Counts uses, to know the order they were in.
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    clip: Clip,
    last_used: u64,
}

impl Default for AudioManager {
    /// Keeps 64 MiB.
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl AudioManager {
    /// Keeps at most so many bytes of audio, counted whenever something is loaded; what was used
    /// longest ago goes first. Clips that are in use elsewhere stay there.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            capacity,
            cache: Mutex::default(),
        }
    }

    /// The clip in a file: from the cache, or read now. Others who ask meanwhile wait.
    pub fn load(&self, file: impl AsRef<Path>) -> Result<Clip, AudioError> {
        let file = file.as_ref();
        let mut cache = self.cache();
        if let Some(clip) = cache.get(file) {
            return Ok(clip);
        }
        let clip = read(file).map_err(|reason| AudioError {
            file: Some(file.to_owned()),
            reason,
        })?;
        let clip = cache.insert(file, clip);
        cache.make_room(self.capacity);
        Ok(clip)
    }

    /// The clip that is given inline or, without one, in a file.
    pub fn load_source(&self, source: &AudioSource) -> Result<Clip, AudioError> {
        match source {
            AudioSource {
                inline: Some(inline),
                ..
            } => inline
                .clip()
                .map_err(|reason| AudioError { file: None, reason }),
            AudioSource {
                file: Some(file), ..
            } => self.load(file),
            AudioSource {
                inline: None,
                file: None,
            } => Err(AudioError {
                file: None,
                reason: AudioFault::NothingGiven,
            }),
        }
    }

    /// The same; if it cannot be loaded, silence of this length, and a warning in the log.
    pub fn load_or_silence(&self, source: &AudioSource, length: Duration) -> Clip {
        self.load_source(source).unwrap_or_else(|error| {
            warn!("{error}; {length:?} of silence are played in its place");
            Clip::silence(length)
        })
    }

    /// Whether a file is in the cache.
    pub fn is_cached(&self, file: impl AsRef<Path>) -> bool {
        self.cache().files.contains_key(file.as_ref())
    }

    /// What is known of a file in the cache; `None` if it is not there.
    pub fn info(&self, file: impl AsRef<Path>) -> Option<AudioInfo> {
        let cache = self.cache();
        let clip = &cache.files.get(file.as_ref())?.clip;
        Some(AudioInfo {
            sample_rate: clip.sample_rate(),
            duration: clip.duration(),
            encodings: clip.encodings(),
            memory: clip.memory(),
        })
    }

    /// Forgets a file: it is read again when it is asked for again. Says whether it was there.
    pub fn remove(&self, file: impl AsRef<Path>) -> bool {
        self.cache().files.remove(file.as_ref()).is_some()
    }

    /// Forgets all files. The statistics go on.
    pub fn clear(&self) {
        self.cache().files.clear();
    }

    /// How the cache has done.
    pub fn statistics(&self) -> AudioStatistics {
        let cache = self.cache();
        AudioStatistics {
            files: cache.files.len(),
            memory: cache.memory(),
            ..cache.statistics
        }
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InlineAudio {
    fn clip(&self) -> Result<Clip, AudioFault> {
        let bytes = self.bytes.len();
        if bytes == 0 {
            return Err(AudioFault::NoSamples);
        }
        if !bytes.is_multiple_of(self.encoding.sample_size()) {
            return Err(AudioFault::HalfSample { bytes });
        }
        Ok(Clip::from_bytes(&self.bytes, self.encoding))
    }
}

impl Cache {
    fn get(&mut self, file: &Path) -> Option<Clip> {
        self.uses += 1;
        let Some(entry) = self.files.get_mut(file) else {
            self.statistics.misses += 1;
            return None;
        };
        self.statistics.hits += 1;
        entry.last_used = self.uses;
        Some(entry.clip.clone())
    }

    /// Keeps the clip; where the same sound is there already, under another name, that is shared.
    fn insert(&mut self, file: &Path, clip: Clip) -> Clip {
        let known = self.files.values().map(|entry| &entry.clip);
        let clip = known
            .into_iter()
            .find(|known| **known == clip)
            .cloned()
            .unwrap_or(clip);
        let entry = Entry {
            clip: clip.clone(),
            last_used: self.uses,
        };
        self.files.insert(file.to_owned(), entry);
        clip
    }

    fn make_room(&mut self, capacity: usize) {
        while self.memory() > capacity {
            let oldest = self.files.iter().min_by_key(|(_, entry)| entry.last_used);
            let Some(oldest) = oldest.map(|(file, _)| file.clone()) else {
                return;
            };
            self.files.remove(&oldest);
            self.statistics.evictions += 1;
        }
    }

    fn memory(&self) -> usize {
        let mut clips: Vec<&Clip> = self.files.values().map(|entry| &entry.clip).collect();
        clips.sort_unstable_by_key(|clip| clip.address());
        clips.dedup_by_key(|clip| clip.address());
        clips.into_iter().map(Clip::memory).sum()
    }
}

fn read(file: &Path) -> Result<Clip, AudioFault> {
    let opened = File::open(file)?;
    let bytes = opened.metadata()?.len();
    if bytes > LONGEST_FILE {
        return Err(AudioFault::TooLong {
            bytes,
            most: LONGEST_FILE,
        });
    }
    let mut content = Vec::new();
    opened.take(LONGEST_FILE).read_to_end(&mut content)?;
    load::decode(&content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::DeltaSizes;

    /// A folder with files of so many samples, each with its own sound.
    fn files<const N: usize>(lengths: [usize; N]) -> (tempfile::TempDir, [PathBuf; N]) {
        let folder = tempfile::tempdir().unwrap();
        let mut number = 0;
        let paths = lengths.map(|length| {
            number += 1;
            let path = folder.path().join(format!("{number}.wav"));
            Clip::from_bytes(&vec![number; length], Encoding::Mulaw)
                .save(&path)
                .unwrap();
            path
        });
        (folder, paths)
    }

    #[test]
    fn a_file_is_read_once() {
        let (_folder, [file]) = files([800]);
        let manager = AudioManager::default();
        let first = manager.load(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        let second = manager.load(&file).unwrap();
        assert_eq!(first.address(), second.address());
        let statistics = manager.statistics();
        assert_eq!((statistics.hits, statistics.misses), (1, 1));
        assert_eq!((statistics.files, statistics.memory), (1, 1_600));
    }

    #[test]
    fn the_same_sound_is_kept_once() {
        let (folder, [file]) = files([800]);
        let copy = folder.path().join("copy.wav");
        std::fs::copy(&file, &copy).unwrap();
        let manager = AudioManager::default();
        let clips = [&file, &copy].map(|file| manager.load(file).unwrap());
        assert_eq!(clips[0].address(), clips[1].address());
        let statistics = manager.statistics();
        assert_eq!((statistics.files, statistics.memory), (2, 1_600));
    }

    #[test]
    fn what_was_used_longest_ago_makes_room() {
        let (_folder, [one, two, three]) = files([800, 800, 800]);
        let manager = AudioManager::with_capacity(2 * 1_600);
        for file in [&one, &two, &one, &three] {
            manager.load(file).unwrap();
        }
        let cached = [&one, &two, &three].map(|file| manager.is_cached(file));
        assert_eq!(cached, [true, false, true]);
        assert_eq!(manager.statistics().evictions, 1);
        // Formats count as well, and what is too large for the cache is not kept at all.
        let clip = manager.load(&three).unwrap();
        clip.deltas(Encoding::Pcm16, DeltaSizes::default());
        manager.load(&two).unwrap();
        assert!(manager.statistics().memory <= 2 * 1_600);
    }

    #[test]
    fn what_is_removed_is_gone() {
        let (_folder, [one, two]) = files([800, 900]);
        let manager = AudioManager::default();
        manager.load(&one).unwrap();
        manager.load(&two).unwrap();
        assert_eq!(manager.info(&one).unwrap().duration.as_millis(), 100);
        assert!(manager.remove(&one) && !manager.remove(&one));
        assert_eq!(manager.info(&one), None);
        manager.clear();
        assert!(!manager.is_cached(&two));
    }

    #[test]
    fn silence_stands_in_for_what_cannot_be_loaded() {
        let source = AudioSource {
            file: Some("not/there.wav".into()),
            ..AudioSource::default()
        };
        let clip = AudioManager::default().load_or_silence(&source, Duration::from_millis(700));
        assert_eq!(clip.duration(), Duration::from_millis(700));
        assert!(clip.samples().iter().all(|sample| *sample == 0));
    }

    #[test]
    fn unusable_sources_are_refused() {
        let manager = AudioManager::default();
        let error = |source: &AudioSource| manager.load_source(source).unwrap_err().to_string();
        assert!(error(&AudioSource::default()).contains("neither a file nor audio"));
        let inline = |bytes: &'static [u8]| AudioSource {
            inline: Some(InlineAudio {
                bytes: Bytes::from_static(bytes),
                encoding: Encoding::Pcm16,
            }),
            ..AudioSource::default()
        };
        assert!(error(&inline(&[1, 2, 3])).contains("3 bytes are not a whole number"));
        assert!(error(&inline(&[])).contains("not one sample"));
    }
}
