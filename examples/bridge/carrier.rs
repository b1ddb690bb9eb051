//! What a carrier is to a call, whichever it is.

use std::collections::BTreeMap;

use mock_realtime::protocol::realtime::AudioFormat;

/// What a carrier says of its caller.
#[derive(Clone, Debug, PartialEq)]
pub enum FromCaller {
    /// The call is there: the caller's number where it is known, and what else came with it.
    Began(BTreeMap<String, String>),
    /// What the caller says, in the format that the model takes.
    Said(Vec<u8>),
    /// What the caller says ends here, for now.
    FellSilent,
    /// A key of the telephone.
    Pressed(char),
    /// All of this item has been heard, or what was left of it was cleared.
    Played(String),
    /// The line of this conversation broke, and the carrier wants to go on with it.
    Returned(String),
    /// The caller is gone.
    HungUp,
}

/// One call at a carrier: frames in, frames out, no socket.
pub trait Carrier: Send {
    /// The model's format for both directions.
    fn model_format(&self) -> AudioFormat;

    /// Takes a frame. What is no frame of this carrier is ignored: it may be newer than the bridge.
    fn read(&mut self, frame: &str) -> Vec<FromCaller>;

    /// Plays audio of an item, in the model's format, behind what it was given before.
    fn play(&mut self, item: &str, audio: &[u8]);

    /// There is no more audio of this item.
    fn finish(&mut self, item: &str);

    /// The caller speaks: what waits to be played is not wanted any more.
    fn interrupt(&mut self);

    /// Ends the call.
    fn hang_up(&mut self);

    /// What the carrier calls the conversation, where it can go on when the line breaks.
    fn conversation(&self) -> Option<&str> {
        None
    }

    /// The carrier has come back to the conversation, on a new line: what was open on the old one is
    /// gone.
    fn taken_up(&mut self) {}

    /// There is no such conversation.
    fn refuse(&mut self, _why: &str) {}

    /// The next frame to send.
    fn next_frame(&mut self) -> Option<String>;
}
