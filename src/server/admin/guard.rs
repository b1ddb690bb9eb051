//! Who may use the admin API.

use std::net::IpAddr;

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN};
use sha2::{Digest, Sha256};

use super::refusals::Refusal;

/// Lets in who shows the token. Where there is none, programs on the same machine: a web page is told by
/// its origin, or, if it has made the browser believe that its own name is this machine, by the name of
/// the host.
pub(super) fn admit(headers: &HeaderMap, peer: IpAddr, token: Option<&str>) -> Result<(), Refusal> {
    if let Some(token) = token {
        return if shows(headers, token) {
            Ok(())
        } else {
            Err(Refusal::wrong_token())
        };
    }
    if !peer.to_canonical().is_loopback() {
        let what = format!("this request comes from {peer}");
        return Err(Refusal::not_from_here(&what));
    }
    for (header, part) in [(HOST, authority as Part), (ORIGIN, authority_of_origin)] {
        if let Some(value) = text(headers, &header)
            && !part(value).is_some_and(is_this_machine)
        {
            let what = format!("this request has `{header}: {value}`");
            return Err(Refusal::not_from_here(&what));
        }
    }
    Ok(())
}

type Part = fn(&str) -> Option<&str>;

/// Compares in a time that says nothing of the token.
fn shows(headers: &HeaderMap, token: &str) -> bool {
    let shown = text(headers, &AUTHORIZATION).and_then(|value| {
        let (scheme, shown) = value.split_once(' ')?;
        scheme
            .eq_ignore_ascii_case("bearer")
            .then_some(shown.trim())
    });
    shown.is_some_and(|shown| Sha256::digest(shown) == Sha256::digest(token))
}

/// A header; of one that is no text, a text that is nothing.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let value = headers.get(name)?;
    Some(value.to_str().unwrap_or_default())
}

/// The host in `host:port`.
fn authority(value: &str) -> Option<&str> {
    if let Some(rest) = value.strip_prefix('[') {
        return rest.split_once(']').map(|(host, _)| host);
    }
    Some(value.split_once(':').map_or(value, |(host, _)| host))
}

/// The host in `scheme://host:port`; a page without an origin says `null`.
fn authority_of_origin(value: &str) -> Option<&str> {
    authority(value.split_once("://")?.1)
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "127.0.0.1";

    fn is_admitted(peer: &str, headers: &[(&'static str, &str)], token: Option<&str>) -> bool {
        let headers = headers.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, value.parse().unwrap())
        });
        let headers: HeaderMap = headers.collect();
        admit(&headers, peer.parse().unwrap(), token).is_ok()
    }

    #[test]
    fn programs_on_the_same_machine_are_let_in() {
        for peer in [HERE, "::1", "127.8.8.8", "::ffff:127.0.0.1"] {
            assert!(is_admitted(peer, &[], None), "{peer}");
        }
        for host in [
            "localhost:8080",
            "127.0.0.1:8080",
            "[::1]:8080",
            "LOCALHOST",
            "[::1]",
        ] {
            assert!(is_admitted(HERE, &[("host", host)], None), "{host}");
        }
        let page = [("host", "localhost:1"), ("origin", "http://localhost:3000")];
        assert!(is_admitted(HERE, &page, None));
    }

    #[test]
    fn others_are_not() {
        for peer in ["10.0.0.1", "172.17.0.1", "fe80::1", "::ffff:10.0.0.1"] {
            assert!(!is_admitted(peer, &[], None), "{peer}");
        }
        // The name of a page that is said to be here; 127.0.0.1 in a name is a name.
        for host in [
            "evil.example:8080",
            "127.0.0.1.evil.example",
            "",
            "[::1",
            "\u{e9}",
        ] {
            assert!(!is_admitted(HERE, &[("host", host)], None), "{host}");
        }
        for origin in [
            "https://evil.example",
            "null",
            "https://localhost.evil.example",
        ] {
            let headers = [("host", "localhost:1"), ("origin", origin)];
            assert!(!is_admitted(HERE, &headers, None), "{origin}");
        }
    }

    #[test]
    fn the_token_lets_anybody_in_and_nothing_else_does() {
        let shown = [("authorization", "bearer secret"), ("host", "ci.example")];
        assert!(is_admitted("10.0.0.1", &shown, Some("secret")));
        for wrong in [
            "Bearer secre",
            "Bearer",
            "Basic secret",
            "secret",
            "Bearer ",
        ] {
            assert!(
                !is_admitted(HERE, &[("authorization", wrong)], Some("secret")),
                "{wrong}"
            );
        }
        assert!(!is_admitted(HERE, &[], Some("secret")));
    }
}
