//! The command line: what may be typed, and nothing of what it does.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::settings;

/// What was typed.
#[derive(Debug, Parser)]
#[command(
    name = "gateway",
    version,
    about = "Kafka topics behind plain HTTP, server-sent events and WebSocket."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the configuration and say what is wrong with it; start nothing.
    #[command(after_long_help = settings::help())]
    Check(Files),
    /// Serve requests by the configuration until SIGTERM or SIGINT.
    #[command(after_long_help = settings::help())]
    Serve(Files),
    /// Try it out: a broker inside the process and a ready configuration. Needs nothing else; forgets everything at the end.
    #[cfg(feature = "dev")]
    Dev(DevOptions),
}

/// The files that `serve` and `check` read.
#[derive(Debug, Clone, Args)]
pub struct Files {
    /// Routes and plugins, in Kong's declarative format (YAML or JSON). Default: the file or text that
    /// `KONG_DECLARATIVE_CONFIG` or `KONG_DECLARATIVE_CONFIG_STRING` names.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Process settings (YAML). Default: none, only the environment counts.
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
}

/// What `gateway dev` may be told.
#[cfg(feature = "dev")]
#[derive(Debug, Clone, Args)]
pub struct DevOptions {
    /// Produce a sample record every second, so that there is something to watch.
    #[arg(long)]
    pub demo: bool,
    /// Port of the proxy on the loopback addresses; 0 takes any free one.
    #[arg(long, value_name = "PORT", default_value_t = 8000)]
    pub port: u16,
}
