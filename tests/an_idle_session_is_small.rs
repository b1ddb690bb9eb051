//! A session in which nothing happens takes less than 4 KiB, so that a process can hold very many.

use std::hint::black_box;

use mock_realtime::engine::{Session, SessionOptions};

const LIMIT: usize = 4096;

#[test]
fn after_its_beginning_was_sent() {
    let mut idle = None;
    let allocated = allocation_counter::measure(|| {
        let mut session = Session::new(SessionOptions::default());
        while session.poll().is_some() {}
        idle = Some(session);
    });
    let on_the_heap = usize::try_from(allocated.bytes_current).unwrap_or(usize::MAX);
    let in_all = size_of::<Session>() + on_the_heap;
    println!(
        "{} bytes and {on_the_heap} on the heap",
        size_of::<Session>()
    );
    assert!(in_all < LIMIT, "{in_all} bytes");
    drop(black_box(idle));
}
