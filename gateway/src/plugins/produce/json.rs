//! Writing JSON text piece by piece into one buffer. A tree of values would cost more than the rest of a request.

use std::fmt::Write as _;

/// Appends `text` as a JSON string, quotes included.
pub(super) fn push_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(needs_escape) {
        let (plain, special) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(plain);
        let mut letters = special.chars();
        match letters.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            // Writing to a string cannot fail.
            Some(control) => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            None => {}
        }
        rest = letters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn needs_escape(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// Begins the next member of an object: the comma if there was one before, the name, the colon.
pub(super) fn push_name(out: &mut String, name: &str) {
    push_comma(out);
    push_string(out, name);
    out.push(':');
}

/// The comma between two elements or members; none after the opening bracket.
pub(super) fn push_comma(out: &mut String) {
    if !out.ends_with(['{', '[', ':']) {
        out.push(',');
    }
}

/// The deepest JSON that is taken (G-38).
const MAX_DEPTH: usize = 64;

/// Appends `text`, a JSON object or array, without the blanks between its tokens; anything else, and what is nested
/// too deeply, is refused and appends an unusable rest. Numbers, escapes, the order of members and repeated names
/// stay as they are: this is the client's JSON, not our idea of it.
pub(super) fn push_compact(out: &mut String, text: &str) -> Result<(), NotJson> {
    if !text.trim_ascii_start().starts_with(['{', '[']) {
        return Err(NotJson);
    }
    serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|_| NotJson)?;
    let mut rest = text;
    let mut depth = 0_usize;
    // The text is valid, so a quote begins a string, and brackets outside of strings are balanced.
    while let Some(at) = rest.bytes().position(|byte| {
        matches!(
            byte,
            b'"' | b'{' | b'[' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r'
        )
    }) {
        let (plain, special) = rest.split_at_checked(at).ok_or(NotJson)?;
        out.push_str(plain);
        let end = match special.as_bytes().first() {
            Some(b'"') => string_end(special)?,
            Some(b'{' | b'[') => {
                depth += 1;
                1
            }
            Some(b'}' | b']') => {
                depth = depth.saturating_sub(1);
                1
            }
            _ => {
                rest = special.trim_ascii_start();
                continue;
            }
        };
        if depth > MAX_DEPTH {
            return Err(NotJson);
        }
        let (token, after) = special.split_at_checked(end).ok_or(NotJson)?;
        out.push_str(token);
        rest = after;
    }
    out.push_str(rest);
    Ok(())
}

/// Not a JSON object or array, or nested too deeply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotJson;

/// The length of the string at the beginning of `text`, quotes included. Half a surrogate pair is no character, and
/// strict readers would refuse the whole record for it.
fn string_end(text: &str) -> Result<usize, NotJson> {
    let bytes = text.as_bytes();
    let mut at = 1;
    loop {
        at += bytes
            .get(at..)
            .and_then(|rest| rest.iter().position(|&byte| byte == b'"' || byte == b'\\'))
            .ok_or(NotJson)?;
        if bytes.get(at) == Some(&b'"') {
            return Ok(at + 1);
        }
        at += match escaped_unit(text, at) {
            Some(0xd800..=0xdbff)
                if matches!(escaped_unit(text, at + 6), Some(0xdc00..=0xdfff)) =>
            {
                12
            }
            Some(0xd800..=0xdfff) => return Err(NotJson),
            Some(_) => 6,
            None => 2,
        };
    }
}

/// The UTF-16 unit of a `\u` escape at `at`.
fn escaped_unit(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn compact(text: &str) -> Option<String> {
        let mut out = String::new();
        push_compact(&mut out, text).ok().map(|()| out)
    }

    #[test]
    fn blanks_go_and_everything_else_stays() {
        let text = " { \"a b\" : [ 1.50 , -0, 1e3 ,\ttrue ],\r\n\"\\\" : { [\" : \"\\u00e4 \\\\\" , \"a\" : null, \"a\":{} } \n";
        let expected =
            "{\"a b\":[1.50,-0,1e3,true],\"\\\" : { [\":\"\\u00e4 \\\\\",\"a\":null,\"a\":{}}";
        assert_eq!(compact(text).as_deref(), Some(expected));
    }

    #[test]
    fn only_objects_and_arrays_are_taken() {
        for bad in [
            "",
            " ",
            "1",
            "\"a\"",
            "null",
            "{",
            "{}x",
            "{a:1}",
            "[1,]",
            "\u{feff}{}",
            "[\"\\ud800\"]",
            "[\"\\udc00\\ud800\"]",
        ] {
            assert_eq!(compact(bad), None, "{bad:?}");
        }
        assert!(compact("[\"\\ud83d\\ude00\"]").is_some());
    }

    #[test]
    fn g38_nesting_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(compact(&nested(MAX_DEPTH)).is_some());
        assert_eq!(compact(&nested(MAX_DEPTH + 1)), None);
        assert_eq!(compact(&nested(100_000)), None, "and no stack overflows");
    }

    proptest! {
        #[test]
        fn strings_read_back(text in any::<String>()) {
            let mut out = String::new();
            push_string(&mut out, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }

        #[test]
        fn compact_json_means_the_same(text in "[\\[\\]{}\",:\\\\u0-9a-f \n.e-]{0,40}") {
            let parsed = serde_json::from_str::<serde_json::Value>(&text);
            match compact(&text) {
                Some(found) => prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&found).unwrap(), parsed.unwrap()),
                None => prop_assert!(parsed.is_err() || !matches!(parsed, Ok(ref value) if value.is_object() || value.is_array())),
            }
        }
    }
}
