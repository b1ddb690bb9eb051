//! Whatever a bridge queues and clears, and however late one looks: marks come back in their order,
//! what is played and what is cleared are all there was, and nothing is heard ahead of the clock.

use std::time::Duration;

use mock_realtime::telephony::Playback;
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Deed {
    Queue(usize),
    Mark,
    Clear,
    Wait(u64),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => (0_usize..5_000).prop_map(Deed::Queue),
        3 => Just(Deed::Mark),
        1 => Just(Deed::Clear),
        4 => (0_u64..700_000).prop_map(Deed::Wait),
    ]
}

proptest! {
    #[test]
    fn nothing_is_lost_and_nothing_is_early(deeds in vec(deed(), 1..60), rate in prop_oneof![Just(8_000_u32), Just(16_000), Just(24_000)]) {
        let mut playback = Playback::new(Duration::from_secs(100));
        let mut now = Duration::ZERO;
        let (mut set, mut back) = (0_u32, Vec::new());
        let mut samples = 0_usize;
        for deed in deeds {
            match deed {
                Deed::Queue(count) => {
                    let before = playback.free_at(now);
                    playback.queue(&vec![1; count], rate, now).unwrap();
                    samples += count;
                    prop_assert!(playback.free_at(now) >= before);
                }
                Deed::Mark => {
                    let due = playback.free_at(now);
                    playback.mark(set, now);
                    set += 1;
                    prop_assert!(playback.next_mark().unwrap() <= due);
                }
                Deed::Clear => {
                    while let Some((at, mark)) = playback.take_mark(now) {
                        prop_assert!(at <= now);
                        back.push(mark);
                    }
                    let (_, marks) = playback.clear(now);
                    back.extend(marks);
                    prop_assert_eq!(playback.depth(now), Duration::ZERO);
                    prop_assert!(playback.track().end() <= now);
                }
                Deed::Wait(microseconds) => {
                    now += Duration::from_micros(microseconds);
                    while let Some((at, mark)) = playback.take_mark(now) {
                        prop_assert!(at <= now);
                        back.push(mark);
                    }
                }
            }
            let stretches = playback.track().stretches();
            prop_assert!(stretches.windows(2).all(|pair| pair[0].end() <= pair[1].start()));
        }
        while let Some((_, mark)) = playback.take_mark(Duration::MAX) {
            back.push(mark);
        }
        prop_assert_eq!(back, (0..set).collect::<Vec<_>>());
        // To the sample: each clear may cut in the middle of one.
        let kept: usize = playback.track().stretches().iter().map(|it| it.samples().len()).sum();
        let cleared = playback.cleared().as_secs_f64() * f64::from(rate);
        let difference = f64::from(u32::try_from(samples - kept).unwrap()) - cleared;
        prop_assert!(difference.abs() < 0.5, "{} of {} kept, {} cleared", kept, samples, cleared);
        prop_assert!(playback.queued() >= playback.cleared());
    }
}
