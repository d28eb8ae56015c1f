//! The binary `gateway`: the command line and nothing else; everything it does is in the library.

use clap::Parser as _;
use gateway::cli::Cli;

fn main() {
    let _ = Cli::parse();
}
