//! Events that the beta has under another name, without their padding, or with an item of its own.

use crate::protocol::{beta, realtime};

use super::items;

macro_rules! renamed {
    ($($ga:ident => $beta:ident { $($field:ident),* $(; $item:ident)? })*) => {
        $(
            impl From<realtime::$ga> for beta::$beta {
                fn from(event: realtime::$ga) -> Self {
                    Self {
                        $($field: event.$field,)*
                        $($item: items::to_beta(event.$item),)?
                    }
                }
            }
        )*
    };
}

renamed! {
    ConversationItemAdded => ConversationItemCreated { event_id, previous_item_id; item }
    ConversationItemRetrieved => ConversationItemRetrieved { event_id; item }
    ConversationItemInputAudioTranscriptionDelta => ConversationItemInputAudioTranscriptionDelta {
        event_id, item_id, content_index, delta, logprobs
    }
    ResponseOutputItemAdded => ResponseOutputItemAdded {
        event_id, response_id, output_index; item
    }
    ResponseOutputItemDone => ResponseOutputItemDone {
        event_id, response_id, output_index; item
    }
    ResponseOutputTextDelta => ResponseTextDelta {
        event_id, response_id, item_id, output_index, content_index, delta
    }
    ResponseOutputTextDone => ResponseTextDone {
        event_id, response_id, item_id, output_index, content_index, text
    }
    ResponseOutputAudioDelta => ResponseAudioDelta {
        event_id, response_id, item_id, output_index, content_index, delta
    }
    ResponseOutputAudioDone => ResponseAudioDone {
        event_id, response_id, item_id, output_index, content_index
    }
    ResponseOutputAudioTranscriptDelta => ResponseAudioTranscriptDelta {
        event_id, response_id, item_id, output_index, content_index, delta
    }
    ResponseOutputAudioTranscriptDone => ResponseAudioTranscriptDone {
        event_id, response_id, item_id, output_index, content_index, transcript
    }
    ResponseFunctionCallArgumentsDelta => ResponseFunctionCallArgumentsDelta {
        event_id, response_id, item_id, output_index, call_id, delta
    }
}
