//! Whom TLS believes.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use gantry_outbound::{Outbound, OutboundError, OutboundSettings, Post, Poster, Request};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;
use url::Url;

use crate::server::{Server, json};

/// An authority of its own.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    fn certify(&self, host: &str) -> TlsAcceptor {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let address: IpAddr = host.parse().unwrap();
        params.subject_alt_names = vec![SanType::IpAddress(address)];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

#[tokio::test]
async fn only_a_trusted_certificate_for_the_named_host_is_believed() {
    let (ours, strangers) = (Authority::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, ours.0.pem()).unwrap();
    let settings = OutboundSettings {
        allow_private: vec!["127.0.0.0/8".to_owned()],
        ca_file: Some(ca_file),
        ..OutboundSettings::default()
    };
    assert_eq!(settings.faults(), []);
    let (outbound, poster) = (Outbound::new(settings.clone()), Poster::new(settings));
    for (authority, host, good) in [
        (&ours, "127.0.0.1", true),
        (&ours, "127.0.0.2", false),
        (&strangers, "127.0.0.1", false),
    ] {
        let server = Server::over_tls(&json("{}"), authority.certify(host)).await;
        let url: Url = format!("https://{}/", server.address).parse().unwrap();
        let answer = outbound.send(Request::get(url.clone(), 1_000)).await;
        let post = Post {
            url,
            headers: Vec::new(),
            body: "{}".into(),
        };
        let told = poster.post(post, Duration::from_mins(1)).await;
        if good {
            assert_eq!(answer.unwrap().body, "{}");
            assert_eq!(told.unwrap().status, 200);
        } else {
            assert!(
                matches!(answer, Err(OutboundError::Connect(_))),
                "{answer:?}"
            );
            assert!(matches!(told, Err(OutboundError::Connect(_))), "{told:?}");
            assert_eq!(
                server.asked(),
                Vec::<String>::new(),
                "nothing was said before"
            );
        }
    }
}
