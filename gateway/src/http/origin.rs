//! Which web pages may open streams (G-20): a browser sends `Origin`, and nothing else stops a foreign page.

use http::HeaderMap;
use http::header::{COOKIE, HOST, HeaderValue, ORIGIN};

use crate::config::route::Scheme;

/// What `http.allowed_origins` says, with the scheme the request came by.
#[derive(Debug, Clone, Copy)]
pub struct OriginRule<'a> {
    /// `http.allowed_origins`.
    pub allowed: &'a [String],
    /// How the request came in.
    pub scheme: Scheme,
}

/// Whether a request for a WebSocket or an event stream may go on; `false` is answered with 403 before `101` or
/// any event. Without `Origin` it is no browser, and allowed.
pub fn origin_allowed(headers: &HeaderMap, rule: OriginRule<'_>) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let Some(origin) = origins.next() else {
        return true;
    };
    // Browsers send one; of two nobody knows which is true.
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    if origins.next().is_some() {
        return false;
    }
    is_own(origin, headers.get(HOST), rule.scheme)
        || rule.allowed.iter().any(|allowed| match allowed.as_str() {
            "*" => !headers.contains_key(COOKIE),
            allowed => allowed.eq_ignore_ascii_case(origin),
        })
}

/// Whether the origin is the scheme and host of the request itself; a port that is the scheme's default may be
/// written or not.
fn is_own(origin: &str, host: Option<&HeaderValue>, scheme: Scheme) -> bool {
    let (prefix, default_port) = match scheme {
        Scheme::Http => ("http://", ":80"),
        Scheme::Https => ("https://", ":443"),
    };
    let Some(host) = host.and_then(|host| host.to_str().ok()) else {
        return false;
    };
    let bare = |host: &str| {
        host.strip_suffix(default_port)
            .unwrap_or(host)
            .to_ascii_lowercase()
    };
    origin
        .split_at_checked(prefix.len())
        .is_some_and(|(start, rest)| start.eq_ignore_ascii_case(prefix) && bare(rest) == bare(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(origin: &str, cookie: bool, allowed: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("shop.example:8000"));
        headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
        if cookie {
            headers.insert(COOKIE, HeaderValue::from_static("a=b"));
        }
        let allowed: Vec<String> = allowed.iter().map(|&origin| origin.to_owned()).collect();
        origin_allowed(
            &headers,
            OriginRule {
                allowed: &allowed,
                scheme: Scheme::Http,
            },
        )
    }

    #[test]
    fn g20_own_and_listed_origins_only() {
        assert!(check("http://shop.example:8000", true, &[]));
        assert!(check("HTTP://SHOP.example:8000", false, &[]));
        assert!(!check("https://shop.example:8000", false, &[]));
        assert!(!check("http://shop.example", false, &[]));
        assert!(!check("http://shop.example:8000.evil.example", false, &[]));
        assert!(!check("null", false, &["https://app.example"]));
        assert!(check("https://app.example", true, &["https://app.example"]));
    }

    #[test]
    fn g20_any_origin_only_without_a_cookie() {
        assert!(check("https://evil.example", false, &["*"]));
        assert!(!check("https://evil.example", true, &["*"]));
    }

    #[test]
    fn g20_no_origin_is_no_browser_and_two_are_an_attack() {
        let rule = OriginRule {
            allowed: &["*".to_owned()],
            scheme: Scheme::Http,
        };
        assert!(origin_allowed(&HeaderMap::new(), rule));
        let mut headers = HeaderMap::new();
        headers.append(ORIGIN, HeaderValue::from_static("http://a"));
        headers.append(ORIGIN, HeaderValue::from_static("http://b"));
        assert!(!origin_allowed(&headers, rule));
    }

    #[test]
    fn the_default_port_may_be_written_or_not() {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("shop.example:80"));
        headers.insert(ORIGIN, HeaderValue::from_static("http://shop.example"));
        assert!(origin_allowed(
            &headers,
            OriginRule {
                allowed: &[],
                scheme: Scheme::Http
            }
        ));
    }
}
