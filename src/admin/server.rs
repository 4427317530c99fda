//! The server's end of the admin socket.

use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::desk::{SystemUser, answer};
use super::{CONNECTION_LIMIT, Call, Desk, LINE_LIMIT, PATIENCE, Reply};

/// Why there is no admin socket.
#[derive(Debug, Error)]
pub enum BindError {
    /// Somebody listens there.
    #[error("another jitney listens on {path}; stop it first, or give this one a socket of its own in [server]", path = path.display())]
    Taken {
        /// Where.
        path: PathBuf,
    },
    /// Something else has that name.
    #[error("{path} exists and is no socket; move it away, or name another in [server] socket", path = path.display())]
    NotASocket {
        /// Where.
        path: PathBuf,
    },
    /// The system refused.
    #[error("can't listen on {path}: {error}; its folder must exist and be writable, and its path be under 100 bytes", path = path.display())]
    Refused {
        /// Where.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// The admin socket, listening. Its file goes when this goes.
#[derive(Debug)]
pub struct AdminSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl AdminSocket {
    /// Listens. A file that a dead server left behind is replaced; one that somebody listens on is not.
    ///
    /// # Errors
    /// When somebody listens there, when it is no socket, or when the system refuses.
    pub fn bind(path: &Path) -> Result<Self, BindError> {
        let refused = |error| BindError::Refused { path: path.to_owned(), error };
        match std::fs::symlink_metadata(path) {
            Ok(there) if !there.file_type().is_socket() => {
                return Err(BindError::NotASocket { path: path.to_owned() });
            }
            Ok(_) if std::os::unix::net::UnixStream::connect(path).is_ok() => {
                return Err(BindError::Taken { path: path.to_owned() });
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(refused(error)),
        }
        // It gets its name only when nobody else can open it any more.
        let mut unnamed = path.as_os_str().to_owned();
        unnamed.push(format!(".{}", std::process::id()));
        let unnamed = PathBuf::from(unnamed);
        let listener = UnixListener::bind(&unnamed).map_err(refused)?;
        std::fs::set_permissions(&unnamed, std::fs::Permissions::from_mode(0o600))
            .and_then(|()| std::fs::rename(&unnamed, path))
            .map_err(|error| {
                let _ = std::fs::remove_file(&unnamed);
                refused(error)
            })?;
        Ok(Self { listener, path: path.to_owned() })
    }

    /// Answers until it is dropped.
    pub async fn serve<D: Desk>(self, desk: D) {
        let mut connections = JoinSet::new();
        loop {
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "the admin socket could not take a connection");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    continue;
                }
            };
            while connections.try_join_next().is_some() {}
            if connections.len() >= CONNECTION_LIMIT {
                turn_away(&stream);
                continue;
            }
            let desk = desk.clone();
            connections.spawn(async move {
                if let Err(error) = converse(stream, &desk).await {
                    tracing::debug!(%error, "a connection on the admin socket broke off");
                }
            });
        }
    }
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn turn_away(stream: &UnixStream) {
    let busy = Reply::Failed(format!("{CONNECTION_LIMIT} others are being served; try again in a moment"));
    // It is short: the socket's buffer takes it whole or the caller sees a closed connection.
    let _ = stream.try_write(&line_of(&busy));
}

async fn converse<D: Desk>(mut stream: UnixStream, desk: &D) -> io::Result<()> {
    let user = SystemUser::of_peer(&stream.peer_cred()?).await;
    let (reading, mut writing) = stream.split();
    let mut reading = BufReader::new(reading);
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut reading).take(LINE_LIMIT as u64);
        timeout(PATIENCE.duration(), limited.read_until(b'\n', &mut line)).await??;
        if line.is_empty() {
            return Ok(());
        }
        let whole = line.ends_with(b"\n");
        let reply = if whole { reply_to(&line, &user, desk).await } else { cut_short(line.len()) };
        timeout(PATIENCE.duration(), writing.write_all(&line_of(&reply))).await??;
        if !whole {
            return Ok(());
        }
    }
}

async fn reply_to<D: Desk>(line: &[u8], user: &SystemUser, desk: &D) -> Reply {
    let call: Call = match serde_json::from_slice(line) {
        Ok(call) => call,
        Err(error) => return Reply::Failed(format!("not understood: {error}")),
    };
    match timeout(PATIENCE.duration(), answer(desk, user, call)).await {
        Ok(reply) => reply,
        Err(_) => Reply::Failed(format!(
            "no answer within {}; it may have been done all the same, so look before you ask again",
            PATIENCE.words()
        )),
    }
}

fn cut_short(length: usize) -> Reply {
    Reply::Failed(if length >= LINE_LIMIT {
        format!("the line is over {LINE_LIMIT} bytes")
    } else {
        "the line has no end".to_owned()
    })
}

fn line_of(reply: &Reply) -> Vec<u8> {
    let mut line =
        serde_json::to_vec(reply).unwrap_or_else(|_| br#"{"failed":"no words for the answer"}"#.to_vec());
    line.push(b'\n');
    line
}
