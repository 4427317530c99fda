//! Issued credentials: how they are made, and how they are kept. At rest they are sealed with a key that is not in
//! the database, bound to the grant they belong to; a wrong key is noticed before it is used.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand::Rng as _;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use zeroize::{Zeroize as _, Zeroizing};

const KEY_LEN: usize = 32;
const NONCE_LEN: usize = 24;
/// The first byte of everything sealed; another layout gets another one.
const VERSION: u8 = 1;
/// Hashed before the key, so that its id tells nothing about hashes of it made elsewhere.
const KEY_ID_DOMAIN: &[u8] = b"jitney sealing key id v1\0";
const KEY_FILE_LIMIT: u64 = 4096;
const PLAINTEXT_LIMIT: usize = 4096;

/// Letters and digits that nobody confuses: no `0 O o`, no `1 I i l`.
const ALPHABET: &[u8; 55] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz";
/// 24 of 55 are 138 bits.
const PASSWORD_LEN: usize = 24;

/// Why a text or a file is not a sealing key. The messages never show what was read.
#[derive(Debug, Error)]
pub enum KeyError {
    /// Neither form, or not 32 bytes.
    #[error("the sealing key must be 32 bytes as base64 or as 64 hex digits; `jitney init` makes one")]
    Form,
    /// Others on the machine can read it.
    #[error("the sealing key {path} can be read by others (mode {mode:03o}); run `chmod 600 {path}`")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not a regular file, or too large to be a key.
    #[error("the sealing key {0} is not a small regular file")]
    NotAFile(PathBuf),
    /// The system refused.
    #[error("the sealing key {path} can't be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The key that seals credentials. It is kept outside the database.
pub struct SealingKey(Zeroizing<[u8; KEY_LEN]>);

impl SealingKey {
    /// A new key as text (base64), for the file or the variable that [`SealingKey::parse`] reads.
    #[must_use]
    pub fn generate() -> SecretString {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        rand::rng().fill_bytes(key.as_mut_slice());
        SecretString::from(base64::engine::general_purpose::STANDARD.encode(key.as_slice()))
    }

    /// Reads a key from text: base64 of either alphabet, or hex.
    ///
    /// # Errors
    /// When it is not 32 bytes.
    pub fn parse(text: &SecretString) -> Result<Self, KeyError> {
        let text = text.expose_secret().trim();
        let bytes = if text.len() == KEY_LEN * 2 { unhex(text) } else { unbase64(text) };
        let bytes = bytes.ok_or(KeyError::Form)?;
        let mut key = Zeroizing::new([0; KEY_LEN]);
        if bytes.len() != KEY_LEN {
            return Err(KeyError::Form);
        }
        key.copy_from_slice(&bytes);
        Ok(Self(key))
    }

    /// Reads a key from a file that only its owner can read.
    ///
    /// # Errors
    /// When it can't be read, can be read by others, or holds no key.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let unreadable = |source| KeyError::Unreadable { path: path.to_owned(), source };
        // Looked at before it is opened: opening a pipe would wait for its writer.
        if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(KeyError::NotAFile(path.to_owned()));
        }
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() || metadata.len() > KEY_FILE_LIMIT {
            return Err(KeyError::NotAFile(path.to_owned()));
        }
        refuse_exposed(path, &metadata)?;
        let mut text = Zeroizing::new(String::with_capacity(KEY_FILE_LIMIT as usize));
        file.take(KEY_FILE_LIMIT).read_to_string(&mut text).map_err(unreadable)?;
        Self::parse(&SecretString::from(text.as_str()))
    }

    /// The first 8 hex digits of a hash of the key: kept in the database, so that a wrong key is refused at start.
    #[must_use]
    pub fn id(&self) -> String {
        let digest = Sha256::new().chain_update(KEY_ID_DOMAIN).chain_update(self.0.as_slice()).finalize();
        digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey(id {})", self.id())
    }
}

/// Why something was not sealed or not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SealError {
    /// Longer than any credential.
    #[error("a credential of more than {PLAINTEXT_LIMIT} bytes is not sealed")]
    TooLong,
    /// Not made by [`Sealer::seal`], or by a newer version.
    #[error(
        "this is not a sealed credential that this version knows; it was damaged or written by a newer jitney"
    )]
    Form,
    /// The key differs, or the bytes or their context were changed.
    #[error(
        "the sealing key is not the one that sealed this; put the earlier key back (or what was sealed was changed)"
    )]
    WrongKey,
}

