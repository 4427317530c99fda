//! A password file as lines. Pure: every byte that is not a line of ours comes out as it went in, whatever it is.

use std::fmt;

use crate::ids::{EntitlementKey, RequestId};

const PREFIX: &str = "jit-r";
const KEY_PREFIX: &str = "login/";

/// A login of a grant: `jit-r1042`. Its form is its safety: it is the only name that this adapter ever writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Login(RequestId);

impl Login {
    /// The login of a grant.
    pub(super) const fn of(request: RequestId) -> Self {
        Self(request)
    }

    /// The login that an entitlement's key names.
    pub(super) fn from_key(key: &EntitlementKey) -> Option<Self> {
        let name = key.as_str().strip_prefix(KEY_PREFIX)?;
        Self::parse(name.as_bytes())
    }

    /// The entitlement's key as text: `login/jit-r1042`.
    pub(super) fn key(self) -> String {
        format!("{KEY_PREFIX}{self}")
    }

    /// The grant.
    pub(super) const fn request(self) -> RequestId {
        self.0
    }

    fn parse(name: &[u8]) -> Option<Self> {
        let digits = std::str::from_utf8(name).ok()?.strip_prefix(PREFIX)?;
        let login = Self(digits.parse().ok()?);
        // `jit-r01042` and `jit-rR1042` are other people's.
        (login.to_string().as_bytes() == name).then_some(login)
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0.number())
    }
}

/// A password file's content: what stands between line feeds, in order. A file that ends with a line feed ends with
/// an empty piece here, so that putting the pieces together gives the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lines(Vec<Vec<u8>>);

impl Lines {
    /// Takes any bytes.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        Self(bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect())
    }

    /// The same bytes again.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.join(&b'\n')
    }

    /// How many lines name a login.
    pub(super) fn logins(&self) -> usize {
        self.0.iter().filter(|line| name_of(line).is_some()).count()
    }

    /// The hashes that stand with a login, in order.
    pub(super) fn hashes(&self, login: Login) -> Vec<&[u8]> {
        self.0.iter().filter_map(|line| hash_of(line, login)).collect()
    }

    /// Every login of a grant, in order.
    pub(super) fn held(&self) -> Vec<Login> {
        self.0.iter().filter_map(|line| name_of(line)).filter_map(Login::parse).collect()
    }

    /// Makes this the only hash of a login: where its first line stood, or at the end.
    pub(super) fn set(&mut self, login: Login, hash: &str) {
        let first = self.0.iter().position(|line| hash_of(line, login).is_some());
        self.remove(login);
        // The line feed at the end of the file stays at the end.
        let end = self.0.len() - usize::from(self.0.last().is_some_and(Vec::is_empty));
        let at = first.unwrap_or(end).min(end);
        let before = at.checked_sub(1).and_then(|before| self.0.get(before));
        let carriage_return = match before {
            Some(line) => line.ends_with(b"\r"),
            None => self.0.get(at).is_some_and(|line| line.ends_with(b"\r")),
        };
        let line = format!("{login}:{hash}{}", if carriage_return { "\r" } else { "" });
        self.0.insert(at, line.into_bytes());
    }

    /// Takes out every line of a login; says how many there were.
    pub(super) fn remove(&mut self, login: Login) -> usize {
        let before = self.0.len();
        self.0.retain(|line| hash_of(line, login).is_none());
        let removed = before - self.0.len();
        if self.0.is_empty() {
            self.0.push(Vec::new());
        }
        removed
    }
}

/// The name before the first colon. Apache strips blanks before a name, so a line that begins with blanks lets the
/// login in as well (ap_cfg_getline in httpd's server/util.c).
fn name_of(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii_start();
    if line.starts_with(b"#") {
        return None;
    }
    line.iter().position(|byte| *byte == b':').and_then(|colon| line.get(..colon))
}

fn hash_of(line: &[u8], login: Login) -> Option<&[u8]> {
    let name = name_of(line)?;
    if name != login.to_string().as_bytes() {
        return None;
    }
    let rest = line.trim_ascii_start().get(name.len() + 1..)?.trim_ascii_end();
    rest.split(|byte| *byte == b':').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Login = Login::of(RequestId::from_number(1042));

    #[test]
    fn a_login_that_comes_and_goes_leaves_every_byte() {
        for file in [
            "",
            "\n",
            "ann:$apr1$x\n",
            "ann:$apr1$x",
            "# people\n\nann:$apr1$x\nbob:{SHA}y:extra\n\n",
            "ann:x\r\nbob:y\r\n",
            "ann:x\r\nbob:y",
            "jit-r10420:z\njit-r01042:z\njit-r104:z\n#jit-r1042:z\nJIT-R1042:z\nxjit-r1042:z\n",
            "no colon\n\0\u{1}:\n   \n",
        ] {
            let mut lines = Lines::parse(file.as_bytes());
            lines.set(OURS, "h");
            assert_eq!(lines.hashes(OURS), [b"h"], "{file:?}");
            assert_eq!(lines.remove(OURS), 1, "{file:?}");
            assert_eq!(lines.bytes(), file.as_bytes(), "{file:?}");
        }
        let latin1 = b"j\xfcrgen:x\n\xff\xfe";
        let mut lines = Lines::parse(latin1);
        lines.set(OURS, "h");
        lines.remove(OURS);
        assert_eq!(lines.bytes(), latin1);
    }

    #[test]
    fn the_line_follows_the_file() {
        for (file, with) in [
            ("", "jit-r1042:h\n"),
            ("ann:x\n", "ann:x\njit-r1042:h\n"),
            ("ann:x", "ann:x\njit-r1042:h"),
            ("ann:x\r\n", "ann:x\r\njit-r1042:h\r\n"),
            ("jit-r1042:old\nann:x\n", "jit-r1042:h\nann:x\n"),
            ("ann:x\n  jit-r1042:a\nbob:y\njit-r1042:b\r\n", "ann:x\njit-r1042:h\nbob:y\n"),
        ] {
            let mut lines = Lines::parse(file.as_bytes());
            lines.set(OURS, "h");
            assert_eq!(String::from_utf8_lossy(&lines.bytes()), with, "{file:?}");
        }
    }

    #[test]
    fn only_grants_are_held() {
        let lines = Lines::parse(b"ann:x\njit-r7:a\njit-r07:b\n # jit-r8:c\n jit-r9:d\njit-r:e\njit-rR5:f\n");
        let held: Vec<_> = lines.held().iter().map(ToString::to_string).collect();
        assert_eq!(held, ["jit-r7", "jit-r9"]);
        assert_eq!(lines.logins(), 6);
    }
}
