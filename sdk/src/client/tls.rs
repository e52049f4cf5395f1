//! TLS of `https` endpoints.

use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

use crate::error::{Error, Result};

/// What a certificate in PEM begins with.
const PEM_BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// What the builder was told about TLS.
#[derive(Default)]
pub(super) struct Tls {
    pub(super) ca_certificates: Vec<Vec<u8>>,
    pub(super) domain_name: Option<String>,
}

impl Tls {
    /// Sets up TLS if the endpoint is `https`; refuses TLS settings that would not be used.
    pub(super) fn apply(&self, endpoint: Endpoint, given: &str) -> Result<Endpoint> {
        if endpoint.uri().scheme_str() != Some("https") {
            if self.ca_certificates.is_empty() && self.domain_name.is_none() {
                return Ok(endpoint);
            }
            let problem = "it is not https, so the TLS settings would not be used";
            return Err(Error::InvalidEndpoint { endpoint: given.to_owned(), problem });
        }
        let mut config = ClientTlsConfig::new();
        if self.ca_certificates.is_empty() {
            config = config.with_native_roots();
        }
        for pem in &self.ca_certificates {
            // The transport would take it for an empty list, and trust nobody.
            if !pem.windows(PEM_BEGIN.len()).any(|window| window == PEM_BEGIN) {
                return Err(Error::InvalidCertificate);
            }
            config = config.ca_certificate(Certificate::from_pem(pem));
        }
        if let Some(name) = &self.domain_name {
            config = config.domain_name(name);
        }
        endpoint.tls_config(config).map_err(|source| Error::Tls { source })
    }
}
