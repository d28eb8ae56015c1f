//! The binary `gateway`: the command line and nothing else; everything it does is in the library.

use std::env;
use std::process::ExitCode;

use clap::Parser as _;
use gateway::cli::{Cli, Command, Files};
use gateway::input::Fault;
use gateway::startup;

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Check(files) => check(&files),
        Command::Serve(files) => serve(&files),
        #[cfg(feature = "dev")]
        Command::Dev(options) => gateway::dev::dev(&options),
    }
}

/// Prints what is wrong with the configuration, one fault per line, or `ok`. Nothing is started.
fn check(files: &Files) -> ExitCode {
    match startup::load(files, environment()) {
        Ok(ready) => {
            for notice in &ready.notices {
                println!("note: {notice}");
            }
            println!("ok: {}", ready.summary());
            ExitCode::SUCCESS
        }
        Err(faults) => refuse(&faults),
    }
}

/// Serves by the configuration, if nothing is wrong with it.
fn serve(files: &Files) -> ExitCode {
    match startup::load(files, environment()) {
        Ok(ready) => gateway::serve::serve(ready),
        Err(faults) => refuse(&faults),
    }
}

fn refuse(faults: &[Fault]) -> ExitCode {
    for fault in faults {
        eprintln!("{fault}");
    }
    ExitCode::FAILURE
}

/// The environment, as far as it is text; what is not cannot be a setting.
fn environment() -> impl Iterator<Item = (String, String)> {
    env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}
