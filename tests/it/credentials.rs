//! Sealed credentials, their keys, and the passwords that are issued.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use jitney::credentials::{SealError, Sealer, SealingKey, generate_password};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use secrecy::{ExposeSecret as _, SecretString};

use crate::targets::scratch::Scratch;

const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const BASE64: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn key(text: &str) -> SealingKey {
    SealingKey::parse(&SecretString::from(text)).unwrap()
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

#[test]
fn what_is_sealed_opens_with_the_same_key_and_context() {
    let sealer = Sealer::new(&key(HEX));
    for text in ["", "canary-Kp7wQz9RtVx4", "pässwörd 🔑", &"x".repeat(4096)] {
        let sealed = sealer.seal(&secret(text), "R1042").unwrap();
        let is_readable = !text.is_empty() && sealed.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(!is_readable, "sealed in the clear");
        assert_eq!(sealer.open(&sealed, "R1042").unwrap().expose_secret(), text);
    }
    let twice = [(); 2].map(|()| sealer.seal(&secret("same"), "R1042").unwrap());
    assert_ne!(twice[0], twice[1], "the nonce must differ each time");
    assert_eq!(sealer.seal(&secret(&"x".repeat(4097)), "R1042").unwrap_err(), SealError::TooLong);
}

#[test]
fn another_key_context_or_byte_opens_nothing() {
    let sealer = Sealer::new(&key(HEX));
    let sealed = sealer.seal(&secret("canary"), "R1042").unwrap();
    assert_eq!(sealer.open(&sealed, "R1043").unwrap_err(), SealError::WrongKey);
    let other = Sealer::new(&key(SealingKey::generate().expose_secret()));
    assert_eq!(other.open(&sealed, "R1042").unwrap_err(), SealError::WrongKey);
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(sealer.open(&changed, "R1042").is_err(), "byte {at}");
    }
    for length in 0..sealed.len() {
        assert!(sealer.open(&sealed[..length], "R1042").is_err(), "cut to {length}");
    }
}

#[test]
fn a_key_is_read_in_each_form_and_has_the_same_id() {
    let url_safe_without_padding = BASE64.trim_end_matches('=');
    for text in [HEX, &HEX.to_uppercase(), BASE64, url_safe_without_padding, &format!("  {BASE64}\n")] {
        assert_eq!(key(text).id(), key(HEX).id(), "{text}");
    }
    assert_eq!(key(HEX).id().len(), 8);
    assert_ne!(key(SealingKey::generate().expose_secret()).id(), key(HEX).id());
    for text in ["", "short", &HEX[2..], &format!("{HEX}00"), &"g".repeat(64), "é".repeat(32).as_str()] {
        let error = SealingKey::parse(&secret(text)).unwrap_err().to_string();
        assert!(text.is_empty() || !error.contains(text), "{error}");
    }
}

#[test]
fn a_key_file_that_others_can_read_is_refused() {
    let scratch = Scratch::new();
    let path = scratch.write("sealing.key", BASE64);
    let mut told = Vec::new();
    for mode in [0o600, 0o400, 0o640, 0o604, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let read = SealingKey::read(&path).map(|key| key.id()).map_err(|error| error.to_string());
        told.push(format!("{mode:03o} {read:?}"));
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    for (name, content) in [("empty", String::new()), ("large", "A".repeat(5000))] {
        let path = scratch.write(name, content);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        told.push(format!("{name} {:?}", SealingKey::read(&path).unwrap_err().to_string()));
    }
    for name in ["missing", ""] {
        told.push(format!("{name:?} {:?}", SealingKey::read(&scratch.path(name)).unwrap_err().to_string()));
    }
    let told = told.join("\n").replace(scratch.path("").to_str().unwrap(), "/etc/jitney/");
    insta::assert_snapshot!("key_files", told);
}

#[test]
fn nothing_shows_the_key() {
    let key = key(HEX);
    let sealer = Sealer::new(&key);
    assert_eq!(format!("{key:?}"), format!("SealingKey(id {})", key.id()));
    assert_eq!(format!("{sealer:?}"), format!("Sealer(key id {})", key.id()));
    assert_eq!(sealer.key_id(), key.id());
}

#[test]
fn passwords_are_long_plain_and_follow_their_seed() {
    let mut rng = StdRng::seed_from_u64(7);
    let mut seen = BTreeSet::new();
    let mut letters = BTreeSet::new();
    for _ in 0..2000 {
        let password = generate_password(&mut rng);
        let text = password.expose_secret().to_owned();
        assert_eq!(text.len(), 24);
        assert!(text.chars().all(|c| c.is_ascii_alphanumeric() && !"0Oo1Iil".contains(c)), "{text}");
        letters.extend(text.chars());
        assert!(seen.insert(text), "the same password twice");
    }
    assert_eq!(letters.len(), 55, "each letter must turn up");
    assert!(24.0 * 55_f64.log2() >= 128.0);
    let again = generate_password(&mut StdRng::seed_from_u64(7));
    assert_eq!(again.expose_secret(), generate_password(&mut StdRng::seed_from_u64(7)).expose_secret());
}
