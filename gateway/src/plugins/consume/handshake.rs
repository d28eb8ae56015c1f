//! The opening of a WebSocket (RFC 6455 §4.2). Pure. No subprotocol and no extension is ever chosen.

use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::http::{Problem, Reply, with_status};

/// The 101 for a request that asked for an upgrade.
pub(super) fn accept(headers: &HeaderMap) -> Result<Reply, Problem> {
    let version = headers.get(SEC_WEBSOCKET_VERSION);
    if version.is_none_or(|version| version != "13") {
        return Err(Problem::WebSocketRequired);
    }
    let mut keys = headers.get_all(SEC_WEBSOCKET_KEY).iter();
    let (Some(key), None) = (keys.next(), keys.next()) else {
        return Err(Problem::BadRequest);
    };
    // 16 bytes in base64.
    if key.len() != 24 || !key.as_bytes().ends_with(b"==") {
        return Err(Problem::BadRequest);
    }
    let accept = derive_accept_key(key.as_bytes());
    let accept = HeaderValue::try_from(accept).map_err(|_| Problem::Internal)?;
    let mut reply = with_status(StatusCode::SWITCHING_PROTOCOLS);
    let headers = reply.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(version: &'static str, key: &'static str) -> Result<Reply, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(version));
        headers.insert(SEC_WEBSOCKET_KEY, HeaderValue::from_static(key));
        headers.insert(
            "sec-websocket-extensions",
            HeaderValue::from_static("permessage-deflate"),
        );
        headers.insert("sec-websocket-protocol", HeaderValue::from_static("chat"));
        accept(&headers)
    }

    #[test]
    fn t6_the_key_of_the_rfc_is_accepted_without_extension_or_protocol() {
        let reply = check("13", "dGhlIHNhbXBsZSBub25jZQ==").unwrap();
        let accepted = reply.headers().get(SEC_WEBSOCKET_ACCEPT).unwrap();
        assert_eq!(accepted, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(reply.headers().len(), 3);
    }

    #[test]
    fn another_version_or_key_is_refused() {
        assert_eq!(
            check("8", "dGhlIHNhbXBsZSBub25jZQ==").unwrap_err(),
            Problem::WebSocketRequired
        );
        assert_eq!(check("13", "short").unwrap_err(), Problem::BadRequest);
        assert_eq!(
            accept(&HeaderMap::new()).unwrap_err(),
            Problem::WebSocketRequired
        );
    }
}
