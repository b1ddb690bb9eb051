//! TLS: with a certificate that is given, or with one that is made for the purpose.

use std::error::Error;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::accept::Stream;

/// How long a throw-away certificate holds, from a day ago on: clocks may differ. Some clients take
/// none that holds longer than 825 days.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const VALID_DAYS: u32 = 365;

/// What a server is known by when it speaks TLS: a certificate and its key. Clones are the same.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
}

/// A certificate that nobody trusts yet, made for one run of a server.
///
/// ```
/// use mock_realtime::server::{ServerOptions, ThrowAway, Tls};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let ThrowAway { tls, authority } = Tls::throw_away(["localhost", "127.0.0.1"])?;
/// assert!(authority.starts_with("-----BEGIN CERTIFICATE-----"));
/// let options = ServerOptions { tls: Some(tls), ..ServerOptions::default() };
/// # let _ = options;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ThrowAway {
    /// For the server.
    pub tls: Tls,
    /// For the clients: the certificate of the authority that they have to trust, as PEM. Its key is
    /// forgotten, so that nothing else can be certified with it.
    pub authority: String,
}

impl Tls {
    /// The certificate in this file, followed by those between it and its authority, and its key in
    /// that one; both as PEM.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read or has not in it what it should, or the key is not that of the
    /// certificate.
    pub fn from_files(
        certificate: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Self, TlsError> {
        let (certificate, key) = (certificate.as_ref(), key.as_ref());
        let chain = CertificateDer::pem_slice_iter(&read(certificate)?)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| TlsError::not_pem(certificate, source))?;
        if chain.is_empty() {
            return Err(TlsError::NoCertificate {
                file: certificate.to_owned(),
            });
        }
        let private =
            PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|source| match source {
                pem::Error::NoItemsFound => TlsError::NoKey {
                    file: key.to_owned(),
                },
                source => TlsError::not_pem(key, source),
            })?;
        Self::new(chain, private).map_err(|source| TlsError::NotAPair {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            source,
        })
    }

    /// A new certificate for these names and addresses, by an authority that is as new. It holds a
    /// year.
    ///
    /// # Errors
    ///
    /// Where a name cannot stand in a certificate.
    pub fn throw_away<N: Into<String>>(
        names: impl IntoIterator<Item = N>,
    ) -> Result<ThrowAway, TlsError> {
        let names = names.into_iter().map(Into::into).collect();
        let (chain, key, authority) =
            certify(names).map_err(|source| TlsError::NotMade { source })?;
        let tls = Self::new(chain, key).map_err(|source| TlsError::NotUsable { source })?;
        Ok(ThrowAway { tls, authority })
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, rustls::Error> {
        // Does not depend on what else in the program uses TLS.
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            config: Arc::new(config),
        })
    }

    pub(super) async fn accept<S: Stream>(&self, stream: S) -> io::Result<TlsStream<S>> {
        TlsAcceptor::from(Arc::clone(&self.config))
            .accept(stream)
            .await
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(file).map_err(|source| TlsError::Unreadable {
        file: file.to_owned(),
        source,
    })
}

type Certified = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>, String);

/// A certificate with its key, and the authority's as PEM. Two rather than one that certifies
/// itself: libraries differ in whether they trust such a one.
fn certify(names: Vec<String>) -> Result<Certified, rcgen::Error> {
    let mut authority = parameters(Vec::new(), "mock-realtime throw-away authority")?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;

    let mut server = parameters(names, "mock-realtime")?;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let server_key = KeyPair::generate()?;
    let issuer = Issuer::from_params(&authority, &authority_key);
    let server_certificate = server.signed_by(&server_key, &issuer)?;

    let chain = vec![server_certificate.der().clone()];
    let key = PrivateKeyDer::Pkcs8(server_key.serialize_der().into());
    Ok((chain, key, authority_certificate.pem()))
}

fn parameters(names: Vec<String>, common_name: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(names)?;
    parameters
        .distinguished_name
        .push(DnType::CommonName, common_name);
    let now = SystemTime::now();
    parameters.not_before = (now - DAY).into();
    parameters.not_after = (now + VALID_DAYS * DAY).into();
    Ok(parameters)
}

/// Why a server cannot speak TLS as asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// A file is not the PEM it should be.
    NotPem {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The file of the certificate has none in it.
    NoCertificate {
        /// The file.
        file: PathBuf,
    },
    /// The file of the key has none in it.
    NoKey {
        /// The file.
        file: PathBuf,
    },
    /// The certificate and the key do not belong together, or cannot be used.
    NotAPair {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong with them.
        source: rustls::Error,
    },
    /// A throw-away certificate cannot be made for these names.
    NotMade {
        /// What is wrong.
        source: rcgen::Error,
    },
    /// A throw-away certificate cannot be used.
    NotUsable {
        /// What is wrong.
        source: rustls::Error,
    },
}

impl TlsError {
    fn not_pem(file: &Path, source: pem::Error) -> Self {
        Self::NotPem {
            file: file.to_owned(),
            source: source.into(),
        }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { file, source } => {
                write!(f, "{} cannot be read: {source}", file.display())
            }
            Self::NotPem { file, source } => {
                write!(f, "{} is not sound PEM: {source}", file.display())
            }
            Self::NoCertificate { file } => write!(
                f,
                "{} has no certificate in it: a part between BEGIN CERTIFICATE and END CERTIFICATE \
                 is expected",
                file.display()
            ),
            Self::NoKey { file } => write!(
                f,
                "{} has no key in it: a part between BEGIN PRIVATE KEY and END PRIVATE KEY is \
                 expected, not encrypted",
                file.display()
            ),
            Self::NotAPair {
                certificate,
                key,
                source,
            } => write!(
                f,
                "{} and {} cannot be used together: {source}",
                certificate.display(),
                key.display()
            ),
            Self::NotMade { source } => {
                write!(f, "a certificate for these names cannot be made: {source}")
            }
            Self::NotUsable { source } => write!(f, "the certificate cannot be used: {source}"),
        }
    }
}

impl Error for TlsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unreadable { source, .. } => Some(source),
            Self::NotPem { source, .. } => Some(&**source),
            Self::NotAPair { source, .. } | Self::NotUsable { source } => Some(source),
            Self::NotMade { source } => Some(source),
            Self::NoCertificate { .. } | Self::NoKey { .. } => None,
        }
    }
}
