//! TwiML: what a bridge answers when Twilio asks what to do with a call.

use std::collections::BTreeMap;
use std::fmt;

use roxmltree::{Document, Node, ParsingOptions};

use super::code::Code;

/// The most characters that a parameter's name and value have together.
const LONGEST_PARAMETER: usize = 500;

/// The `<Stream>` of a `<Connect>`: where to take the caller's audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamVerb {
    /// The bridge's WebSocket address, without the query string that Twilio does not take.
    pub url: String,
    /// What the stream is called in status callbacks.
    pub name: Option<String>,
    /// Where to tell how the stream goes.
    pub status_callback: Option<String>,
    /// Whether that is told by POST; else by GET.
    pub status_by_post: bool,
    /// The `<Parameter>`s.
    pub parameters: BTreeMap<String, String>,
    /// What is wrong with it that does not keep the stream from being opened.
    pub faults: Vec<(Code, String)>,
}

/// Why there is no stream in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwimlError {
    /// The line, from 1; 0 where it is not known.
    pub line: u32,
    /// The column, from 1; 0 where it is not known.
    pub column: u32,
    /// What is wrong, and what was expected.
    pub message: String,
    /// The code that Twilio reports it under, where it is one of a stream.
    pub code: Option<Code>,
}

impl fmt::Display for TwimlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TwiML")?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", self.message)?;
        match self.code {
            Some(code) => write!(f, " ({code})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TwimlError {}

impl StreamVerb {
    /// Reads the two-way stream of an answer. Verbs before it, such as `<Say>`, are passed over.
    ///
    /// ```
    /// use mock_realtime::telephony::twilio::StreamVerb;
    ///
    /// let stream = StreamVerb::parse(
    ///     r#"<Response><Connect><Stream url="wss://bridge.example/media">
    ///            <Parameter name="FirstName" value="Jane"/>
    ///        </Stream></Connect></Response>"#,
    /// )?;
    /// assert_eq!(stream.url, "wss://bridge.example/media");
    /// assert_eq!(stream.parameters["FirstName"], "Jane");
    /// # Ok::<(), mock_realtime::telephony::twilio::TwimlError>(())
    /// ```
    pub fn parse(twiml: &str) -> Result<Self, TwimlError> {
        let options = ParsingOptions {
            allow_dtd: false,
            ..ParsingOptions::default()
        };
        let document =
            Document::parse_with_options(twiml, options).map_err(|error| TwimlError {
                line: error.pos().row,
                column: error.pos().col,
                message: format!("no XML: {error}"),
                code: None,
            })?;
        let root = document.root_element();
        let blame = |node: Node<'_, '_>, message: String, code| {
            let place = document.text_pos_at(node.range().start);
            TwimlError {
                line: place.row,
                column: place.col,
                message,
                code,
            }
        };
        if !root.has_tag_name("Response") {
            let found = root.tag_name().name();
            let message = format!("expected <Response>, found <{found}>");
            return Err(blame(root, message, None));
        }
        let verbs = || root.children().filter(Node::is_element);
        let Some(connect) = verbs().find(|verb| verb.has_tag_name("Connect")) else {
            let message = match verbs().find(|verb| verb.has_tag_name("Start")) {
                Some(_) => "<Start> opens a stream that only listens; expected <Connect>",
                None => "expected a <Connect> with a <Stream> in it",
            };
            return Err(blame(root, message.to_owned(), None));
        };
        let stream = connect.children().find(|noun| noun.has_tag_name("Stream"));
        let Some(stream) = stream else {
            let message = "expected a <Stream> in <Connect>".to_owned();
            return Err(blame(connect, message, None));
        };
        Self::read(stream).map_err(|(message, code)| blame(stream, message, code))
    }

    fn read(stream: Node<'_, '_>) -> Result<Self, (String, Option<Code>)> {
        let attribute = |name| stream.attribute(name).map(str::to_owned);
        let mut faults = Vec::new();
        let url = attribute("url").unwrap_or_default();
        if url.is_empty() {
            return Err(("<Stream> needs `url`".to_owned(), Some(Code::Url)));
        }
        if !url.starts_with("ws://") && !url.starts_with("wss://") {
            let message = format!("the URL of <Stream> is {url:?}; expected wss://...");
            return Err((message, Some(Code::Scheme)));
        }
        let url = match url.split_once('?') {
            Some((bare, query)) => {
                let what = format!("the query string {query:?} is dropped; use <Parameter>");
                faults.push((Code::NoUpgrade, what));
                bare.to_owned()
            }
            None => url,
        };
        if let Some(track) = stream
            .attribute("track")
            .filter(|it| *it != "inbound_track")
        {
            let what = format!("the track is {track:?}; a two-way stream has inbound_track only");
            faults.push((Code::Track, what));
        }
        let mut parameters = BTreeMap::new();
        for node in stream
            .children()
            .filter(|node| node.has_tag_name("Parameter"))
        {
            let (Some(name), Some(value)) = (node.attribute("name"), node.attribute("value"))
            else {
                faults.push((
                    Code::Url,
                    "a <Parameter> needs `name` and `value`".to_owned(),
                ));
                continue;
            };
            if name.chars().count() + value.chars().count() > LONGEST_PARAMETER {
                let what =
                    format!("the parameter {name:?} has more than {LONGEST_PARAMETER} characters");
                faults.push((Code::Url, what));
                continue;
            }
            parameters.insert(name.to_owned(), value.to_owned());
        }
        let method = attribute("statusCallbackMethod");
        Ok(Self {
            url,
            name: attribute("name"),
            status_callback: attribute("statusCallback"),
            status_by_post: method.is_none_or(|method| !method.eq_ignore_ascii_case("get")),
            parameters,
            faults,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(twiml: &str) -> String {
        StreamVerb::parse(twiml).unwrap_err().to_string()
    }

    #[test]
    fn what_stands_around_the_stream_is_passed_over() {
        let stream = StreamVerb::parse(
            r#"<?xml version="1.0" encoding="UTF-8"?>
            <Response>
              <Say>One moment.</Say><!-- then -->
              <Connect action="/after"><Stream url="ws://localhost:1/a" name="s"
                statusCallback="http://localhost/status" statusCallbackMethod="GET"/></Connect>
              <Hangup/>
            </Response>"#,
        )
        .unwrap();
        assert_eq!(
            (stream.url.as_str(), stream.name.as_deref()),
            ("ws://localhost:1/a", Some("s"))
        );
        assert_eq!(
            stream.status_callback.as_deref(),
            Some("http://localhost/status")
        );
        assert!(!stream.status_by_post);
        assert!(stream.parameters.is_empty() && stream.faults.is_empty());
    }

    #[test]
    fn what_twilio_would_not_take_is_told() {
        assert!(refusal("hello").contains("no XML"));
        assert!(refusal("<Response><Connect></Response>").starts_with("TwiML:1:"));
        assert_eq!(
            refusal("<Reply/>"),
            "TwiML:1:1: expected <Response>, found <Reply>"
        );
        assert!(refusal("<Response><Hangup/></Response>").contains("expected a <Connect>"));
        assert!(refusal("<Response><Start><Stream/></Start></Response>").contains("only listens"));
        assert!(
            refusal("<Response>\n<Connect/></Response>").contains("TwiML:2:1: expected a <Stream>")
        );
        let of = |attributes: &str| {
            format!("<Response><Connect><Stream {attributes}/></Connect></Response>")
        };
        assert!(refusal(&of("")).ends_with("(31923: the stream's URL is malformed)"));
        assert!(refusal(&of(r#"url="https://a""#)).contains("31922"));
        let stream = StreamVerb::parse(&of(r#"url="wss://a/b?x=1" track="both_tracks""#)).unwrap();
        assert_eq!(stream.url, "wss://a/b");
        let codes: Vec<Code> = stream.faults.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes, [Code::NoUpgrade, Code::Track]);
    }
}
