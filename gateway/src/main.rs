//! The binary `gateway`: the command line and nothing else; everything it does is in the library.

use std::env;
use std::process::ExitCode;

use clap::Parser as _;
use gateway::cli::{Cli, Command, Files};
use gateway::startup;

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Check(files) => check(&files),
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
        Err(faults) => {
            for fault in &faults {
                eprintln!("{fault}");
            }
            ExitCode::FAILURE
        }
    }
}

/// The environment, as far as it is text; what is not cannot be a setting.
fn environment() -> impl Iterator<Item = (String, String)> {
    env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}
