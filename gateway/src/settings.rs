//! Process settings: limits, time-outs, listeners and switches of the whole gateway.
//!
//! They come from a YAML file (`--settings`), then from the environment (`GATEWAY_` and the name in upper case
//! with `__` for the dot); the later wins. Names, types, defaults and meanings stand once, in the table of
//! `settings/table.rs`; [`help`] prints it. A name that nobody knows stops the start, and so does a known name
//! of a feature this version does not have ([`UNSUPPORTED`]) unless it holds its default. Routes and plugins
//! are no settings: they are [`crate::config`].
//!
//! The vendor's variables `KONG_DATABASE`, `KONG_DECLARATIVE_CONFIG`, `KONG_DECLARATIVE_CONFIG_STRING`,
//! `KONG_PROXY_LISTEN` and `KONG_ADMIN_LISTEN` are read too; ours win over them.

mod load;
mod table;
mod unsupported;
mod value;

pub use load::{Declarative, Loaded, load};
pub use table::{
    Compat, Consume, Drain, Health, Http, Kafka, Produce, Proxy, Settings, Sse, Stream, Ws,
};
pub use unsupported::{UNSUPPORTED, Unsupported};
pub use value::{Compression, Membership, Partitioner};

use std::fmt::Write as _;

/// One setting of the table, for help texts and manuals.
#[derive(Debug, Clone)]
pub struct Description {
    /// Name in the settings file: `http.max_body_bytes`.
    pub name: &'static str,
    /// What may be written: `bytes`, `true or false`.
    pub kind: &'static str,
    /// The default as it would be written.
    pub default: String,
    /// What it means.
    pub doc: &'static str,
}

impl Description {
    /// The environment variable that sets it: `GATEWAY_HTTP__MAX_BODY_BYTES`.
    pub fn variable(&self) -> String {
        load::variable_of(self.name)
    }
}

/// Every setting this version acts on, in the order of the table.
pub fn descriptions() -> Vec<Description> {
    table::ROWS
        .iter()
        .map(|row| Description {
            name: row.name,
            kind: row.kind,
            default: (row.default)(),
            doc: row.doc.trim(),
        })
        .collect()
}

/// The table as text for `gateway serve --help`: one setting per paragraph, then what this version lacks.
pub fn help() -> String {
    let mut text =
        "Settings (file, or environment variable GATEWAY_ + upper case with __ for the dot):\n"
            .to_owned();
    for row in descriptions() {
        let default = if row.default.is_empty() {
            "none"
        } else {
            &row.default
        };
        let _ = writeln!(
            text,
            "  {} ({}, default {default})\n      {}",
            row.name, row.kind, row.doc
        );
    }
    text.push_str("\nKnown, but not supported by this version; accepted only at their default:\n");
    for row in UNSUPPORTED {
        let default = if row.default.is_empty() {
            "none"
        } else {
            row.default
        };
        let _ = writeln!(text, "  {} (default {default})", row.name);
    }
    text
}

#[cfg(test)]
mod tests;
