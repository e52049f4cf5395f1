//! `https` endpoints.

use std::error::Error as _;

use gomark_sdk::v1::company_service_server::CompanyServiceServer;
use gomark_sdk::{Client, ClientBuilder, Error};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Identity, Server, ServerTlsConfig};

use crate::fake::{Fake, Script};

/// Starts a server for the name `gomark.test`; answers how to reach it, and its certificate.
async fn start() -> (Fake, ClientBuilder, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["gomark.test".to_owned()]).unwrap();
    let identity = Identity::from_pem(cert.pem(), signing_key.serialize_pem());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let fake = Fake::start(Script::default()).await;
    let served = Server::builder()
        .tls_config(ServerTlsConfig::new().identity(identity))
        .unwrap()
        .add_service(CompanyServiceServer::new(fake.clone()))
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(served);
    (fake, Client::builder(format!("https://{address}")), cert.pem())
}

#[tokio::test]
async fn a_server_of_the_given_authority_and_name_is_trusted() {
    let (fake, builder, certificate) = start().await;
    let client =
        builder.ca_certificate(certificate).domain_name("gomark.test").connect().await.unwrap();

    client.get_company("acme").await.unwrap();

    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn a_server_of_an_unknown_authority_is_not_trusted() {
    let (fake, builder, _) = start().await;

    let error = builder.domain_name("gomark.test").connect().await.unwrap_err();

    assert!(matches!(error, Error::Connect { .. } | Error::Tls { .. }), "{error:?}");
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn a_server_of_another_name_is_not_trusted() {
    let (_fake, builder, certificate) = start().await;

    let error = builder.ca_certificate(certificate).connect().await.unwrap_err();

    assert!(matches!(error, Error::Connect { .. }));
    assert!(error.source().is_some());
}
