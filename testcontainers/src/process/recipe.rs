//! What every broker needs and is made once per Kafka version, then kept beside the jars.
//!
//! `bootstrap.checkpoint` is what Kafka's format tool writes into a fresh data folder: with a copy of it, and a
//! `meta.properties` written by hand, a node starts without a run of that tool.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::properties::{NodePorts, server_properties};
use crate::{StartError, jars};

/// How to run Kafka's classes, and what a data folder starts with.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    jars: PathBuf,
    class_path: OsString,
    checkpoint: PathBuf,
    archive: Archive,
}

/// What the JVM does about a class archive.
#[derive(Debug, Clone)]
enum Archive {
    Ignore,
    Use(PathBuf),
    Record(PathBuf),
}

impl Recipe {
    /// Fetches and makes what is missing: about a minute the first time, nothing later.
    pub(crate) async fn prepare() -> Result<Self, StartError> {
        let folder = jars::fetch().await?;
        tokio::task::spawn_blocking(move || Self::in_folder(&folder))
            .await
            .unwrap_or_else(|stopped| {
                Err(StartError::io("prepare", "Kafka")(std::io::Error::other(
                    stopped,
                )))
            })
    }

    /// [`Recipe::prepare`] with the jars in `folder`. Blocks.
    pub(super) fn in_folder(folder: &Path) -> Result<Self, StartError> {
        let recipe = Self {
            jars: folder.to_owned(),
            class_path: jars::class_path(folder)?,
            checkpoint: folder.join(CHECKPOINT),
            archive: Archive::Ignore,
        };
        if !recipe.checkpoint.exists() {
            let _lock = jars::lock(folder)?;
            if !recipe.checkpoint.exists() {
                recipe.make_checkpoint()?;
            }
        }
        Ok(recipe)
    }

    /// The same with a class archive, or without.
    pub(super) fn with_archive(mut self, archive: Option<PathBuf>) -> Self {
        self.archive = archive.map_or(Archive::Ignore, Archive::Use);
        self
    }

    /// The same, writing a class archive when it ends.
    pub(super) fn recording_to(mut self, archive: &Path) -> Self {
        self.archive = Archive::Record(archive.to_owned());
        self
    }

    /// The folder of the jars, and of what is made from them.
    pub(super) fn jars(&self) -> &Path {
        &self.jars
    }

    pub(super) fn class_path(&self) -> &OsStr {
        &self.class_path
    }

    /// The arguments that make `java` a small and quick JVM with Kafka's classes.
    ///
    /// `folder` is for what it unpacks and how it logs.
    pub(crate) fn java(&self, folder: &Path) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = JVM.iter().map(OsString::from).collect();
        match &self.archive {
            Archive::Ignore => {}
            Archive::Use(path) => arguments.push(with_path("-XX:SharedArchiveFile=", path)),
            Archive::Record(path) => arguments.push(with_path("-XX:ArchiveClassesAtExit=", path)),
        }
        arguments.push(with_path("-Djava.io.tmpdir=", folder));
        // Else the report of a crash would lie where the test runs.
        arguments.push(with_path("-XX:ErrorFile=", &folder.join("crash.log")));
        arguments.push(with_path(
            "-Dlog4j2.configurationFile=",
            &folder.join(LOG4J_FILE),
        ));
        arguments.push("-cp".into());
        arguments.push(self.class_path.clone());
        arguments
    }

    /// Fills the folder that [`Recipe::java`] is given.
    pub(crate) fn write_java_folder(folder: &Path) -> Result<(), StartError> {
        write(&folder.join(LOG4J_FILE), LOG4J)
    }

    /// Makes `data` the empty data folder of a node.
    pub(crate) fn write_data(
        &self,
        data: &Path,
        node: i32,
        cluster_id: &str,
    ) -> Result<(), StartError> {
        fs::create_dir(data).map_err(StartError::io("create", data))?;
        let meta = format!("version=1\nnode.id={node}\ncluster.id={cluster_id}\n");
        write(&data.join("meta.properties"), &meta)?;
        let copy = data.join(CHECKPOINT);
        fs::copy(&self.checkpoint, &copy).map_err(StartError::io("write", &copy))?;
        Ok(())
    }

    /// Formats a data folder with Kafka's tool and keeps the one file that matters.
    fn make_checkpoint(&self) -> Result<(), StartError> {
        let scratch = tempfile::tempdir().map_err(StartError::io("create", "a folder"))?;
        let folder = scratch.path();
        Self::write_java_folder(folder)?;
        let properties = folder.join("server.properties");
        let data = folder.join("data");
        // The tool does not use the ports.
        let ports = NodePorts {
            node: 1,
            client: 1,
            advertised: 1,
            internal: 2,
            controller: 3,
            sasl: None,
        };
        let text = server_properties(&ports, &[ports], &data, &BTreeMap::new());
        write(&properties, &text)?;
        let output = Command::new("java")
            .args(self.java(folder))
            .args(["kafka.tools.StorageTool", "format", "-t"])
            .args([&cluster_id(), "-c"])
            .arg(&properties)
            .stdin(Stdio::null())
            .output()
            .map_err(StartError::io("run", "java"))?;
        jars::succeeded("Kafka's format tool", &output)?;
        self.keep_checkpoint(&data.join(CHECKPOINT))
    }

    /// Copies beside, then renames: nobody sees half a file.
    fn keep_checkpoint(&self, made: &Path) -> Result<(), StartError> {
        let partial = jars::beside(&self.checkpoint, "partial");
        fs::copy(made, &partial).map_err(StartError::io("write", &partial))?;
        fs::rename(&partial, &self.checkpoint).map_err(StartError::io("write", &self.checkpoint))
    }
}

/// A new cluster's id: 22 characters of base64url, as Kafka makes them.
///
/// The first is a letter: Kafka's tools take `-` for the begin of an option.
pub(crate) fn cluster_id() -> String {
    let mut id: String = (0..21).map(|_| fastrand::alphanumeric()).collect();
    id.insert(0, fastrand::alphabetic());
    id
}

pub(crate) fn write(path: &Path, text: &str) -> Result<(), StartError> {
    fs::write(path, text).map_err(StartError::io("write", path))
}

fn with_path(option: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(option);
    argument.push(path);
    argument
}

/// A small and quick JVM.
const JVM: [&str; 6] = [
    "-Xmx128m",
    // C1 and the serial collector: half the processor time and memory of the defaults.
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:+ExitOnOutOfMemoryError",
    // No files in /tmp: a killed JVM leaves them.
    "-XX:-UsePerfData",
    // Its remarks, on class archives for one, would stand in what a tool prints.
    "-Xlog:disable",
];

const CHECKPOINT: &str = "bootstrap.checkpoint";

const LOG4J_FILE: &str = "log4j2.yaml";

const LOG4J: &str = "\
Configuration:
  Appenders: {Console: {name: STDERR, target: SYSTEM_ERR, PatternLayout: {Pattern: \"[%d] %p %m (%c)%n%throwable\"}}}
  Loggers: {Root: {level: WARN, AppenderRef: [{ref: STDERR}]}}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_id_is_never_taken_for_an_option() {
        for _ in 0..1000 {
            let id = cluster_id();
            assert_eq!(id.len(), 22);
            assert!(id.starts_with(|first: char| first.is_ascii_alphabetic()));
        }
    }
}
