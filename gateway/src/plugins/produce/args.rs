//! Arguments of a query or a form: `a=1&b&a=2` as `{"a":["1","2"],"b":true}`.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::json::{push_comma, push_name, push_string};

/// Most arguments that are read; the rest is dropped, as the vendor does.
const MAX_ARGS: usize = 100;

/// A decoded name and its decoded value; `None` for a name without `=`.
pub(super) type Arg<'a> = (Cow<'a, str>, Option<Cow<'a, str>>);

/// The arguments of `text`, in order. What is not UTF-8 after decoding becomes U+FFFD; an escape that is none stays.
pub(super) fn parse(text: &str) -> Vec<Arg<'_>> {
    raw(text)
        .take(MAX_ARGS)
        .map(|(name, value)| (decode(name), value.map(decode)))
        .collect()
}

/// Names and values as they are written; those without a name are left out.
pub(super) fn raw(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    text.split('&')
        .map(|argument| {
            argument
                .split_once('=')
                .map_or((argument, None), |(name, value)| (name, Some(value)))
        })
        .filter(|(name, _)| !name.is_empty())
}

/// `+` is a blank, `%41` is `A`.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let text = text.replace('+', " ");
    Cow::Owned(percent_decode_str(&text).decode_utf8_lossy().into_owned())
}

/// Appends the arguments as a JSON object; a repeated name has an array at the place of the first.
pub(super) fn push_object(out: &mut String, args: &[Arg<'_>]) {
    out.push('{');
    for (index, (name, value)) in args.iter().enumerate() {
        let is_again = args.iter().take(index).any(|(earlier, _)| earlier == name);
        if is_again {
            continue;
        }
        push_name(out, name);
        let mut others = args
            .iter()
            .skip(index + 1)
            .filter(|(other, _)| other == name)
            .peekable();
        if others.peek().is_none() {
            push_value(out, value.as_deref());
            continue;
        }
        out.push('[');
        push_value(out, value.as_deref());
        for (_, value) in others {
            push_comma(out);
            push_value(out, value.as_deref());
        }
        out.push(']');
    }
    out.push('}');
}

fn push_value(out: &mut String, value: Option<&str>) {
    match value {
        Some(text) => push_string(out, text),
        None => out.push_str("true"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let mut out = String::new();
        push_object(&mut out, &parse(text));
        assert_eq!(out, expected, "{text}");
    }

    #[test]
    fn arguments_read_as_the_vendor_reads_them() {
        check("", "{}");
        check("foo=bar", r#"{"foo":"bar"}"#);
        check("a=1&b&a=2&c=&a", r#"{"a":["1","2",true],"b":true,"c":""}"#);
        check("a+b=%41%2B%20c&d=x=y", r#"{"a b":"A+ c","d":"x=y"}"#);
        check("&&=x&a=%ff%zz%", "{\"a\":\"\u{fffd}%zz%\"}");
    }

    #[test]
    fn a_hundred_are_read_and_no_more() {
        let text: Vec<String> = (0..150).map(|number| format!("a{number}=1")).collect();
        let text = text.join("&");
        let args = parse(&text);
        assert_eq!((args.len(), args[99].0.as_ref()), (100, "a99"));
    }
}