/// Seals and opens credentials with XChaCha20-Poly1305: a version byte, a random nonce, the ciphertext with its tag.
pub struct Sealer {
    cipher: XChaCha20Poly1305,
    key_id: String,
}

impl Sealer {
    /// Seals with this key.
    #[must_use]
    pub fn new(key: &SealingKey) -> Self {
        Self { cipher: XChaCha20Poly1305::new((&*key.0).into()), key_id: key.id() }
    }

    /// See [`SealingKey::id`].
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Seals for one context, such as the grant's id: with another context it does not open.
    ///
    /// # Errors
    /// When it is longer than 4096 bytes.
    pub fn seal(&self, plaintext: &SecretString, context: &str) -> Result<Vec<u8>, SealError> {
        let msg = plaintext.expose_secret().as_bytes();
        if msg.len() > PLAINTEXT_LIMIT {
            return Err(SealError::TooLong);
        }
        let mut nonce = [0; NONCE_LEN];
        rand::rng().fill_bytes(&mut nonce);
        let aad = bound(context);
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), Payload { msg, aad: &aad })
            .map_err(|_| SealError::TooLong)?;
        Ok([&[VERSION], nonce.as_slice(), sealed.as_slice()].concat())
    }

    /// Opens what was sealed for the same context with the same key.
    ///
    /// # Errors
    /// When it is damaged, was sealed for another context, or with another key.
    pub fn open(&self, sealed: &[u8], context: &str) -> Result<SecretString, SealError> {
        let (version, rest) = sealed.split_first().ok_or(SealError::Form)?;
        let (nonce, msg) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Form)?;
        if *version != VERSION {
            return Err(SealError::Form);
        }
        let aad = bound(context);
        let plain = self
            .cipher
            .decrypt(&XNonce::from(*nonce), Payload { msg, aad: &aad })
            .map_err(|_| SealError::WrongKey)?;
        match String::from_utf8(plain) {
            Ok(text) => Ok(SecretString::from(text)),
            Err(not_text) => {
                not_text.into_bytes().zeroize();
                Err(SealError::Form)
            }
        }
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer(key id {})", self.key_id)
    }
}

/// A password of 24 letters and digits that are read aloud without mistakes; 138 bits.
#[must_use]
pub fn generate_password(rng: &mut dyn rand::CryptoRng) -> SecretString {
    // The largest multiple of the alphabet's length that fits a byte: what is above would favour the first letters.
    const FAIR: usize = 256 - 256 % ALPHABET.len();
    let mut text = Zeroizing::new(String::with_capacity(PASSWORD_LEN));
    let mut bytes = Zeroizing::new([0_u8; PASSWORD_LEN]);
    while text.len() < PASSWORD_LEN {
        rng.fill_bytes(bytes.as_mut_slice());
        let fair = bytes.iter().map(|byte| usize::from(*byte)).filter(|n| *n < FAIR);
        let letters = fair.filter_map(|n| ALPHABET.get(n % ALPHABET.len()));
        let missing = PASSWORD_LEN - text.len();
        text.extend(letters.take(missing).map(|letter| char::from(*letter)));
    }
    SecretString::from(text.as_str())
}

/// What a sealed credential is bound to: its layout and its context.
fn bound(context: &str) -> Vec<u8> {
    [&[VERSION], context.as_bytes()].concat()
}

fn unhex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digits = text.bytes().map(|b| char::from(b).to_digit(16)).collect::<Option<Vec<_>>>()?;
    let digits = Zeroizing::new(digits);
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_LEN));
    for pair in digits.chunks_exact(2) {
        let [high, low] = pair else { return None };
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    Some(bytes)
}

fn unbase64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    [STANDARD, URL_SAFE]
        .iter()
        .find_map(|alphabet| GeneralPurpose::new(alphabet, lenient).decode(text).ok())
        .map(Zeroizing::new)
}

#[cfg(unix)]
fn refuse_exposed(path: &Path, metadata: &std::fs::Metadata) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeyError::Exposed { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn refuse_exposed(_: &Path, _: &std::fs::Metadata) -> Result<(), KeyError> {
    Ok(())
}
