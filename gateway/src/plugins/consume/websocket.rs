//! The opening of a WebSocket (kong-consume.md §4.1): everything that can be refused is refused before `101`.

use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::session::{Rules, Session};
use super::{Request, handshake};
use crate::http::{Problem, Reply};
use crate::plugins::Call;
use crate::settings::Settings;

/// Answers with `101` and goes on in a task of its own.
pub(super) async fn answer(request: &Request<'_>, call: &mut Call) -> Result<Reply, Problem> {
    let settings = &request.consume.shared.settings;
    let reply = handshake::accept(&call.headers)?;
    let place = request.consume.hub.places().take(call.client);
    let place = place.ok_or(Problem::Unavailable(None))?;
    let client = request.client(call)?;
    for topic in request.topics() {
        let known = client.partition_count(&topic).await;
        known.map_err(|error| request.failed(&error, call))?;
    }
    let upgrade = call.upgrade.take().ok_or(Problem::WebSocketRequired)?;
    call.peer.set_write_stall(settings.stream.stall);
    let rules = Rules {
        style: request.style(),
        commits: request.commits(),
        tells_errors: request.config.error_handling.return_error_message,
        topics: request.topics(),
        counters: request.consume.counters(request.plugin, &request.topics()),
        end: request.consume.hub.lives().of(&call.route, request.plugin),
        settings: settings.clone(),
    };
    let source = request.source(client, call);
    let hub = request.consume.hub.clone();
    let config = config(settings);
    let id = call.id;
    request.consume.spawn_stream(async move {
        let upgraded = match upgrade.await {
            Ok(upgraded) => TokioIo::new(upgraded),
            Err(error) => {
                return tracing::debug!(request_id = %id, %error, "no WebSocket came of it");
            }
        };
        let socket = WebSocketStream::from_raw_socket(upgraded, Role::Server, Some(config)).await;
        let feed = hub.feed(source, std::collections::HashMap::new());
        Session::new(socket, feed, rules).run().await;
        drop(place);
    });
    Ok(reply)
}

/// Small buffers, as there may be thousands of connections; and never more in line than a stream may have, with the
/// one frame that crosses the line.
fn config(settings: &Settings) -> WebSocketConfig {
    let largest = settings
        .consume
        .record_max_bytes
        .max(settings.consume.max_bytes);
    // A byte takes at most six in JSON.
    let largest = largest.saturating_mul(6).saturating_add(OVERHEAD);
    WebSocketConfig::default()
        .read_buffer_size(8 * 1024)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(
            settings
                .stream
                .buffer_bytes
                .saturating_add(largest)
                .max(WRITE_BUFFER + OVERHEAD),
        )
        .max_message_size(Some(settings.ws.max_recv_bytes))
        .max_frame_size(Some(settings.ws.max_recv_bytes))
}

const WRITE_BUFFER: usize = 16 * 1024;

/// For what is around keys and values in a frame: headers of records, and hundreds of idle partitions.
const OVERHEAD: usize = 16 * 1024 * 1024;
