//! Whose certificates are trusted: those of the web, and what the operator adds.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// The operator's certificates are no good.
#[derive(Debug, thiserror::Error)]
pub enum InvalidCertificates {
    /// They are not PEM, or one of them is no certificate.
    #[error("the additional certificates are not PEM certificates")]
    Pem,
    /// The library refuses its own defaults.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// TLS for outgoing connections. `extra` are further certificates to trust, as PEM; empty for none.
///
/// # Errors
/// [`InvalidCertificates`] if `extra` cannot be read.
pub fn tls_config(extra: &[u8]) -> Result<Arc<ClientConfig>, InvalidCertificates> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let mut found = 0;
    for certificate in CertificateDer::pem_slice_iter(extra) {
        let certificate = certificate.map_err(|_| InvalidCertificates::Pem)?;
        roots.add(certificate)?;
        found += 1;
    }
    if found == 0 && !extra.is_empty() {
        return Err(InvalidCertificates::Pem);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
