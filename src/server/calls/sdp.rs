//! WebRTC's offer and the answer to it, as SDP.
//!
//! The answer is as the service gives it: Opus before G.711, one bundled transport, the sections of
//! the offer in their order. It names no place where media is taken, and says so: the mock does not
//! carry any yet, so that a peer that tries learns at once that it does not come through.

use std::fmt::{self, Write as _};

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use webrtc_sdp::attribute_type::{
    SdpAttribute, SdpAttributeRtpmap, SdpAttributeSetup, SdpAttributeType,
};
use webrtc_sdp::error::SdpParserError;
use webrtc_sdp::media_type::{SdpFormatList, SdpMedia, SdpMediaValue};
use webrtc_sdp::{SdpSession, parse_sdp};

/// The most bytes that a message on the data channel may have, as recorded answers say.
const MAX_MESSAGE: u64 = 1_073_741_823;

/// The codecs that the service takes, the best first, with the payload types that are fixed.
const CODECS: [(&str, u32, Option<u32>); 3] = [
    ("opus", 48_000, None),
    ("PCMU", 8_000, Some(0)),
    ("PCMA", 8_000, Some(8)),
];

/// What is wrong with an offer, in words; a line of it is named where it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server) struct BadOffer(String);

impl fmt::Display for BadOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<SdpParserError> for BadOffer {
    fn from(error: SdpParserError) -> Self {
        Self(match error {
            SdpParserError::Line {
                error,
                line,
                line_number,
            }
            | SdpParserError::Unsupported {
                error,
                line,
                line_number,
            } if !line.is_empty() => {
                format!("line {}, '{}': {error}", line_number + 1, shortened(&line))
            }
            SdpParserError::Line { error, .. } | SdpParserError::Unsupported { error, .. } => {
                error.to_string()
            }
            SdpParserError::Sequence {
                message,
                line_number,
            } => format!("line {}: {message}", line_number + 1),
        })
    }
}

/// The beginning of a line that may be long.
fn shortened(line: &str) -> String {
    const SHOWN: usize = 60;
    let mut shown: String = line.chars().take(SHOWN).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    shown
}

/// Answers an offer, with credentials from the seed.
pub(super) fn answer(offer: &str, seed: u64) -> Result<String, BadOffer> {
    let offer = parse_sdp(offer, false)?;
    let sections = sections(&offer)?;
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut text = String::new();
    let _ = write_answer(&mut text, &offer, &sections, &mut random);
    Ok(text)
}

/// What becomes of a section of the offer.
enum Section<'a> {
    Audio {
        media: &'a SdpMedia,
        codecs: Vec<Codec<'a>>,
    },
    Data(&'a SdpMedia),
    /// Nothing the service has a use for: it is declined.
    Other(&'a SdpMedia),
}

struct Codec<'a> {
    payload: u32,
    name: &'a str,
    rate: u32,
    channels: Option<u32>,
}

fn sections(offer: &SdpSession) -> Result<Vec<Section<'_>>, BadOffer> {
    if offer.media.is_empty() {
        return Err(BadOffer("there is no media section".to_owned()));
    }
    let sections: Vec<Section<'_>> = offer.media.iter().map(section).collect();
    let speaks = |section: &Section<'_>| matches!(section, Section::Audio { codecs, .. } if !codecs.is_empty());
    if !sections.iter().any(speaks) {
        let text = "there is no audio section with Opus, PCMU or PCMA";
        return Err(BadOffer(text.to_owned()));
    }
    for (number, section) in sections.iter().enumerate() {
        let (Section::Audio { media, .. } | Section::Data(media)) = section else {
            continue;
        };
        for (kind, name) in [
            (SdpAttributeType::IceUfrag, "ice-ufrag"),
            (SdpAttributeType::IcePwd, "ice-pwd"),
            (SdpAttributeType::Fingerprint, "fingerprint"),
        ] {
            if attribute(offer, media, &kind).is_none() {
                let text = format!("media section {number} has no a={name}");
                return Err(BadOffer(text));
            }
        }
    }
    Ok(sections)
}

fn section(media: &SdpMedia) -> Section<'_> {
    match media.get_type() {
        SdpMediaValue::Audio => Section::Audio {
            media,
            codecs: codecs(media),
        },
        SdpMediaValue::Application => Section::Data(media),
        SdpMediaValue::Video | SdpMediaValue::Unknown(_) => Section::Other(media),
    }
}

/// What of the offer's codecs the service takes, the best first.
fn codecs(media: &SdpMedia) -> Vec<Codec<'_>> {
    let SdpFormatList::Integers(offered) = media.get_formats() else {
        return Vec::new();
    };
    let maps: Vec<&SdpAttributeRtpmap> = media
        .get_attributes()
        .iter()
        .filter_map(|attribute| match attribute {
            SdpAttribute::Rtpmap(map) => Some(map),
            _ => None,
        })
        .collect();
    let taken = CODECS.into_iter().filter_map(|(name, rate, fixed)| {
        let mapped = maps.iter().find(|map| {
            map.codec_name.eq_ignore_ascii_case(name)
                && map.frequency == rate
                && offered.contains(&u32::from(map.payload_type))
        });
        // Payload types that are fixed need no mapping (RFC 3551).
        let payload = mapped.map(|map| u32::from(map.payload_type)).or(fixed)?;
        offered.contains(&payload).then(|| Codec {
            payload,
            name,
            rate,
            channels: mapped.and_then(|map| map.channels),
        })
    });
    taken.collect()
}

