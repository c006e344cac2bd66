//! Tests: keys in their forms, and signatures that others can verify. The keys are made for each run.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};
use base64::engine::general_purpose::STANDARD;

use super::*;

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

fn elliptic() -> (String, Vec<u8>) {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let public = key.public_key().as_ref().to_vec();
    (
        pem("PRIVATE KEY", key.to_pkcs8v1().unwrap().as_ref()),
        public,
    )
}

fn key(place: Place) -> PrivateKey {
    PrivateKey {
        place,
        id: Some("k1".to_owned()),
        clock: Clock::manual(SystemTime::UNIX_EPOCH),
    }
}

fn signed(key: &PrivateKey) -> (Value, String, Vec<u8>) {
    let claims = Map::from_iter([("sub".to_owned(), json!("c1"))]);
    let jwt = key.sign(Map::new(), &claims).unwrap();
    let (input, signature) = jwt.rsplit_once('.').unwrap();
    let header = URL_SAFE_NO_PAD
        .decode(input.split('.').next().unwrap())
        .unwrap();
    let header = serde_json::from_slice(&header).unwrap();
    (
        header,
        input.to_owned(),
        URL_SAFE_NO_PAD.decode(signature).unwrap(),
    )
}

// rule: rfc7515-3.1
#[test]
fn an_elliptic_key_signs_es256_from_settings_and_from_a_file() {
    let (pem, public) = elliptic();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    std::fs::write(&path, &pem).unwrap();
    let one_line = pem.replace('\n', "\\n");
    for place in [
        Place::Settings(pem.into()),
        Place::Settings(one_line.into()),
        Place::File(path),
    ] {
        let (header, input, signature) = signed(&key(place));
        assert_eq!(header, json!({"alg": "ES256", "kid": "k1"}));
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &public);
        public.verify(input.as_bytes(), &signature).unwrap();
    }
}

#[test]
fn an_rsa_key_signs_rs256() {
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = rsa.public_key().as_ref().to_vec();
    let pkcs8 = rsa.as_der().unwrap();
    let (header, input, signature) = signed(&key(Place::Settings(
        pem("PRIVATE KEY", pkcs8.as_ref()).into(),
    )));
    assert_eq!(header["alg"], "RS256");
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &public);
    public.verify(input.as_bytes(), &signature).unwrap();
}

#[test]
fn a_key_of_no_use_is_named_by_its_setting_and_never_shown() {
    let sign = |place| {
        key(place)
            .sign(Map::new(), &Map::new())
            .unwrap_err()
            .to_string()
    };
    let missing = sign(Place::File("/nowhere/key.pem".into()));
    assert!(
        missing.contains("oauth.privateKeyFile \"/nowhere/key.pem\""),
        "{missing}"
    );
    let text = sign(Place::Settings("hunter2".into()));
    assert!(
        text.contains("oauth.privateKey:") && !text.contains("hunter2"),
        "{text}"
    );
    let other = pem("PRIVATE KEY", b"not a key");
    assert!(sign(Place::Settings(other.into())).contains("P-256"));
}
