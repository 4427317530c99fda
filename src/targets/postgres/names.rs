//! Names on a server. DDL takes no parameters, so what goes into it is quoted here and nowhere else. Pure.

use std::fmt;

use crate::ids::{PersonId, RequestId};

/// NAMEDATALEN - 1: PostgreSQL cuts longer names off without a word (postgresql.org/docs, "Identifiers and Key
/// Words").
const NAME_BYTES: usize = 63;

/// The name of a role or a database, short enough to be kept whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(String);

impl Name {
    /// Takes a name.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.chars().any(char::is_control) {
            Err("is empty or holds a control character".to_owned())
        } else if text.len() > NAME_BYTES {
            Err(format!("is longer than the {NAME_BYTES} bytes that PostgreSQL keeps of a name"))
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// As text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// As an identifier in SQL: `"billing_ro"`.
    pub(super) fn quoted(&self) -> String {
        format!("\"{}\"", self.0.replace('"', "\"\""))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text in SQL: `'it''s'`. Sessions are opened with `standard_conforming_strings`, so a backslash is a backslash.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Names in SQL: `"a", "b"`.
pub(super) fn quoted_all(names: &[Name]) -> String {
    names.iter().map(Name::quoted).collect::<Vec<_>>().join(", ")
}

/// The login of a grant: `jit_r1042` is the prefix and the request.
pub(super) fn login_of(prefix: &str, request: RequestId) -> Result<Name, String> {
    Name::parse(&format!("{prefix}r{}", request.number()))
}

/// The request that a login's name points to, if it has this prefix.
pub(super) fn request_in(name: &str, prefix: &str) -> Option<RequestId> {
    let number: RequestId = name.strip_prefix(prefix)?.strip_prefix('r')?.parse().ok()?;
    // `jit_r01042` and `jit_rR1042` are other people's.
    login_of(prefix, number).is_ok_and(|login| login.as_str() == name).then_some(number)
}

/// Whether a name is the login of this request, whatever the prefix was when it was bound.
pub(super) fn is_login_of(name: &str, request: RequestId) -> bool {
    let end = format!("r{}", request.number());
    name.strip_suffix(&end).is_some_and(is_prefix)
}

/// Whether logins can begin so: in lower case, so that people need not quote them.
pub(super) fn is_prefix(text: &str) -> bool {
    let of_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (1..=32).contains(&text.len())
        && text.chars().all(of_word)
        && text.ends_with('_')
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.starts_with("pg_")
}

/// What a login of ours has as its comment, by which it is told from a foreign one of the same name. Everything
/// that some encoding of a database might not hold becomes a question mark.
pub(super) fn mark(request: RequestId, person: &PersonId) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@.-_+".contains(c);
    let person: String = person.as_str().chars().map(|c| if plain(c) { c } else { '?' }).collect();
    format!("{MARK}{request} for {person}")
}

/// How every mark begins.
pub(super) const MARK: &str = "jitney ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_whole() {
        for (name, quoted) in [
            ("billing_ro", "\"billing_ro\""),
            ("Mixed Case", "\"Mixed Case\""),
            ("a\"; DROP ROLE x; --", "\"a\"\"; DROP ROLE x; --\""),
            ("\"", "\"\"\"\""),
        ] {
            assert_eq!(Name::parse(name).unwrap().quoted(), quoted);
        }
        for bad in ["", "a\0b", "a\nb", &"x".repeat(64), &"é".repeat(32)] {
            assert!(Name::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(literal("it's"), "'it''s'");
    }

    #[test]
    fn a_login_names_its_request_and_no_other() {
        let request = RequestId::from_number(1042);
        let login = login_of("jit_", request).unwrap();
        assert_eq!(login.as_str(), "jit_r1042");
        assert_eq!(request_in("jit_r1042", "jit_"), Some(request));
        for other in ["jit_r01042", "jit_rR1042", "jit_r", "JIT_r1042", "xjit_r1042", "jit_r1042x", "r1042"] {
            assert_eq!(request_in(other, "jit_"), None, "{other}");
        }
        assert!(is_login_of("jit_r1042", request) && is_login_of("old_r1042", request));
        for other in ["jit_r11042", "r1042", "Jit_r1042", "jit_r104", "pg_r1042", "a\"_r1042"] {
            assert!(!is_login_of(other, request), "{other}");
        }
    }

    #[test]
    fn a_mark_is_plain_text() {
        let mark_of = |person| mark(RequestId::from_number(7), &PersonId::new(person).unwrap());
        assert_eq!(mark_of("Ann@Example.com"), "jitney R7 for ann@example.com");
        assert_eq!(mark_of("';--\u{202e}\\x"), "jitney R7 for ??--??x");
    }
}
