//! The token endpoint of an Okta org, for one app: it takes a signed statement apart as RFC 7523 says, and hands out
//! access tokens that can end.

use std::collections::BTreeSet;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jitney::time::Timestamp;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use serde_json::{Value, json};

use super::http_proxy::{Answer, json as answer};

/// A public key of an app.
#[derive(Debug, Clone)]
pub(crate) enum PublicKey {
    /// DER, PKCS#1.
    Rsa(Vec<u8>),
    /// An uncompressed point of P-256.
    P256(Vec<u8>),
}

/// What an org keeps of one app.
#[derive(Debug)]
pub(crate) struct TokenOffice {
    pub(crate) client: String,
    /// The address of the endpoint, as the app knows it.
    pub(crate) audience: String,
    pub(crate) key: PublicKey,
    /// The time that statements are judged by.
    pub(crate) now: Timestamp,
    /// How long a token lives, in seconds.
    pub(crate) life: u64,
    /// What the app was granted.
    pub(crate) scopes: Vec<String>,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    valid: BTreeSet<String>,
    issued: usize,
    statements: BTreeSet<String>,
}

impl TokenOffice {
    pub(crate) fn new(client: &str, audience: String, key: PublicKey, now: Timestamp) -> Self {
        let scopes = ["okta.groups.manage", "okta.users.read", "okta.users.manage"];
        Self {
            client: client.to_owned(),
            audience,
            key,
            now,
            life: 3600,
            scopes: scopes.map(str::to_owned).to_vec(),
            inside: Mutex::default(),
        }
    }

    /// Answers a form; none when it is another app's.
    pub(crate) fn answer(&self, form: &[u8]) -> Option<Answer> {
        let field = |name: &str| {
            let mut fields = form_urlencoded::parse(form);
            fields.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        let statement = field("client_assertion");
        let claims = part(&statement, 1)?;
        if claims["iss"] != self.client.as_str() {
            return None;
        }
        let refuse = |error: &str, why: &str| {
            Some(answer(400, &[], &json!({ "error": error, "error_description": why })))
        };
        if field("grant_type") != "client_credentials"
            || field("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        {
            return refuse("unsupported_grant_type", "not client credentials");
        }
        if let Err(why) = self.judge(&statement, &claims) {
            return refuse("invalid_client", why);
        }
        let asked: Vec<String> = field("scope").split(' ').map(str::to_owned).collect();
        let given: Vec<String> = asked.into_iter().filter(|scope| self.scopes.contains(scope)).collect();
        if given.is_empty() {
            return refuse("invalid_scope", "none of the scopes is granted to the app");
        }
        let mut inside = self.inside.lock().unwrap();
        inside.issued += 1;
        let token = format!("canary-access-{}-{}", self.client, inside.issued);
        inside.valid.insert(token.clone());
        let body = json!({
            "token_type": "Bearer", "expires_in": self.life, "access_token": token, "scope": given.join(" "),
        });
        Some(answer(200, &[], &body))
    }

    /// Whether an `Authorization` header shows a token of ours.
    pub(crate) fn takes(&self, header: &str) -> bool {
        header.strip_prefix("Bearer ").is_some_and(|token| self.inside.lock().unwrap().valid.contains(token))
    }

    /// Ends every token.
    pub(crate) fn end_tokens(&self) {
        self.inside.lock().unwrap().valid.clear();
    }

    /// How many tokens were handed out.
    pub(crate) fn issued(&self) -> usize {
        self.inside.lock().unwrap().issued
    }

    fn judge(&self, statement: &str, claims: &Value) -> Result<(), &'static str> {
        let (signed, signature) = statement.rsplit_once('.').ok_or("no statement")?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "no signature")?;
        let (algorithm, name, key): (&dyn VerificationAlgorithm, _, _) = match &self.key {
            PublicKey::Rsa(key) => (&RSA_PKCS1_2048_8192_SHA256, "RS256", key),
            PublicKey::P256(key) => (&ECDSA_P256_SHA256_FIXED, "ES256", key),
        };
        if part(statement, 0).ok_or("no header")?["alg"] != name {
            return Err("another algorithm");
        }
        UnparsedPublicKey::new(algorithm, key)
            .verify(signed.as_bytes(), &signature)
            .map_err(|_| "the signature does not fit the key")?;
        let number = |name: &str| claims[name].as_i64().unwrap_or_default();
        let now = self.now.seconds();
        if claims["sub"] != self.client.as_str() {
            return Err("iss and sub differ");
        }
        if claims["aud"] != self.audience.as_str() {
            return Err("the statement is for somebody else");
        }
        if number("exp") <= now || number("exp") > now + 3600 || number("iat") > now + 60 {
            return Err("the statement is not of this time");
        }
        let id = claims["jti"].as_str().ok_or("no jti")?;
        if !self.inside.lock().unwrap().statements.insert(id.to_owned()) {
            return Err("the statement was used before");
        }
        Ok(())
    }
}

fn part(statement: &str, index: usize) -> Option<Value> {
    let bytes = URL_SAFE_NO_PAD.decode(statement.split('.').nth(index)?).ok()?;
    serde_json::from_slice(&bytes).ok()
}
