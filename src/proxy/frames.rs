//! Where frames begin and end in the bytes on their way, and a frame of the proxy's own among them.

use std::io::Cursor;

use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};

use crate::expect::Direction;

/// Frames of clients are masked. The mask hides nothing, so that any will do.
const MASK: [u8; 4] = [0x6d, 0x6f, 0x63, 0x6b];

/// Why the proxy closes a session, with the code 1001.
pub(super) const GOING_AWAY: &str = "the proxy is shutting down";

/// How far the frames are that a side sends.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The beginning of a frame, as long as it does not say how long the frame is.
    head: Vec<u8>,
    /// The bytes of a frame's payload that are still to come.
    left: u64,
    has_closed: bool,
}

impl Frames {
    /// Takes the next bytes.
    pub(super) fn take(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            if self.left > 0 {
                let length = bytes
                    .len()
                    .min(usize::try_from(self.left).unwrap_or(usize::MAX));
                self.left -= length as u64;
                bytes = &bytes[length..];
            } else {
                self.head.push(*first);
                bytes = rest;
                self.begin();
            }
        }
    }

    /// Goes on to the payload, once the whole header is there.
    fn begin(&mut self) {
        match FrameHeader::parse(&mut Cursor::new(&self.head)) {
            Ok(None) => return,
            Ok(Some((header, length))) => {
                self.has_closed |= header.opcode == OpCode::Control(Control::Close);
                self.left = length;
            }
            // What is no frame has no end.
            Err(_) => self.left = u64::MAX,
        }
        self.head.clear();
    }

    /// Whether another frame may begin here.
    pub(super) fn is_between(&self) -> bool {
        self.left == 0 && self.head.is_empty()
    }

    /// Whether a close is among them.
    pub(super) fn has_closed(&self) -> bool {
        self.has_closed
    }
}

/// A close with 1001, as if this side sent it.
pub(super) fn going_away(by: Direction) -> Vec<u8> {
    let mut frame = Frame::close(Some(CloseFrame {
        code: CloseCode::Away,
        reason: GOING_AWAY.into(),
    }));
    frame.header_mut().mask = (by == Direction::Client).then_some(MASK);
    let mut bytes = Vec::new();
    if let Err(error) = frame.format(&mut bytes) {
        unreachable!("memory can be written to: {error}");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_end_where_they_end_however_they_come() {
        let long = [&[0x82, 0x7e, 0x01, 0x00][..], &[0x88; 0x100]].concat();
        let masked = [0x81, 0x83, 1, 2, 3, 4, b'x', b'y', b'z'].to_vec();
        let close = going_away(Direction::Client);
        for step in [1, 2, 3, 7, 300] {
            let mut frames = Frames::default();
            for (frame, has_closed) in [(&long, false), (&masked, false), (&close, true)] {
                let (all_but_one, last) = frame.split_at(frame.len() - 1);
                for bytes in all_but_one.chunks(step) {
                    frames.take(bytes);
                    assert!(!frames.is_between(), "{frames:?}");
                }
                frames.take(last);
                assert!(frames.is_between(), "{frames:?}");
                assert_eq!(frames.has_closed(), has_closed);
            }
        }
    }

    #[test]
    fn what_is_no_frame_has_no_end() {
        let mut frames = Frames::default();
        frames.take(&[0x83, 0x00]);
        frames.take(&[0x81, 0x00]);
        assert!(!frames.is_between());
    }
}
