//! Kafka's jars: the broker, its tools and what they stand on, fetched by Maven on first use.
//!
//! They lie in a folder per version, `$KAFKA_JARS_CACHE/4.3.1` or else `kafka-jars/4.3.1` in `$XDG_CACHE_HOME` or
//! `~/.cache`. A folder with the marker `.complete` is used as it is. Several processes may fetch at once: one
//! does, the others wait for it. Never touches a folder that is complete, and never runs anything but `mvn`.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::{StartError, backend};

/// The version of Apache Kafka that runs.
pub const KAFKA_VERSION: &str = "4.3.1";

/// The folder that holds the jars; fetches them first if need be, which takes from seconds to a minute.
///
/// Dropping the future does not end a fetch that has begun: it goes on for the next caller.
pub async fn fetch() -> Result<PathBuf, StartError> {
    let folder = folder()?;
    if is_complete(&folder) {
        return Ok(folder);
    }
    tokio::task::spawn_blocking(fetch_blocking)
        .await
        .unwrap_or_else(|stopped| {
            Err(StartError::io("fetch jars into", folder)(
                std::io::Error::other(stopped),
            ))
        })
}

/// [`fetch`] for callers without a runtime. Blocks while another process fetches.
pub fn fetch_blocking() -> Result<PathBuf, StartError> {
    let folder = folder()?;
    fetch_into(&folder, &maven)?;
    Ok(folder)
}

/// The jar with Kafka's own definitions of its messages, as `common/message/*.json`; fetched first if need be.
///
/// The files are JSON with `//` comments.
pub async fn message_definitions() -> Result<PathBuf, StartError> {
    Ok(clients_jar(&fetch().await?))
}

/// Whether the jars are there already, so that Maven is not needed.
pub(crate) fn are_cached() -> bool {
    folder().is_ok_and(|folder| is_complete(&folder))
}

/// Every jar of `folder` as a class path. Sorted: a class archive fits only the same jars in the same order.
pub(crate) fn class_path(folder: &Path) -> Result<OsString, StartError> {
    let jars = jars_in(folder).map_err(StartError::io("list", folder))?;
    std::env::join_paths(jars).map_err(|error| {
        StartError::io("make a class path of", folder)(std::io::Error::other(error))
    })
}

/// The exclusive right to write into `folder` and beside it, among all processes, until dropped. Blocks.
pub(crate) fn lock(folder: &Path) -> Result<File, StartError> {
    let path = beside(folder, "lock");
    let parent = folder.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(StartError::io("create", parent))?;
    let file = File::create(&path).map_err(StartError::io("create", &path))?;
    file.lock().map_err(StartError::io("lock", &path))?;
    Ok(file)
}

/// A path beside `folder`, on the same file system, that nothing else uses: `.4.3.1.lock`.
pub(crate) fn beside(folder: &Path, suffix: &str) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    folder.with_file_name(format!(".{name}.{suffix}"))
}

/// The folder of this version, whether it exists or not.
fn folder() -> Result<PathBuf, StartError> {
    let set = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    folder_from(set("KAFKA_JARS_CACHE"), set("XDG_CACHE_HOME"), set("HOME"))
        .ok_or(StartError::NoCacheFolder)
}

fn folder_from(
    jars: Option<PathBuf>,
    cache: Option<PathBuf>,
    home: Option<PathBuf>,
) -> Option<PathBuf> {
    jars.or_else(|| {
        cache
            .or_else(|| Some(home?.join(".cache")))
            .map(|cache| cache.join("kafka-jars"))
    })
    .map(|jars| jars.join(KAFKA_VERSION))
}

fn is_complete(folder: &Path) -> bool {
    folder.join(MARKER).exists() && clients_jar(folder).exists()
}

fn clients_jar(folder: &Path) -> PathBuf {
    folder.join(format!("kafka-clients-{KAFKA_VERSION}.jar"))
}

/// Fills `folder` unless it is complete. `download` puts the jars into the scratch folder it is given.
fn fetch_into(
    folder: &Path,
    download: &dyn Fn(&Path) -> Result<(), StartError>,
) -> Result<(), StartError> {
    if is_complete(folder) {
        return Ok(());
    }
    let _lock = lock(folder)?;
    if is_complete(folder) {
        return Ok(());
    }
    let scratch = beside(folder, "fetching");
    // What a killed process left; nobody else is here while we hold the lock.
    if scratch.exists() {
        fs::remove_dir_all(&scratch).map_err(StartError::io("remove", &scratch))?;
    }
    fs::create_dir_all(&scratch).map_err(StartError::io("create", &scratch))?;
    download(&scratch)?;
    install(&scratch, folder).map_err(StartError::io("move jars to", folder))?;
    fs::remove_dir_all(&scratch).map_err(StartError::io("remove", &scratch))
}

/// Moves whole jars, then marks the folder. A folder that was half filled by other means is completed.
fn install(scratch: &Path, folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for jar in jars_in(scratch)? {
        if let Some(name) = jar.file_name() {
            fs::rename(&jar, folder.join(name))?;
        }
    }
    File::create(folder.join(MARKER)).map(drop)
}

/// The jars of `folder`, sorted.
fn jars_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut jars = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "jar") {
            jars.push(path);
        }
    }
    jars.sort();
    Ok(jars)
}

/// Lets Maven copy the jars of `pom.xml` and all they depend on into `scratch`.
fn maven(scratch: &Path) -> Result<(), StartError> {
    if !backend::on_path("mvn") {
        return Err(StartError::NotInstalled { program: "mvn" });
    }
    // Maven takes a relative path from the folder of the pom.
    let scratch = scratch
        .canonicalize()
        .map_err(StartError::io("find", scratch))?;
    let pom = scratch.join("pom.xml");
    fs::write(&pom, POM).map_err(StartError::io("write", &pom))?;
    let mut output_directory = OsString::from("-DoutputDirectory=");
    output_directory.push(&scratch);
    let output = Command::new("mvn")
        .args(["-q", "-B", "-f"])
        .arg(&pom)
        .arg("dependency:copy-dependencies")
        .arg(output_directory)
        .stdin(Stdio::null())
        .output()
        .map_err(StartError::io("run", "mvn"))?;
    succeeded("fetching Kafka's jars with mvn", &output)
}

/// An error with the end of what the program printed, unless it succeeded.
pub(crate) fn succeeded(what: &'static str, output: &Output) -> Result<(), StartError> {
    if output.status.success() {
        return Ok(());
    }
    let mut printed = String::from_utf8_lossy(&output.stdout).into_owned();
    printed.push_str(&String::from_utf8_lossy(&output.stderr));
    Err(StartError::Failed {
        what,
        status: output.status,
        output: last_lines(&printed, 12),
    })
}

/// The last `count` lines of `text`, not counting Java's stack frames, which are left out.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("\tat "))
        .collect();
    let from = lines.len().saturating_sub(count);
    lines.get(from..).unwrap_or_default().join("\n")
}

/// There when every jar is.
const MARKER: &str = ".complete";

/// The broker; Kafka's own command-line tools; and a logger, without which a broker dies in silence.
const POM: &str = r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>jars</groupId>
  <artifactId>jars</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>4.3.1</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>4.3.1</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.4</version></dependency>
  </dependencies>
</project>
"#;

#[cfg(test)]
mod tests;
