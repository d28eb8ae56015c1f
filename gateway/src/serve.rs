//! `gateway serve`: from a valid configuration to the end of the process.
//!
//! Exit codes: 0 after a drain that lost nothing; 1 when it could not start, or lost records; 130 when a second
//! signal cut the drain short.

use std::io;
use std::process::ExitCode;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::filter::LevelFilter;

use crate::observe;
use crate::server::Gateway;
use crate::startup::Ready;

/// Serves `ready` until SIGTERM or SIGINT, then drains. Logs go to standard error.
pub fn serve(ready: Ready) -> ExitCode {
    let log = observe::init(LevelFilter::INFO);
    let code = block_on(async {
        for notice in &ready.notices {
            tracing::warn!(notice, "setting not acted on");
        }
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            configuration = ready.summary(),
            "starting"
        );
        let mut signals = Signals::new()?;
        match Gateway::start(ready.settings, ready.snapshot).await {
            Ok(gateway) => Ok(run(gateway, &mut signals).await),
            Err(error) => {
                tracing::error!(
                    error = crate::plugins::failure::chain(&error),
                    "cannot start"
                );
                Ok(ExitCode::FAILURE)
            }
        }
    });
    drop(log);
    code
}

/// Runs `main` on a runtime of its own. What it leaves running is cut.
pub(crate) fn block_on(main: impl Future<Output = io::Result<ExitCode>>) -> ExitCode {
    let finished = Builder::new_multi_thread()
        .enable_all()
        .build()
        .and_then(|runtime: Runtime| {
            let code = runtime.block_on(main);
            runtime.shutdown_background();
            code
        });
    finished.unwrap_or_else(|error| {
        tracing::error!(%error, "cannot start");
        ExitCode::FAILURE
    })
}

/// Waits for a signal, then drains; a second one cuts the drain (G-63).
pub(crate) async fn run(gateway: Gateway, signals: &mut Signals) -> ExitCode {
    tracing::info!(proxy = ?gateway.addresses(), health = ?gateway.health_address(), "ready");
    let name = signals.next().await;
    tracing::info!(signal = name, "signal received");
    tokio::select! {
        drained = gateway.drain() => if drained.loss.records == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE },
        name = signals.next() => {
            tracing::error!(signal = name, "second signal: cutting the drain");
            ExitCode::from(130)
        }
    }
}

/// The signals that end the process.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From here on the signals no longer end the process by themselves.
    pub(crate) fn new() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
