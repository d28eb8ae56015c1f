//! What a session does with its socket: listening while flushing, and the close.

use std::pin::Pin;
use std::task::Poll;

use futures_util::{Sink as _, Stream as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message as Frame, error};

use super::End;

/// What the socket has to say.
pub(super) enum Turn {
    Received(Option<Result<Frame, SocketError>>),
    Flushed(Result<(), SocketError>),
}

/// Listens, and flushes if there is something to. Dropping the future loses nothing.
pub(super) async fn turn<S>(socket: &mut WebSocketStream<S>, flushes: bool) -> Turn
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    std::future::poll_fn(|context| {
        if let Poll::Ready(received) = Pin::new(&mut *socket).poll_next(context) {
            return Poll::Ready(Turn::Received(received));
        }
        if flushes {
            return Pin::new(&mut *socket)
                .poll_flush(context)
                .map(Turn::Flushed);
        }
        Poll::Pending
    })
    .await
}

/// Says good-bye and waits for the client's.
pub(super) async fn close<S>(socket: &mut WebSocketStream<S>, code: CloseCode, reason: &str)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let frame = CloseFrame {
        code,
        reason: shortened(reason).into(),
    };
    // The client may be gone already.
    let _ = socket.close(Some(frame)).await;
    drain(socket).await;
}

/// Listens until there is nothing more.
pub(super) async fn drain<S>(socket: &mut WebSocketStream<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Turn::Received(Some(Ok(_))) = turn(socket, false).await {}
}

/// A close frame has room for 123 bytes of text.
fn shortened(reason: &str) -> &str {
    reason
        .get(..reason.floor_char_boundary(123))
        .unwrap_or_default()
}

/// How the session ends for what the client sent.
pub(super) fn fault(error: &SocketError) -> End {
    match error {
        SocketError::Capacity(_) => End::Fault(CloseCode::Size, "message too big"),
        SocketError::Utf8(_) => End::Fault(CloseCode::Invalid, "invalid UTF-8"),
        SocketError::Protocol(error::ProtocolError::ResetWithoutClosingHandshake) => End::Gone,
        SocketError::Protocol(_) => End::Fault(CloseCode::Protocol, "protocol error"),
        _ => End::Gone,
    }
}