/// An attribute of the section, or of the whole offer.
fn attribute<'a>(
    offer: &'a SdpSession,
    media: &'a SdpMedia,
    kind: &SdpAttributeType,
) -> Option<&'a SdpAttribute> {
    let is_it = |attribute: &&SdpAttribute| SdpAttributeType::from(*attribute) == *kind;
    let of_section = media.get_attributes().iter().find(is_it);
    of_section.or_else(|| offer.attribute.iter().find(is_it))
}

fn mid(media: &SdpMedia) -> Option<&str> {
    match media.get_attribute(SdpAttributeType::Mid) {
        Some(SdpAttribute::Mid(mid)) => Some(mid),
        _ => None,
    }
}

/// What DTLS and ICE know the answering side by. Nobody holds the key of the certificate yet.
struct Credentials {
    ufrag: String,
    pwd: String,
    fingerprint: String,
}

impl Credentials {
    fn new(random: &mut impl Rng) -> Self {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut letters = |length: usize| -> String {
            let letter = |_| LETTERS[(random.next_u64() % 64) as usize] as char;
            (0..length).map(letter).collect()
        };
        let (ufrag, pwd) = (letters(12), letters(32));
        let bytes = (0..32).map(|_| format!("{:02X}", random.next_u64() % 256));
        Self {
            ufrag,
            pwd,
            fingerprint: bytes.collect::<Vec<_>>().join(":"),
        }
    }
}

