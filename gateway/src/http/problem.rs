//! What can go wrong with a request, and the one answer that the contract has for each.

use std::borrow::Cow;

use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, LOCATION, RETRY_AFTER, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::template::Format;
use super::{Reply, RequestId, json, with_status};

/// Why a request is not answered as it wished. Texts in here reach the client: nothing secret, and nothing of a
/// broker unless the plugin's configuration asks for it (G-36).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// 400 of the HTTP parser, for what is no HTTP request. Closes.
    BadRequest,
    /// 400 with the reason in `error`.
    Refused(Cow<'static, str>),
    /// 400 with this as the whole `message`: the body does not parse under its content type.
    Unreadable(&'static str),
    /// 403.
    Forbidden,
    /// 405; the methods that are allowed.
    MethodNotAllowed(&'static str),
    /// 408: the client was too slow. Closes.
    RequestTimeout,
    /// 409 with the reason in `error`.
    Conflict(Cow<'static, str>),
    /// 413. Closes, unless the rest of the body is short enough to be drained.
    PayloadTooLarge,
    /// 414. Closes.
    UriTooLong,
    /// 417. Closes.
    ExpectationFailed,
    /// 426 for a plain request where a WebSocket is spoken.
    WebSocketRequired,
    /// 429.
    TooManyRequests,
    /// 431. Closes.
    HeadTooLarge,
    /// 500: a bug of ours.
    Internal,
    /// 502; what the client is told.
    BadGateway(Cow<'static, str>),
    /// 503 with `Retry-After: 1`; why, when the plugin says so.
    Unavailable(Option<&'static str>),
    /// 503 while the gateway drains. Closes.
    Draining,
    /// 404: no route takes the request.
    NoRoute,
    /// 503: the route has no plugin that answers.
    NoService,
    /// 426 or a redirect: the route takes https only.
    HttpsRequired {
        /// 426, 301, 302, 307 or 308.
        status: u16,
        /// Where a redirect leads: `https://` and the request's own host and target.
        location: String,
    },
}

impl Problem {
    /// The status code.
    pub fn status(&self) -> StatusCode {
        match self {
            Problem::BadRequest | Problem::Refused(_) | Problem::Unreadable(_) => {
                StatusCode::BAD_REQUEST
            }
            Problem::Forbidden => StatusCode::FORBIDDEN,
            Problem::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Problem::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Problem::Conflict(_) => StatusCode::CONFLICT,
            Problem::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Problem::UriTooLong => StatusCode::URI_TOO_LONG,
            Problem::ExpectationFailed => StatusCode::EXPECTATION_FAILED,
            Problem::WebSocketRequired => StatusCode::UPGRADE_REQUIRED,
            Problem::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Problem::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Problem::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Problem::BadGateway(_) => StatusCode::BAD_GATEWAY,
            Problem::Unavailable(_) | Problem::Draining | Problem::NoService => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Problem::NoRoute => StatusCode::NOT_FOUND,
            Problem::HttpsRequired { status, .. } => {
                StatusCode::from_u16(*status).unwrap_or(StatusCode::UPGRADE_REQUIRED)
            }
        }
    }

    /// Whether the connection is of no use after this.
    pub fn closes(&self) -> bool {
        matches!(
            self,
            Problem::BadRequest
                | Problem::RequestTimeout
                | Problem::UriTooLong
                | Problem::ExpectationFailed
                | Problem::HeadTooLarge
                | Problem::Draining
        )
    }

    /// The answer. `headers` are the request's, for the pages whose form is negotiated.
    pub fn reply(&self, headers: &HeaderMap, id: &RequestId) -> Reply {
        let mut reply = match self.page() {
            Some(message) => self.negotiated(message, headers, id),
            None => json(self.status(), self.body()),
        };
        self.add_headers(reply.headers_mut());
        reply
    }

    /// The message of a problem that is answered in the form the client likes best.
    fn page(&self) -> Option<&'static str> {
        match self {
            Problem::NoRoute => Some("no Route matched with those values"),
            Problem::NoService => Some("no Service found with those values"),
            Problem::HttpsRequired { .. } => Some("Please use HTTPS protocol"),
            _ => None,
        }
    }

    fn negotiated(&self, message: &str, headers: &HeaderMap, id: &RequestId) -> Reply {
        let mut reply = with_status(self.status());
        if self.status().is_redirection() {
            return reply;
        }
        let format = Format::negotiate(headers);
        reply
            .headers_mut()
            .insert(CONTENT_TYPE, format.content_type());
        *reply.body_mut() = format.render(message, id).into();
        reply
    }

    fn body(&self) -> String {
        match self {
            Problem::Refused(error) | Problem::Conflict(error) | Problem::BadGateway(error) => {
                format!(
                    r#"{{"message":"{}","error":{}}}"#,
                    self.message(),
                    quoted(error)
                )
            }
            Problem::Unavailable(Some(error)) => {
                format!(
                    r#"{{"message":"{}","error":{}}}"#,
                    self.message(),
                    quoted(error)
                )
            }
            _ => format!(r#"{{"message":"{}"}}"#, self.message()),
        }
    }

    /// `message`, free of what JSON escapes.
    fn message(&self) -> &'static str {
        match self {
            Problem::BadRequest | Problem::Refused(_) => "Bad request",
            Problem::Unreadable(message) => message,
            Problem::Forbidden => "Forbidden",
            Problem::MethodNotAllowed(_) => "Method not allowed",
            Problem::RequestTimeout => "Request timeout",
            Problem::Conflict(_) => "Conflict",
            Problem::PayloadTooLarge => "Payload too large",
            Problem::UriTooLong => "URI too long",
            Problem::ExpectationFailed => "Expectation failed",
            Problem::WebSocketRequired => "WebSocket upgrade required",
            Problem::TooManyRequests => "Too many requests",
            Problem::HeadTooLarge => "Request header fields too large",
            Problem::Internal => "An unexpected error occurred",
            Problem::BadGateway(_) => "Bad Gateway",
            Problem::Unavailable(_) | Problem::Draining => "Service unavailable",
            Problem::NoRoute | Problem::NoService | Problem::HttpsRequired { .. } => {
                self.page().unwrap_or_default()
            }
        }
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        let mut add = |name: HeaderName, value: &'static str| {
            headers.insert(name, HeaderValue::from_static(value));
        };
        match self {
            Problem::MethodNotAllowed(allow) => add(ALLOW, allow),
            Problem::Unavailable(_) => add(RETRY_AFTER, "1"),
            Problem::WebSocketRequired => {
                add(UPGRADE, "websocket");
                add(CONNECTION, "Upgrade");
            }
            Problem::HttpsRequired { status: 426, .. } => {
                add(CONNECTION, "Upgrade");
                add(UPGRADE, "TLS/1.2, HTTP/1.1");
            }
            Problem::HttpsRequired { location, .. } => {
                if let Ok(location) = HeaderValue::from_str(location) {
                    headers.insert(LOCATION, location);
                }
            }
            _ if self.closes() => add(CONNECTION, "close"),
            _ => {}
        }
    }
}

/// Text as a JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests;
