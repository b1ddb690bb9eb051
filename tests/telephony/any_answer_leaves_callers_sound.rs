//! Whatever a bridge answers, callers send what their protocols have: messages that are right, wrong and
//! torn, in any order.

use crate::answered::answer;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::collection::vec;
use proptest::prelude::*;

fn line() -> impl Strategy<Value = String> {
    let audio = vec(any::<u8>(), 0..700).prop_map(|bytes| STANDARD.encode(bytes));
    let id = prop_oneof![Just("1"), Just("2")];
    let format = prop_oneof![Just("raw/lpcm16"), Just("wav/mulaw"), Just("raw/nothing")];
    let whole = prop_oneof![
        audio.clone().prop_map(|audio| format!(r#"{{"event":"media","streamSid":"$SID","media":{{"payload":"{audio}"}}}}"#)),
        Just(r#"{"event":"mark","streamSid":"$SID","mark":{"name":"m"}}"#.to_owned()),
        Just(r#"{"event":"clear","streamSid":"$SID"}"#.to_owned()),
        Just(r#"{"type":"session.accepted","mediaFormat":"raw/lpcm16"}"#.to_owned()),
        Just(r#"{"type":"userStream.started"}"#.to_owned()),
        Just(r#"{"type":"userStream.stopped"}"#.to_owned()),
        Just(r#"{"type":"userStream.speech.started"}"#.to_owned()),
        Just(r#"{"type":"userStream.speech.committed"}"#.to_owned()),
        Just(r#"{"type":"activities","activities":[{"type":"event","name":"config","sessionParams":{"bargeIn":true}}]}"#.to_owned()),
        Just(r#"{"type":"activities","activities":[{"type":"event","name":"hangup"}]}"#.to_owned()),
        (id.clone(), format).prop_map(|(id, format)| format!(r#"{{"type":"playStream.start","streamId":"{id}","mediaFormat":"{format}"}}"#)),
        (id.clone(), audio).prop_map(|(id, audio)| format!(r#"{{"type":"playStream.chunk","streamId":"{id}","audioChunk":"{audio}"}}"#)),
        id.prop_map(|id| format!(r#"{{"type":"playStream.stop","streamId":"{id}"}}"#)),
    ];
    prop_oneof![
        8 => whole.clone(),
        1 => (whole, any::<prop::sample::Index>()).prop_map(|(text, end)| text[..end.index(text.len())].to_owned()),
        1 => ".*",
    ]
}

proptest! {
    #[test]
    fn callers_stay_sound(lines in vec(line(), 0..40)) {
        answer(lines.join("\n").as_bytes());
    }
}