fn write_answer(
    out: &mut String,
    offer: &SdpSession,
    sections: &[Section<'_>],
    random: &mut impl Rng,
) -> fmt::Result {
    let session = random.next_u64() >> 2;
    let credentials = Credentials::new(random);
    let ssrc = u32::try_from(random.next_u64() >> 32).unwrap_or_default();
    write!(
        out,
        "v=0\r\no=- {session} 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    )?;
    let bundled: Vec<&str> = sections
        .iter()
        .filter_map(|section| match section {
            Section::Audio { media, codecs } if !codecs.is_empty() => mid(media),
            Section::Data(media) => mid(media),
            Section::Audio { .. } | Section::Other(_) => None,
        })
        .collect();
    if !bundled.is_empty() {
        write!(out, "a=group:BUNDLE {}\r\n", bundled.join(" "))?;
    }
    write!(out, "a=msid-semantic: WMS *\r\na=ice-lite\r\n")?;
    for section in sections {
        match section {
            Section::Audio { media, codecs } if !codecs.is_empty() => {
                write_audio(out, media, codecs)?;
                write_transport(out, offer, media, &credentials)?;
                write!(
                    out,
                    "a=ssrc:{ssrc} cname:realtimeapi\r\na=ssrc:{ssrc} msid:realtimeapi audio\r\n"
                )?;
            }
            Section::Data(media) => {
                write!(
                    out,
                    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
                )?;
                write_mid(out, media)?;
                write!(
                    out,
                    "a=sctp-port:5000\r\na=max-message-size:{MAX_MESSAGE}\r\n"
                )?;
                write_transport(out, offer, media, &credentials)?;
            }
            Section::Audio { media, .. } | Section::Other(media) => {
                let (kind, protocol) = (media.get_type(), media.get_proto());
                let format = first_format(media.get_formats());
                write!(
                    out,
                    "m={kind} 0 {protocol} {format}\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\n"
                )?;
                write_mid(out, media)?;
            }
        }
    }
    Ok(())
}

fn first_format(formats: &SdpFormatList) -> String {
    match formats {
        SdpFormatList::Integers(formats) => formats.first().map(ToString::to_string),
        SdpFormatList::Strings(formats) => formats.first().cloned(),
        SdpFormatList::Unknown(formats) => formats.split(' ').next().map(str::to_owned),
    }
    .unwrap_or_else(|| "0".to_owned())
}

fn write_audio(out: &mut String, media: &SdpMedia, codecs: &[Codec<'_>]) -> fmt::Result {
    let payloads: Vec<String> = codecs
        .iter()
        .map(|codec| codec.payload.to_string())
        .collect();
    write!(
        out,
        "m=audio 9 UDP/TLS/RTP/SAVPF {}\r\nc=IN IP4 0.0.0.0\r\n",
        payloads.join(" ")
    )?;
    write_mid(out, media)?;
    write!(out, "a={}\r\na=rtcp-mux\r\n", direction(media))?;
    for Codec {
        payload,
        name,
        rate,
        channels,
    } in codecs
    {
        write!(out, "a=rtpmap:{payload} {name}/{rate}")?;
        if let Some(channels) = channels {
            write!(out, "/{channels}")?;
        }
        out.write_str("\r\n")?;
    }
    Ok(())
}

/// The answer's direction: what one side sends the other receives.
fn direction(media: &SdpMedia) -> &'static str {
    let has = |kind| media.get_attribute(kind).is_some();
    if has(SdpAttributeType::Sendonly) {
        "recvonly"
    } else if has(SdpAttributeType::Recvonly) {
        "sendonly"
    } else if has(SdpAttributeType::Inactive) {
        "inactive"
    } else {
        "sendrecv"
    }
}

fn write_mid(out: &mut String, media: &SdpMedia) -> fmt::Result {
    match mid(media) {
        Some(mid) => write!(out, "a=mid:{mid}\r\n"),
        None => Ok(()),
    }
}

fn write_transport(
    out: &mut String,
    offer: &SdpSession,
    media: &SdpMedia,
    credentials: &Credentials,
) -> fmt::Result {
    let setup = match attribute(offer, media, &SdpAttributeType::Setup) {
        Some(SdpAttribute::Setup(SdpAttributeSetup::Active)) => "passive",
        _ => "active",
    };
    let Credentials {
        ufrag,
        pwd,
        fingerprint,
    } = credentials;
    write!(
        out,
        "a=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\na=fingerprint:sha-256 {fingerprint}\r\n\
         a=setup:{setup}\r\na=end-of-candidates\r\n"
    )
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What a browser offers, shortened.
    pub(in crate::server::calls) const OFFER: &str = "v=0\r\n\
        o=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
        a=group:BUNDLE 0 1\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS stream\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13\r\nc=IN IP4 0.0.0.0\r\n\
        a=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n\
        a=ice-options:trickle\r\n\
        a=fingerprint:sha-256 D2:FA:0E:C3:22:59:5E:14:95:69:92:3D:13:B4:84:24:2C:C2:A2:C0:3E:FD:34:8E:5E:EA:6F:AF:52:CE:E6:0F\r\n\
        a=setup:actpass\r\na=mid:0\r\na=sendrecv\r\na=msid:stream track\r\na=rtcp-mux\r\n\
        a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n\
        a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n\
        a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n\
        a=fingerprint:sha-256 D2:FA:0E:C3:22:59:5E:14:95:69:92:3D:13:B4:84:24:2C:C2:A2:C0:3E:FD:34:8E:5E:EA:6F:AF:52:CE:E6:0F\r\n\
        a=setup:actpass\r\na=mid:1\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n";

    #[test]
    fn the_answer_has_the_sections_of_the_offer_in_their_order() {
        let answer = answer(OFFER, 1).unwrap();
        let parsed = parse_sdp(&answer, true).unwrap();
        let kinds: Vec<String> = parsed
            .media
            .iter()
            .map(|m| m.get_type().to_string())
            .collect();
        assert_eq!(kinds, ["audio", "application"]);
        assert!(
            answer.contains("m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8\r\n"),
            "{answer}"
        );
        assert!(answer.contains("a=rtpmap:111 opus/48000/2\r\n"), "{answer}");
        assert!(answer.contains("a=group:BUNDLE 0 1\r\n"), "{answer}");
        for media in &parsed.media {
            for kind in [
                SdpAttributeType::IceUfrag,
                SdpAttributeType::IcePwd,
                SdpAttributeType::Fingerprint,
                SdpAttributeType::Setup,
                SdpAttributeType::Mid,
            ] {
                assert!(media.get_attribute(kind).is_some(), "{answer}");
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_answer() {
        assert_eq!(answer(OFFER, 1), answer(OFFER, 1));
        assert_ne!(answer(OFFER, 1), answer(OFFER, 2));
    }

    #[test]
    fn what_is_sent_is_received_and_what_is_not_wanted_declined() {
        let video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\n\
                     a=rtpmap:96 VP8/90000\r\n";
        let offer = OFFER.replace("a=sendrecv", "a=sendonly") + video;
        let answer = answer(&offer, 1).unwrap();
        assert!(answer.contains("a=recvonly\r\n"), "{answer}");
        assert!(
            answer.contains("m=video 0 UDP/TLS/RTP/SAVPF 96\r\n"),
            "{answer}"
        );
        assert!(answer.contains("a=group:BUNDLE 0 1\r\n"), "{answer}");
    }

    #[test]
    fn what_is_wrong_with_an_offer_is_said_with_its_line() {
        let cases = [
            ("", "empty SDP"),
            ("v=0", "too short"),
            (&OFFER.replace("t=0 0", "t=now"), "line 4, 't=now'"),
            (&OFFER.replace("m=audio", "m=smell"), "no audio section"),
            (&OFFER.replace("111 63 9 0 8 13", "63"), "no audio section"),
            (
                &OFFER.replace("a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n", ""),
                "media section 0 has no a=ice-pwd",
            ),
        ];
        for (offer, expected) in cases {
            let error = answer(offer, 1).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
