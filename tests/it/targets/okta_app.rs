//! Okta entered as an app: a signed statement is traded for access tokens, in every form that a key comes in.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jitney::lifecycle::Outcome;
use jitney::time::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

use super::contract::{Grant, World as _, word_of};
use super::okta::{OktaWorld, secret};
use crate::servers::http_proxy::{Fate, empty, json as answer};
use crate::servers::okta_tokens::{PublicKey, TokenOffice};

/// The time of every call of [`Grant`].
const NOW: Timestamp = Timestamp::from_millis(3_600_000);
const ANN: &str = "ann@example.com";

/// A fresh P-256 key: its PEM, its JWK and its public half.
fn p256() -> (String, String, PublicKey) {
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    let der = der.as_ref();
    // RFC 5915 as ring writes it: the private number is 32 bytes at 36, the public point the last 65.
    let (d, point) = (&der[36..68], &der[der.len() - 65..]);
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({
        "kty": "EC", "crv": "P-256", "kid": "k1", "use": "sig",
        "x": part(&point[1..33]), "y": part(&point[33..]), "d": part(d),
    });
    (pem("PRIVATE KEY", der), jwk.to_string(), PublicKey::P256(point.to_vec()))
}

/// A fresh RSA key: its PEMs (PKCS#8, PKCS#1), its JWK and its public half; none without `openssl`.
fn rsa() -> Option<(String, String, String, PublicKey)> {
    let pkcs8 = openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], b"")?;
    let pkcs1 = openssl(&["rsa", "-traditional", "-outform", "DER"], &pkcs8)?;
    let public = openssl(&["rsa", "-RSAPublicKey_out", "-outform", "DER"], &pkcs8)?;
    let names = ["version", "n", "e", "d", "p", "q", "dp", "dq", "qi"];
    let mut jwk = json!({ "kty": "RSA", "alg": "RS256" });
    for (name, number) in names.iter().zip(integers(&pkcs1)).skip(1) {
        jwk[*name] = json!(URL_SAFE_NO_PAD.encode(number));
    }
    let pkcs8 = String::from_utf8(pkcs8).unwrap();
    Some((pkcs8, pem("RSA PRIVATE KEY", &pkcs1), jwk.to_string(), PublicKey::Rsa(public)))
}

fn openssl(args: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut command = Command::new("openssl");
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else {
        assert!(std::env::var_os("REQUIRE_REAL").is_none(), "openssl is missing");
        println!("skipped: openssl is missing, so no RSA key was made");
        return None;
    };
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {args:?}");
    Some(output.stdout)
}

/// The integers of a DER sequence, without leading zeros.
fn integers(der: &[u8]) -> Vec<Vec<u8>> {
    let length = |bytes: &[u8]| match bytes[0] {
        short @ 0..=0x7f => (usize::from(short), 1),
        long => {
            let size = usize::from(long & 0x7f);
            (bytes[1..=size].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), 1 + size)
        }
    };
    let (_, size) = length(&der[1..]);
    let mut rest = &der[1 + size..];
    let mut numbers = Vec::new();
    while !rest.is_empty() {
        let (bytes, size) = length(&rest[1..]);
        let number = &rest[1 + size..1 + size + bytes];
        numbers.push(number.iter().copied().skip_while(|byte| *byte == 0).collect());
        rest = &rest[1 + size + bytes..];
    }
    numbers
}

fn pem(label: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let lines: Vec<&str> = encoded.as_bytes().chunks(64).map(|l| std::str::from_utf8(l).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A world whose target is entered as the app `client`; `change` makes the org's side differ.
fn world(
    client: &str,
    key_text: &str,
    key: PublicKey,
    change: impl FnOnce(&mut TokenOffice),
) -> Option<(OktaWorld, Arc<TokenOffice>, Grant)> {
    let world = OktaWorld::new(json!({}))?;
    let key_file: PathBuf = secret(&world.scratch, "okta.key", key_text);
    let mut office = TokenOffice::new(client, format!("{}/oauth2/v1/token", world.front.url()), key, NOW);
    change(&mut office);
    let office = Arc::new(office);
    world.org.add_app(Arc::clone(&office));
    let auth: Value = json!({ "client_id": client, "key_file": key_file });
    let grant = world.grant_by(world.restarted(json!({ "auth": auth })), ANN);
    Some((world, office, grant))
}

fn error_of(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Retry { error, .. } | Outcome::Fatal { error } => error.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_form_of_key_opens_the_door_and_a_token_serves_many_calls() {
    let (ec_pem, ec_jwk, ec) = p256();
    let mut forms = vec![("0oaEcPem", ec_pem, ec.clone()), ("0oaEcJwk", ec_jwk, ec)];
    if let Some((pkcs8, pkcs1, jwk, key)) = rsa() {
        forms.extend([
            ("0oaRsaPkcs8", pkcs8, key.clone()),
            ("0oaRsaPkcs1", pkcs1, key.clone()),
            ("0oaRsaJwk", jwk, key),
        ]);
    }
    for (client, text, key) in forms {
        let Some((_world, office, grant)) = world(client, &text, key, |_| {}) else { return };
        for (op, word) in
            [("snapshot", "not found"), ("grant", "done"), ("verify", "found"), ("revoke", "done")]
        {
            grant.expect(op, word).await;
        }
        assert_eq!(office.issued(), 1, "{client}");
    }
}

#[tokio::test]
async fn a_token_is_fetched_again_before_it_ends_and_once_when_it_is_refused() {
    let (pem, _, key) = p256();
    let Some((_world, office, grant)) = world("0oaRenewed", &pem, key, |_| {}) else { return };
    grant.expect("grant", "done").await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3600 - 61)).await;
    tokio::time::resume();
    grant.expect("verify", "found").await;
    assert_eq!(office.issued(), 1);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(2)).await;
    tokio::time::resume();
    grant.expect("verify", "found").await;
    assert_eq!(office.issued(), 2);
    // Revoked in the middle: the revocation goes on with another.
    office.end_tokens();
    grant.expect("revoke", "done").await;
    assert_eq!(office.issued(), 3);
}

