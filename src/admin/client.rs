//! The command line's end of the admin socket: one call, one reply, without a runtime.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{Call, PATIENCE, Reply};
use crate::time::Span;

/// A reply is at most this long, in bytes.
const REPLY_LIMIT: u64 = 1024 * 1024;

/// Why there is no reply.
#[derive(Debug, Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error("no running server listens on {path}; start it with `jitney serve`, or name its socket with `--config` or JITNEY_SOCKET", path = path.display())]
    NoServer {
        /// Where nobody listens.
        path: PathBuf,
    },
    /// The socket belongs to another system user.
    #[error("you may not open {path}; ask as the system user that runs `jitney serve`, for example with `sudo -u`", path = path.display())]
    Forbidden {
        /// Where.
        path: PathBuf,
    },
    /// It listens, and says nothing.
    #[error(
        "the server did not answer in time; it may have been done all the same, so look with `jitney request show` before you ask again"
    )]
    Silent,
    /// It says what this version does not understand.
    #[error("the server's answer was not understood ({0}); is it of another version?")]
    Garbled(String),
    /// The connection broke.
    #[error("the connection to the server broke ({0}); look with `jitney request show` before you ask again")]
    Broken(io::Error),
}

/// Makes one call and waits for its reply.
///
/// # Errors
/// When nobody listens, when the socket may not be opened, or when no whole reply came.
pub fn call(path: &Path, call: &Call) -> Result<Reply, ClientError> {
    let mut stream = UnixStream::connect(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            ClientError::NoServer { path: path.to_owned() }
        }
        io::ErrorKind::PermissionDenied => ClientError::Forbidden { path: path.to_owned() },
        _ => ClientError::Broken(error),
    })?;
    // Longer than the server's own patience, so that its words come first.
    let patience = (PATIENCE + Span::secs(5)).duration();
    stream.set_read_timeout(Some(patience)).map_err(ClientError::Broken)?;
    stream.set_write_timeout(Some(patience)).map_err(ClientError::Broken)?;

    let mut line = serde_json::to_vec(call).map_err(|error| ClientError::Garbled(error.to_string()))?;
    line.push(b'\n');
    // A server that turns us away has answered already and closed: its words are still to be read.
    let written = stream.write_all(&line);

    let mut reply = Vec::new();
    let read = BufReader::new(stream).take(REPLY_LIMIT).read_until(b'\n', &mut reply);
    match (read, written) {
        (Ok(1..), _) => {
            serde_json::from_slice(&reply).map_err(|error| ClientError::Garbled(error.to_string()))
        }
        (_, Err(error)) | (Err(error), _) if !is_time_out(&error) => Err(ClientError::Broken(error)),
        (Ok(_), Ok(())) => Err(ClientError::Broken(io::ErrorKind::UnexpectedEof.into())),
        (_, _) => Err(ClientError::Silent),
    }
}

fn is_time_out(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
