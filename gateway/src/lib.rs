//! Kafka topics behind plain HTTP, server-sent events and WebSocket, configured as Kong's Kafka plugins are.
//!
//! The map of this crate, from the outside in:
//!
//! ```text
//! main.rs cli.rs           the command line: serve, check, dev
//! settings.rs settings/    process settings: limits, time-outs, listeners; one table
//! input.rs input/          text that people write, read into a tree that knows lines and columns
//! config/                  routes and plugins: field schemas, the declarative file, the immutable snapshot
//! routing/                 path normalisation, matching and priority of routes
//! startup.rs               settings and configuration together, before anything is started
//! serve.rs                 the life of the process: start, signals, drain, exit code
//! server.rs server/        sockets: listeners, connections, limits, the strict reading of HTTP, the drain
//! app.rs                   a request: routed, given to its plugin, answered
//! http.rs http/            bodies, errors, request ids: what all requests and answers have in common
//! plugins.rs plugins/      what a plugin gets and gives; produce/ makes records of requests, consume/ answers with records
//! hub.rs hub/              who reads what from Kafka: consumers, the groups they are in, how far clients have come
//! observe.rs observe/      meters, access log, log, health
//! dev.rs                   `gateway dev`: all of it with a broker inside, for trying out
//! ```
//!
//! Data goes one way: [`input`] reads text, [`config::schema`] checks and fills it, [`config::declarative`] makes
//! entities of it, [`config::snapshot`] joins them with a [`routing::Router`], and requests only ever see one
//! whole snapshot. Up to there no module opens a socket, reads a clock or keeps
//! state. A request comes in through [`server`], is matched and answered by way of `app`, and its plugin in [`plugins`] talks to
//! Kafka; a plugin never sees a socket, and the server never sees Kafka.

mod app;
pub mod cli;
pub mod config;
#[cfg(feature = "dev")]
pub mod dev;
pub mod http;
mod hub;
pub mod input;
pub mod observe;
pub mod plugins;
pub mod routing;
pub mod serve;
pub mod server;
pub mod settings;
pub mod startup;
