//! An issuer outside the hub: keys that are made when they are needed, tokens with whatever one likes in them, and a place where its public keys stand.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A key of the issuer.
pub struct SigningKey {
    id: String,
    secret: Secret,
}

enum Secret {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Where the public keys stand. Gone when it is dropped.
pub struct KeysPage {
    address: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    page: Mutex<(StatusCode, String)>,
    asked: AtomicUsize,
}

impl SigningKey {
    /// For RS256 and PS256.
    ///
    /// # Panics
    /// When the machine cannot make a key; so do the others.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test without a key fails")]
    pub fn rsa(id: &str) -> Self {
        let secret = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        Self::new(id, Secret::Rsa(secret))
    }

    /// For ES256.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test without a key fails")]
    pub fn p256(id: &str) -> Self {
        let secret = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        Self::new(id, Secret::P256(secret))
    }

    /// For EdDSA.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test without a key fails")]
    pub fn ed25519(id: &str) -> Self {
        let secret = Ed25519KeyPair::generate().expect("a key");
        Self::new(id, Secret::Ed25519(secret))
    }

    fn new(id: &str, secret: Secret) -> Self {
        Self {
            id: id.to_owned(),
            secret,
        }
    }

    /// As it stands in a set of keys (RFC 7517).
    #[must_use]
    pub fn public(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &self.secret {
            Secret::Rsa(pair) => {
                // RSAPublicKey of 2048 bits: the modulus behind nine bytes of headers, and the exponent 65537 at the end.
                let der = pair.public_key().as_ref();
                json!({ "kty": "RSA", "kid": self.id, "n": text(&der[9..265]), "e": text(&der[der.len() - 3..]) })
            }
            Secret::P256(pair) => {
                let point = pair.public_key().as_ref();
                json!({ "kty": "EC", "crv": "P-256", "kid": self.id, "x": text(&point[1..33]), "y": text(&point[33..65]) })
            }
            Secret::Ed25519(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": self.id, "x": text(pair.public_key().as_ref()) })
            }
        }
    }

    /// The usual header of a token by this key.
    #[must_use]
    pub fn header(&self) -> Value {
        let algorithm = match &self.secret {
            Secret::Rsa(_) => "RS256",
            Secret::P256(_) => "ES256",
            Secret::Ed25519(_) => "EdDSA",
        };
        json!({ "alg": algorithm, "kid": self.id })
    }

    /// A token with this header, which says what it likes; the key signs in its own way all the same (an RSA key by PSS where `alg` is `PS256`).
    #[must_use]
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let signature = self.signature(signed.as_bytes(), header["alg"] == "PS256");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// With the usual header.
    #[must_use]
    pub fn token(&self, claims: &Value) -> String {
        self.sign(&self.header(), claims)
    }

    #[expect(clippy::expect_used, reason = "a test without a signature fails")]
    fn signature(&self, text: &[u8], pss: bool) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.secret {
            Secret::Rsa(pair) => {
                let way: &dyn aws_lc_rs::signature::RsaEncoding = if pss {
                    &RSA_PSS_SHA256
                } else {
                    &RSA_PKCS1_SHA256
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(way, &random, text, &mut signature)
                    .expect("a signature");
                signature
            }
            Secret::P256(pair) => {
                let signature = pair.sign(&random, text).expect("a signature");
                signature.as_ref().to_vec()
            }
            Secret::Ed25519(pair) => pair.sign(text).as_ref().to_vec(),
        }
    }
}

/// What of a token is signed.
#[must_use]
pub fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

impl KeysPage {
    /// # Panics
    /// When this machine has no port left.
    #[expect(clippy::expect_used, reason = "a test without a port fails")]
    pub async fn start(keys: &[&SigningKey]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::<Shared>::default();
        let page = Arc::clone(&shared);
        let answer = move || async move {
            page.asked.fetch_add(1, Ordering::SeqCst);
            let page = page.page.lock().unwrap_or_else(PoisonError::into_inner);
            page.clone()
        };
        let router = Router::new().route("/keys", get(answer));
        let serving = tokio::spawn(async move {
            // It ends with the task, or with the listener; both are the test's end.
            drop(axum::serve(listener, router).await);
        });
        let page = Self {
            address: format!("http://{address}"),
            shared,
            serving,
        };
        page.publish(keys);
        page
    }

    /// Its name.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.address.clone()
    }

    #[must_use]
    pub fn uri(&self) -> String {
        format!("{}/keys", self.address)
    }

    pub fn publish(&self, keys: &[&SigningKey]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.public()).collect();
        self.answer(
            StatusCode::OK.as_u16(),
            &json!({ "keys": keys }).to_string(),
        );
    }

    /// Whatever one likes.
    pub fn answer(&self, status: u16, text: &str) {
        let status = StatusCode::from_u16(status).unwrap_or_default();
        let mut page = self
            .shared
            .page
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *page = (status, text.to_owned());
    }

    /// How often somebody asked for the keys.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }
}

impl Drop for KeysPage {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
