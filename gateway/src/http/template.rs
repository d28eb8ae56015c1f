//! The error page whose form the client chooses by `Accept` (kong-admin.md §7 rule 6).

use http::header::{ACCEPT, HeaderMap, HeaderValue};

use super::{JSON, RequestId};

/// A form of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Html,
    Xml,
    Plain,
}

impl Format {
    /// The form that the request's `Accept` likes best; JSON when it says nothing, or nothing we have.
    pub(super) fn negotiate(headers: &HeaderMap) -> Format {
        let mut best = (0, Format::Json);
        for range in headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
        {
            let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
            let quality = quality(parameters);
            if let Some(format) = Format::of_media_range(name.trim())
                && quality > best.0
            {
                best = (quality, format);
            }
        }
        best.1
    }

    fn of_media_range(name: &str) -> Option<Format> {
        match name.to_ascii_lowercase().as_str() {
            "application/json" | "application/*" | "*/*" => Some(Format::Json),
            "text/html" | "text/*" => Some(Format::Html),
            "application/xml" | "text/xml" => Some(Format::Xml),
            "text/plain" => Some(Format::Plain),
            _ => None,
        }
    }

    pub(super) fn content_type(self) -> HeaderValue {
        match self {
            Format::Json => JSON,
            Format::Html => HeaderValue::from_static("text/html; charset=utf-8"),
            Format::Xml => HeaderValue::from_static("application/xml; charset=utf-8"),
            Format::Plain => HeaderValue::from_static("text/plain; charset=utf-8"),
        }
    }

    /// The page. `message` is ours and needs no escaping.
    pub(super) fn render(self, message: &str, id: &RequestId) -> String {
        match self {
            Format::Json => {
                format!("{{\n  \"message\":\"{message}\",\n  \"request_id\":\"{id}\"\n}}")
            }
            Format::Html => format!(
                "<!doctype html>\n<html>\n<head><meta charset=\"utf-8\"><title>Error</title></head>\n\
                 <body>\n<p>{message}.</p>\n<p>request_id: {id}</p>\n</body>\n</html>\n"
            ),
            Format::Xml => {
                format!("<error><message>{message}</message><requestid>{id}</requestid></error>")
            }
            Format::Plain => format!("{message}\nrequest_id: {id}\n"),
        }
    }
}

/// The weight of a media range in thousandths (RFC 9110 §12.4.2): 1000 when none is given, 0 when it is no number.
fn quality(parameters: &str) -> u32 {
    let value = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    let Some(value) = value else { return 1000 };
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole, digits.parse::<u32>()) {
        ("1", Ok(0)) => 1000,
        ("0", Ok(thousandths)) if fraction.len() <= 3 => thousandths,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(accept: &[&'static str], expected: Format) {
        let headers: HeaderMap = accept
            .iter()
            .map(|value| (ACCEPT, HeaderValue::from_static(value)))
            .collect();
        assert_eq!(Format::negotiate(&headers), expected, "{accept:?}");
    }

    #[test]
    fn the_best_liked_form_is_chosen() {
        check(&[], Format::Json);
        check(&["*/*"], Format::Json);
        check(&["image/png"], Format::Json);
        check(
            &["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
            Format::Html,
        );
        check(&["application/json;q=0.5, text/plain"], Format::Plain);
        check(&["text/plain;q=0.4", "text/xml;q=0.41"], Format::Xml);
        check(&["text/html;q=0, text/plain;q=0.001"], Format::Plain);
        check(&["text/html;q=x"], Format::Json);
    }

    #[test]
    fn each_form_reads_as_the_contract_says() {
        let id = RequestId::random();
        let json = format!("{{\n  \"message\":\"m\",\n  \"request_id\":\"{id}\"\n}}");
        assert_eq!(Format::Json.render("m", &id), json);
        assert!(
            Format::Html
                .render("m", &id)
                .contains(&format!("<p>m.</p>\n<p>request_id: {id}</p>"))
        );
        let xml = format!("<error><message>m</message><requestid>{id}</requestid></error>");
        assert_eq!(Format::Xml.render("m", &id), xml);
        assert_eq!(
            Format::Plain.render("m", &id),
            format!("m\nrequest_id: {id}\n")
        );
    }
}
