//! The signed statement by which an app shows Okta that it is that app (`private_key_jwt`): RFC 7515, 7519, 7523.
//! <https://developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp/main/>.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rand::RngExt as _;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::time::{Span, Timestamp};

/// Okta takes an hour at most; a statement is used at once.
const VALID_FOR: Span = Span::mins(5);

/// Why a text is no key that we can sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum KeyError {
    #[error("it is neither a PEM (`-----BEGIN PRIVATE KEY-----`) nor a JSON Web Key with its private part")]
    Form,
    #[error("it is an encrypted key; write it without a passphrase (`openssl pkcs8 -topk8 -nocrypt`)")]
    Encrypted,
    #[error("it is no RSA key of 2048 to 4096 bits and no P-256 key, or its parts do not fit each other")]
    Kind,
    #[error("it could not sign")]
    Sign,
}

/// A private key of an app.
#[derive(Debug)]
pub(super) struct Key {
    pair: Pair,
    /// How the key names itself, where it does.
    id: Option<String>,
}

#[derive(Debug)]
enum Pair {
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
}

impl Key {
    /// Reads a PEM (PKCS#8, or RSA's PKCS#1) or a JSON Web Key.
    pub(super) fn parse(text: &SecretString) -> Result<Self, KeyError> {
        let text = text.expose_secret().trim();
        if text.starts_with('{') { Self::from_jwk(text) } else { Self::from_pem(text) }
    }

    /// A statement that its bearer is the app `client`, for the token endpoint `audience`, once.
    pub(super) fn assertion(
        &self,
        client: &str,
        key_id: Option<&str>,
        audience: &str,
        now: Timestamp,
    ) -> Result<SecretString, KeyError> {
        let nonce: [u8; 16] = rand::rng().random();
        let mut header = json!({ "typ": "JWT", "alg": self.algorithm() });
        if let (Some(id), Some(header)) = (key_id.or(self.id.as_deref()), header.as_object_mut()) {
            header.insert("kid".to_owned(), json!(id));
        }
        let claims = json!({
            "iss": client,
            "sub": client,
            "aud": audience,
            "iat": now.seconds(),
            "exp": (now + VALID_FOR).seconds(),
            "jti": URL_SAFE_NO_PAD.encode(nonce),
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = URL_SAFE_NO_PAD.encode(self.sign(signed.as_bytes())?);
        Ok(SecretString::from(format!("{signed}.{signature}")))
    }

    const fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::P256(_) => "ES256",
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(|_| KeyError::Sign)?;
                Ok(signature)
            }
            Pair::P256(pair) => {
                let signature = pair.sign(&random, message).map_err(|_| KeyError::Sign)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }

    fn from_pem(text: &str) -> Result<Self, KeyError> {
        let after = text.split_once("-----BEGIN ").ok_or(KeyError::Form)?.1;
        let (label, after) = after.split_once("-----").ok_or(KeyError::Form)?;
        let body = after.split_once("-----END ").ok_or(KeyError::Form)?.0;
        let encoded: Zeroizing<String> =
            Zeroizing::new(body.chars().filter(|c| !c.is_ascii_whitespace()).collect());
        let pair = match label {
            "PRIVATE KEY" => pkcs8(&decode(&encoded)?)?,
            "RSA PRIVATE KEY" => {
                let pair = RsaKeyPair::from_der(&decode(&encoded)?).map_err(|_| KeyError::Kind)?;
                Pair::Rsa(Box::new(pair))
            }
            "ENCRYPTED PRIVATE KEY" => return Err(KeyError::Encrypted),
            _ => return Err(KeyError::Form),
        };
        Ok(Self { pair, id: None })
    }

    fn from_jwk(text: &str) -> Result<Self, KeyError> {
        let jwk: Jwk<'_> = serde_json::from_str(text).map_err(|_| KeyError::Form)?;
        let (pair, id) = match jwk {
            Jwk::Rsa(rsa) => (rsa.pair()?, rsa.kid),
            Jwk::Ec(ec) => (ec.pair()?, ec.kid),
        };
        Ok(Self { pair, id })
    }
}

fn decode(encoded: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    STANDARD.decode(encoded).map(Zeroizing::new).map_err(|_| KeyError::Form)
}

fn pkcs8(der: &[u8]) -> Result<Pair, KeyError> {
    if let Ok(pair) = RsaKeyPair::from_pkcs8(der) {
        return Ok(Pair::Rsa(Box::new(pair)));
    }
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &SystemRandom::new());
    pair.map(|pair| Pair::P256(Box::new(pair))).map_err(|_| KeyError::Kind)
}

/// RFC 7517 and 7518. Keys that Okta adds besides (`status`, `created`) are let be.
#[derive(Deserialize)]
#[serde(tag = "kty")]
enum Jwk<'a> {
    #[serde(rename = "RSA", borrow)]
    Rsa(RsaJwk<'a>),
    #[serde(rename = "EC", borrow)]
    Ec(EcJwk<'a>),
}

#[derive(Deserialize)]
struct RsaJwk<'a> {
    kid: Option<String>,
    n: &'a str,
    e: &'a str,
    d: &'a str,
    p: &'a str,
    q: &'a str,
    dp: &'a str,
    dq: &'a str,
    qi: &'a str,
}

#[derive(Deserialize)]
struct EcJwk<'a> {
    kid: Option<String>,
    crv: &'a str,
    x: &'a str,
    y: &'a str,
    d: &'a str,
}

impl RsaJwk<'_> {
    fn pair(&self) -> Result<Pair, KeyError> {
        let components = KeyPairComponents {
            public_key: PublicKeyComponents { n: url_decode(self.n)?, e: url_decode(self.e)? },
            d: url_decode(self.d)?,
            p: url_decode(self.p)?,
            q: url_decode(self.q)?,
            dP: url_decode(self.dp)?,
            dQ: url_decode(self.dq)?,
            qInv: url_decode(self.qi)?,
        };
        let pair = RsaKeyPair::from_components(&components).map_err(|_| KeyError::Kind)?;
        Ok(Pair::Rsa(Box::new(pair)))
    }
}

impl EcJwk<'_> {
    fn pair(&self) -> Result<Pair, KeyError> {
        /// An uncompressed point begins with it (SEC 1, 2.3.3).
        const UNCOMPRESSED: u8 = 4;
        if self.crv != "P-256" {
            return Err(KeyError::Kind);
        }
        let (x, y, d) = (url_decode(self.x)?, url_decode(self.y)?, url_decode(self.d)?);
        let point: Vec<u8> =
            std::iter::once(UNCOMPRESSED).chain(x.iter().copied()).chain(y.iter().copied()).collect();
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &d,
            &point,
            &SystemRandom::new(),
        );
        pair.map(|pair| Pair::P256(Box::new(pair))).map_err(|_| KeyError::Kind)
    }
}

fn url_decode(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map(Zeroizing::new).map_err(|_| KeyError::Form)
}
