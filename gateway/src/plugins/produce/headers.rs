//! Which HTTP headers become record headers, and under which names (kong-produce.md §5).

use std::borrow::Cow;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::config::kafka_upstream::{RecordHeaders, RepeatedHeaders};

/// Headers that "all" does not mean: secrets, and what only concerns the connection.
const BLOCKED: [&str; 10] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The record headers of a request, in the order of its headers. The usual configuration has none and costs nothing.
pub(super) fn record_headers<'a>(
    rules: &'a RecordHeaders,
    headers: &'a HeaderMap,
) -> Vec<(&'a str, Cow<'a, [u8]>)> {
    let mut found = Vec::new();
    let is_off = !rules.forward_http_headers_as_record_headers
        || (!rules.forward_all_by_default && rules.include_headers.is_empty());
    if is_off {
        return found;
    }
    for name in headers.keys().filter(|name| is_forwarded(rules, name)) {
        let mapped = mapped_name(rules, name);
        let mut values = headers.get_all(name).iter().map(HeaderValue::as_bytes);
        match rules.repeated_headers_behavior {
            RepeatedHeaders::RetainDuplicates => {
                found.extend(values.map(|value| (mapped, value.into())));
            }
            RepeatedHeaders::TakeFirst => {
                found.extend(values.next().map(|value| (mapped, value.into())));
            }
            RepeatedHeaders::ConcatenateByComma => found.push((mapped, joined(values))),
        }
    }
    found
}

fn is_forwarded(rules: &RecordHeaders, name: &HeaderName) -> bool {
    let is_in = |names: &[String]| {
        names
            .iter()
            .any(|listed| listed.eq_ignore_ascii_case(name.as_str()))
    };
    let is_included = is_in(&rules.include_headers);
    if !rules.forward_all_by_default {
        return is_included;
    }
    !is_in(&rules.exclude_headers) && (is_included || !BLOCKED.contains(&name.as_str()))
}

/// The name that the configuration gives it, else its own in lower case.
fn mapped_name<'a>(rules: &'a RecordHeaders, name: &'a HeaderName) -> &'a str {
    let mut mappings = rules.name_mappings.iter();
    let mapping = mappings.find(|(from, _)| from.eq_ignore_ascii_case(name.as_str()));
    mapping.map_or(name.as_str(), |(_, to)| to.as_str())
}

fn joined<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Cow<'a, [u8]> {
    let mut whole = Cow::Borrowed(values.next().unwrap_or_default());
    for value in values {
        let whole = whole.to_mut();
        whole.push(b',');
        whole.extend_from_slice(value);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(rules: &serde_json::Value) -> RecordHeaders {
        let mut whole = serde_json::json!({
            "forward_http_headers_as_record_headers": true, "forward_all_by_default": false, "include_headers": [],
            "exclude_headers": [], "name_mappings": {}, "repeated_headers_behavior": "retain_duplicates",
        });
        whole
            .as_object_mut()
            .unwrap()
            .extend(rules.as_object().unwrap().clone());
        serde_json::from_value(whole).unwrap()
    }

    fn check(given: &serde_json::Value, expected: &[(&str, &str)]) {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("X-Trace", "1"),
            ("Cookie", "c"),
            ("X-Trace", "2"),
            ("Te", "t"),
            ("X-Bin", "b"),
        ] {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_static(value),
            );
        }
        let rules = rules(given);
        let found: Vec<(&str, String)> = record_headers(&rules, &headers)
            .into_iter()
            .map(|(name, value)| (name, String::from_utf8(value.into_owned()).unwrap()))
            .collect();
        let expected: Vec<(&str, String)> = expected
            .iter()
            .map(|&(name, value)| (name, value.to_owned()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn nothing_unless_it_is_listed() {
        check(&serde_json::json!({}), &[]);
        check(
            &serde_json::json!({"include_headers": ["x-BIN", "cookie", "x-none"]}),
            &[("cookie", "c"), ("x-bin", "b")],
        );
        let off = serde_json::json!({"forward_http_headers_as_record_headers": false, "include_headers": ["x-bin"]});
        check(&off, &[]);
    }

    #[test]
    fn all_but_secrets_the_connections_own_and_what_is_excluded() {
        let all = serde_json::json!({"forward_all_by_default": true, "exclude_headers": ["X-Bin"]});
        check(&all, &[("x-trace", "1"), ("x-trace", "2")]);
        let asked = serde_json::json!({"forward_all_by_default": true, "include_headers": ["Cookie"], "exclude_headers": ["x-trace"]});
        check(&asked, &[("cookie", "c"), ("x-bin", "b")]);
    }

    #[test]
    fn repeats_and_names_as_configured() {
        let with = |behaviour: &str| serde_json::json!({"include_headers": ["x-trace"], "name_mappings": {"X-TRACE": "Trace-Id"}, "repeated_headers_behavior": behaviour});
        check(
            &with("retain_duplicates"),
            &[("Trace-Id", "1"), ("Trace-Id", "2")],
        );
        check(&with("take_first"), &[("Trace-Id", "1")]);
        check(&with("concatenate_by_comma"), &[("Trace-Id", "1,2")]);
    }
}