#[tokio::test]
async fn many_calls_at_once_fetch_one_token() {
    let (pem, _, key) = p256();
    let Some((_world, office, grant)) = world("0oaAtOnce", &pem, key, |_| {}) else { return };
    let grant = Arc::new(grant);
    let calls = (0..20).map(|_| {
        let grant = Arc::clone(&grant);
        tokio::spawn(async move { grant.expect("verify", "not found").await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    assert_eq!(office.issued(), 1);
}

#[tokio::test]
async fn a_statement_that_is_not_taken_is_told_with_what_to_look_at() {
    let (pem, _, key) = p256();
    let (_, _, other_key) = p256();
    type Change = fn(&mut TokenOffice);
    let changes: [(&str, PublicKey, Change); 4] = [
        ("0oaOtherKey", other_key, |_| {}),
        ("0oaOtherTime", key.clone(), |office| office.now = Timestamp::from_millis(90_000_000)),
        ("0oaOtherPlace", key.clone(), |office| {
            office.audience = "https://example.okta.com/oauth2/v1/token".to_owned()
        }),
        ("0oaNoScope", key, |office| office.scopes.clear()),
    ];
    let mut told = Vec::new();
    for (client, key, change) in changes {
        let Some((_world, office, grant)) = world(client, &pem, key, change) else { return };
        let outcome = grant.does("grant").await;
        assert_eq!((word_of(&outcome), office.issued()), ("fatal", 0), "{outcome:?}");
        told.push(error_of(&outcome));
    }
    for text in [
        "rubbish",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----",
        "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"\",\"y\":\"\",\"d\":\"\"}",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    ] {
        let (_, _, key) = p256();
        let Some((world, _, grant)) = world("0oaOddKey", text, key, |_| {}) else { return };
        let outcome = grant.does("grant").await;
        assert_eq!(word_of(&outcome), "fatal", "{outcome:?}");
        told.push(error_of(&outcome).replace(world.scratch.path("").to_str().unwrap(), "/etc/jitney/"));
    }
    insta::assert_snapshot!("okta_token_refusals", told.join("\n"));
}

#[tokio::test]
async fn a_token_endpoint_in_trouble_is_waited_for() {
    let (pem, _, key) = p256();
    let Some((world, _, grant)) = world("0oaTrouble", &pem, key, |_| {}) else { return };
    let script = world.front.script();
    let dpop = || {
        let body = json!({ "error": "use_dpop_nonce", "error_description": "Authorization server requires nonce in DPoP proof." });
        Fate::Answer(answer(400, &[], &body))
    };
    script.next(1, "POST", "/oauth2/v1/token", || Fate::Answer(empty(503)));
    script.next(1, "POST", "/oauth2/v1/token", || Fate::Reset);
    script.next(1, "POST", "/oauth2/v1/token", dpop);
    grant.expect("revoke", "retry").await;
    grant.expect("revoke", "retry").await;
    let outcome = grant.does("revoke").await;
    assert_eq!(word_of(&outcome), "fatal");
    assert!(error_of(&outcome).contains("jitney has no DPoP"), "{outcome:?}");
    grant.expect("revoke", "already").await;
}

#[tokio::test]
async fn a_check_names_the_scope_that_an_app_lacks() {
    let (pem, _, key) = p256();
    let lacking = |office: &mut TokenOffice| office.scopes.retain(|scope| scope != "okta.users.manage");
    for (client, lacks) in [("0oaWhole", false), ("0oaLacking", true)] {
        let change = |office: &mut TokenOffice| {
            if lacks {
                lacking(office)
            }
        };
        let Some((_world, _, grant)) = world(client, &pem, key.clone(), change) else { return };
        let findings = grant.adapter.check(NOW).await;
        let told: Vec<_> = findings.iter().map(|finding| finding.says.as_str()).collect();
        let named = told.iter().filter(|says| says.starts_with(&format!("the app {client} has")));
        let expected = if lacks {
            "the app 0oaLacking has no okta.users.manage"
        } else {
            "the app 0oaWhole has okta.groups.manage, okta.users.read, okta.users.manage; whether its admin role reaches each group shows at the first grant"
        };
        assert_eq!(named.copied().collect::<Vec<_>>(), [expected], "{told:?}");
    }
}

#[tokio::test]
async fn no_token_is_in_what_is_told_or_shown() {
    let (pem, _, key) = p256();
    let Some((world, _, grant)) = world("0oaQuiet", &pem, key, |_| {}) else { return };
    grant.expect("grant", "done").await;
    let shown = format!("{:?} {:?}", grant.adapter, world.adapter());
    assert!(!shown.contains("canary"), "{shown}");
}
