//! TLS: with a throw-away certificate, with one from files, and with files that are not what they
//! should be.
#![allow(clippy::unwrap_used, reason = "panicking is how a test fails")]
#![cfg(feature = "tls")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::StreamExt;
use mock_realtime::server::{Server, ServerOptions, ThrowAway, Tls};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};
use tokio_tungstenite::{client_async, connect_async};

/// Starts a server, and says its address.
async fn serve(tls: Tls) -> String {
    let options = ServerOptions {
        tls: Some(tls),
        ..ServerOptions::default()
    };
    let server = Server::bind("127.0.0.1:0", options).await.unwrap();
    let url = server.url();
    tokio::spawn(server.run(std::future::pending()));
    let address = url.strip_prefix("wss://").unwrap();
    address.strip_suffix("/v1").unwrap().to_owned()
}

/// A client that knows the server by this name, and trusts one authority.
async fn connect(address: &str, name: &str, authority: &str) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(authority.as_bytes()).unwrap();
    roots.add(authority).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

async fn first_event(stream: TlsStream<TcpStream>) -> String {
    let address = "wss://mock/v1/realtime?model=gpt-realtime".parse();
    let request =
        ClientRequestBuilder::new(address.unwrap()).with_header("Authorization", "Bearer sk-mine");
    let (mut socket, _) = client_async(request, stream).await.unwrap();
    match socket.next().await.unwrap().unwrap() {
        Message::Text(text) => text.to_string(),
        other => panic!("expected a text frame, got {other:?}"),
    }
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_holds_a_session() {
    let ThrowAway { tls, authority } = Tls::throw_away(["localhost", "127.0.0.1", "::1"]).unwrap();
    let address = serve(tls).await;
    for name in ["localhost", "127.0.0.1", "::1"] {
        let stream = connect(&address, name, &authority).await.unwrap();
        assert!(first_event(stream).await.contains("session.created"));
    }
}

#[tokio::test]
async fn a_name_that_is_not_certified_is_not_believed() {
    let ThrowAway { tls, authority } = Tls::throw_away(["mock.test"]).unwrap();
    let address = serve(tls).await;
    let error = connect(&address, "localhost", &authority)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("not valid for name"), "{error}");
    assert!(connect(&address, "mock.test", &authority).await.is_ok());
}

#[tokio::test]
async fn the_authority_of_another_run_is_not_believed() {
    let ThrowAway { tls, .. } = Tls::throw_away(["localhost"]).unwrap();
    let other = Tls::throw_away(["localhost"]).unwrap();
    let address = serve(tls).await;
    assert!(
        connect(&address, "localhost", &other.authority)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_client_without_tls_hurts_nobody() {
    let ThrowAway { tls, authority } = Tls::throw_away(["localhost"]).unwrap();
    let address = serve(tls).await;
    let plain = connect_async(format!("ws://{address}/v1/realtime")).await;
    assert!(plain.is_err());
    let stream = connect(&address, "localhost", &authority).await.unwrap();
    assert!(first_event(stream).await.contains("session.created"));
}

/// A folder with files of these names and contents.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn in_folder(folder: &Path, names: [&str; 2]) -> [PathBuf; 2] {
    names.map(|name| folder.join(name))
}

#[tokio::test]
async fn a_certificate_and_its_key_are_read_from_files() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = folder(&[
        ("server.pem", &cert.pem()),
        ("server.key", &signing_key.serialize_pem()),
    ]);
    let [certificate, key] = in_folder(folder.path(), ["server.pem", "server.key"]);
    let address = serve(Tls::from_files(certificate, key).unwrap()).await;
    let stream = connect(&address, "localhost", &cert.pem()).await.unwrap();
    assert!(first_event(stream).await.contains("session.created"));
}

#[test]
fn a_file_that_is_not_what_it_should_be_is_named_with_what_is_wrong() {
    let one = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = folder(&[
        ("certificate", &one.cert.pem()),
        ("key", &one.signing_key.serialize_pem()),
        ("other-key", &other.signing_key.serialize_pem()),
        ("text", "not PEM\n"),
        ("cut", one.cert.pem().split_once("-----END").unwrap().0),
        (
            "broken",
            "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
        ),
    ]);
    for (names, at_fault, wrong) in [
        (["nowhere", "key"], "nowhere", "cannot be read"),
        (["certificate", "nowhere"], "nowhere", "cannot be read"),
        (["text", "key"], "text", "has no certificate in it"),
        (["key", "key"], "key", "has no certificate in it"),
        (["cut", "key"], "cut", "is not sound PEM"),
        (["broken", "key"], "broken", "is not sound PEM"),
        (["certificate", "text"], "text", "has no key in it"),
        (
            ["certificate", "certificate"],
            "certificate",
            "has no key in it",
        ),
        (
            ["certificate", "other-key"],
            "other-key",
            "cannot be used together",
        ),
    ] {
        let [certificate, key] = in_folder(folder.path(), names);
        let error = Tls::from_files(certificate, key).unwrap_err().to_string();
        let file = folder.path().join(at_fault).display().to_string();
        assert!(error.contains(&file), "{names:?}: {error}");
        assert!(error.contains(wrong), "{names:?}: {error}");
    }
}

#[test]
fn a_name_that_no_certificate_can_have_is_refused() {
    let error = Tls::throw_away(["schön.test"]).unwrap_err().to_string();
    assert!(error.contains("cannot be made"), "{error}");
}
