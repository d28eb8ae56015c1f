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
//! ```
//!
//! Data goes one way: [`input`] reads text, [`config::schema`] checks and fills it, [`config::declarative`] makes
//! entities of it, [`config::snapshot`] joins them with a [`routing::Router`], and requests only ever see one
//! whole snapshot. None of the modules above opens a socket, reads a clock or keeps state.

mod app;
pub mod cli;
pub mod config;
pub mod http;
pub mod input;
pub mod observe;
pub mod plugins;
pub mod routing;
pub mod server;
pub mod settings;
pub mod startup;
