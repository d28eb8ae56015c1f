//! What `serve` and `check` do before anything is started: settings, then routes and plugins, then the snapshot.
//!
//! Both take the same path, so that what `check` accepts `serve` starts with. Files are read here; no socket is opened.

use std::fmt::Write as _;

use crate::cli::Files;
use crate::config::declarative::{self, InternalTopics};
use crate::config::snapshot::Snapshot;
use crate::input::{self, Fault, Span};
use crate::settings::{self, Declarative, Loaded, Settings};

/// Everything that was configured, valid as a whole.
#[derive(Debug)]
pub struct Ready {
    /// Process settings.
    pub settings: Settings,
    /// Routes and plugins.
    pub snapshot: Snapshot,
    /// What was read and deliberately not acted on; to be logged once.
    pub notices: Vec<String>,
}

impl Ready {
    /// One line for people: how much was found.
    pub fn summary(&self) -> String {
        let entries = || self.snapshot.router.iter();
        let routes = entries().count();
        let idle = entries().filter(|entry| entry.plugins.is_empty()).count();
        let mut summary = format!("{routes} routes");
        if idle > 0 {
            let _ = write!(
                summary,
                ", {idle} of them without a plugin (they answer 503)"
            );
        }
        summary
    }
}

/// Reads the settings, with the variables of the environment, and the configuration. A file that the command
/// line names wins over the vendor's variables. All faults of a stage are reported at once.
pub fn load(
    files: &Files,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Ready, Vec<Fault>> {
    let loaded = settings::load(files.settings.as_deref(), variables)?;
    let Loaded {
        settings,
        declarative,
        notices,
    } = loaded;
    let (file, text) = read(files, declarative).map_err(|fault| vec![fault])?;
    let internal_topics = if settings.produce.allow_internal_topics {
        InternalTopics::Allow
    } else {
        InternalTopics::Refuse
    };
    let declared = declarative::load(&file, &text, internal_topics)?;
    let snapshot = declared
        .snapshot()
        .map_err(|error| vec![fault(&file, &error.to_string())])?;
    Ok(Ready {
        settings,
        snapshot,
        notices,
    })
}

/// The declarative text and what to call it in faults.
fn read(files: &Files, declarative: Option<Declarative>) -> Result<(String, String), Fault> {
    match files.config.clone().map(Declarative::File).or(declarative) {
        Some(Declarative::File(path)) => Ok((path.display().to_string(), input::read_file(&path)?)),
        Some(Declarative::Text(text)) => Ok(("KONG_DECLARATIVE_CONFIG_STRING".to_owned(), text)),
        None => Err(fault("--config", "expected a file with routes and plugins")),
    }
}

fn fault(file: &str, expected: &str) -> Fault {
    Fault {
        file: file.to_owned(),
        span: Span::UNKNOWN,
        path: String::new(),
        expected: expected.to_owned(),
    }
}
