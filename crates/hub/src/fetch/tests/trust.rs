//! Certificates of an authority of the house, made when the test runs.

use axum::routing::get;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::*;

pub(super) type Authority = CertifiedIssuer<'static, KeyPair>;

pub(super) fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Ends TLS for a name and passes what is inside on to a plain server.
pub(super) async fn secured(authority: &Authority, name: &str, plain: SocketAddr) -> u16 {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut inside = acceptor.accept(stream).await?;
                let mut plain = tokio::net::TcpStream::connect(plain).await?;
                tokio::io::copy_bidirectional(&mut inside, &mut plain).await
            });
        }
    });
    port
}

struct House {
    folder: tempfile::TempDir,
    fetch: Fetch,
    url: String,
}

async fn house() -> House {
    let authority = authority();
    let plain = serve(Router::new().route("/", get(|| async { "at home" }))).await;
    let port = secured(&authority, "as.test", plain).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("house.pem"), authority.pem()).unwrap();
    let fetch = Fetch::new(Egress {
        folder: folder.path().to_owned(),
        lookup: Some(lookup(&[("as.test", &["127.0.0.1"])])),
        ..Egress::default()
    });
    House {
        folder,
        fetch,
        url: format!("https://as.test:{port}/"),
    }
}

impl House {
    async fn trusting(&self, file: &str) -> Result<Response, Unanswered> {
        let way = Way {
            reach: Reach::Any,
            ca_file: Some(file.to_owned()),
        };
        self.fetch.send(get_of(&self.url), &way).await
    }
}

/// rule: at-56
#[tokio::test]
async fn an_authority_of_the_house_is_trusted_where_a_server_names_it() {
    let house = house().await;
    let answer = house.trusting("house.pem");
    assert_eq!(answer.await.unwrap().body(), b"at home");
    let stranger = got(&house.fetch, &house.url, Reach::Any).await;
    let said = matches!(&stranger, Err(Unanswered::Network(why)) if why.contains("certificate"));
    assert!(said, "{stranger:?}");
}

#[tokio::test]
async fn a_file_of_authorities_that_was_renewed_counts_at_once() {
    let house = house().await;
    let path = house.folder.path().join("house.pem");
    let right = std::fs::read(&path).unwrap();
    std::fs::write(&path, authority().pem()).unwrap();
    let wrong = house.trusting("house.pem");
    assert!(wrong.await.is_err());
    std::fs::write(&path, right).unwrap();
    let answer = house.trusting("house.pem");
    assert_eq!(answer.await.unwrap().body(), b"at home");
}

#[tokio::test]
async fn a_file_that_holds_no_authority_is_said_with_its_path() {
    let house = house().await;
    let path = house.folder.path().join("empty.pem");
    std::fs::write(&path, "nothing\n").unwrap();
    for (file, words) in [
        ("missing.pem", "cannot be read"),
        ("empty.pem", "holds no certificate"),
        (".", "holds no certificate"),
    ] {
        let answer = house.trusting(file).await;
        let Err(Unanswered::Refused(why)) = answer else {
            panic!("{file}: {answer:?}");
        };
        assert!(why.contains(words) && why.contains("caFile"), "{why}");
    }
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    std::fs::write(&path, broken).unwrap();
    let answer = house.trusting("empty.pem");
    let why = answer.await.unwrap_err().to_string();
    assert!(why.contains("cannot be used"), "{why}");
}
