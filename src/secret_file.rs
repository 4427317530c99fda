//! Files that hold one secret: tokens of Slack and Jira, and what targets are entered with.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use secrecy::SecretString;
use thiserror::Error;
use zeroize::Zeroizing;

/// A secret is at most this long, in bytes.
const SIZE_LIMIT: usize = 16 * 1024;

/// Why a file's secret is not taken.
#[derive(Debug, Error)]
pub enum SecretFileError {
    /// The system refused.
    #[error("can't read {path}: {error}")]
    Unreadable {
        /// Which file.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// Others on the machine may read or change it.
    #[error(
        "others on this machine may read or change {path}; run `chmod 600 {path}`, and change the secret if anybody might have seen it"
    )]
    Exposed {
        /// Which file.
        path: String,
    },
    /// Nothing, or far too much, is in it.
    #[error("{path} must hold one secret and nothing else (it is empty, no text, or over 16 KiB)")]
    NotASecret {
        /// Which file.
        path: String,
    },
}

/// Reads a file that holds one secret; space around it is dropped.
///
/// # Errors
/// When it can't be read, when others may read it, or when it holds no secret.
pub fn read_secret_file(path: &Path) -> Result<SecretString, SecretFileError> {
    let name = || path.display().to_string();
    let unreadable = |error| SecretFileError::Unreadable { path: name(), error };
    // The open file is asked, so that the answer is about what is read.
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode();
    // A group may read it: that is how systemd and Kubernetes hand secrets to a service.
    if mode & 0o027 != 0 {
        return Err(SecretFileError::Exposed { path: name() });
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(SIZE_LIMIT + 1));
    file.take(SIZE_LIMIT as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let text = std::str::from_utf8(&bytes).ok().filter(|_| bytes.len() <= SIZE_LIMIT).map(str::trim);
    match text {
        Some(text) if !text.is_empty() => Ok(SecretString::from(text)),
        Some(_) | None => Err(SecretFileError::NotASecret { path: name() }),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_secret_file_that_others_may_read_is_refused() {
        let folder = std::env::temp_dir().join(format!("jitney-secrets-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("token");
        for (text, mode, taken) in [
            ("secret\n", 0o600, true),
            ("secret", 0o640, true),
            ("secret", 0o644, false),
            ("secret", 0o660, false),
            (" \n", 0o600, false),
            (&"x".repeat(17 * 1024), 0o600, false),
        ] {
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            let read = read_secret_file(&file);
            assert_eq!(read.is_ok(), taken, "{mode:o} {read:?}");
            if let Ok(secret) = read {
                assert_eq!(secret.expose_secret(), "secret");
            }
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
