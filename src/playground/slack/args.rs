//! The arguments of a Web API call, however they were encoded: a form whose values may be JSON, a JSON object, an
//! empty JSON body, or a query.

use hyper::Method;
use serde_json::{Map, Value};

/// What was sent.
#[derive(Debug, Default)]
pub(super) struct Args {
    map: Map<String, Value>,
    token: Option<String>,
}

/// Why a call can't be read, with Slack's name for it.
pub(super) type Unreadable = &'static str;

impl Args {
    /// Reads a call. A JSON body carries its token in the header; a form and a query may carry it themselves.
    pub(super) fn read(
        method: &Method,
        query: Option<&str>,
        kind: Option<&str>,
        authorization: Option<&str>,
        body: &[u8],
    ) -> Result<Self, Unreadable> {
        let mut args = Self::default();
        args.take_form(query.unwrap_or_default().as_bytes());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if method == Method::POST {
            match kind {
                "application/json" => args.take_json(body)?,
                "application/x-www-form-urlencoded" | "" => args.take_form(body),
                _ => return Err("invalid_post_type"),
            }
        }
        let own = args.map.remove("token").and_then(|token| token.as_str().map(str::to_owned));
        let header =
            authorization.and_then(|value| value.strip_prefix("Bearer ")).map(|t| t.trim().to_owned());
        args.token = header.or(if kind == "application/json" { None } else { own });
        Ok(args)
    }

    fn take_form(&mut self, encoded: &[u8]) {
        for (name, value) in form_urlencoded::parse(encoded) {
            self.map.insert(name.into_owned(), Value::String(value.into_owned()));
        }
    }

    fn take_json(&mut self, body: &[u8]) -> Result<(), Unreadable> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => {
                self.map.extend(map);
                Ok(())
            }
            Ok(_) | Err(_) => Err("json_not_object"),
        }
    }

    pub(super) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// A text; an empty one counts as left out.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.map.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A structure: as it is, or as JSON in a text.
    pub(super) fn structure(&self, name: &str) -> Result<Option<Value>, Unreadable> {
        match self.map.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map(Some).map_err(|_| "invalid_json"),
            Some(value) => Ok(Some(value.clone())),
        }
    }

    /// A truth: `true`, `1` or their texts.
    pub(super) fn flag(&self, name: &str) -> bool {
        match self.map.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            Some(Value::String(text)) => matches!(text.as_str(), "true" | "1"),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => false,
        }
    }

    /// A list: as it is, or as a text with commas.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        match self.map.get(name) {
            Some(Value::Array(list)) => list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
            Some(Value::String(text)) => {
                text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
            }
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => Vec::new(),
        }
    }

    /// A count: a number or its text.
    pub(super) fn count(&self, name: &str) -> Option<usize> {
        let value = self.map.get(name)?;
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
        usize::try_from(number).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
    const JSON: Option<&str> = Some("application/json; charset=utf-8");

    #[test]
    fn every_encoding_of_the_sdks_is_read() {
        let blocks = serde_json::json!([{ "type": "divider" }]);
        let form = b"channel=C1&blocks=%5B%7B%22type%22%3A+%22divider%22%7D%5D&token=xoxb-1";
        let json = br#"{"channel":"C1","blocks":[{"type":"divider"}]}"#;
        for (name, args) in [
            ("form", Args::read(&Method::POST, None, FORM, None, form)),
            ("json", Args::read(&Method::POST, None, JSON, Some("Bearer xoxb-1"), json)),
            (
                "query",
                Args::read(&Method::GET, std::str::from_utf8(form).ok(), None, Some("Bearer xoxb-1"), b""),
            ),
        ] {
            let args = args.expect(name);
            assert_eq!(args.text("channel"), Some("C1"), "{name}");
            assert_eq!(args.structure("blocks"), Ok(Some(blocks.clone())), "{name}");
            assert_eq!(args.token(), Some("xoxb-1"), "{name}");
        }
    }

    #[test]
    fn an_empty_json_body_is_no_arguments_and_junk_is_refused() {
        let empty = Args::read(&Method::POST, None, JSON, Some("Bearer x"), b"").expect("it is read");
        assert_eq!(empty.token(), Some("x"));
        assert_eq!(Args::read(&Method::POST, None, JSON, None, b"[1]").err(), Some("json_not_object"));
        assert_eq!(
            Args::read(&Method::POST, None, Some("text/xml"), None, b"").err(),
            Some("invalid_post_type")
        );
        let in_body = Args::read(&Method::POST, None, JSON, None, br#"{"token":"x"}"#).expect("it is read");
        assert_eq!(in_body.token(), None, "a JSON body carries no token");
    }
}
