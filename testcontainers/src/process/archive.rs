//! A class archive (JEP 350): what the JVM has learnt about Kafka's classes in one run, for the runs to come.
//!
//! With it a broker starts in half the processor time. It fits one JVM and one class path only, and lies beside the
//! jars. It is made once, by a broker that is started and stopped for that; if that fails, there is none, and that is
//! remembered, too: everything works without.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};
use std::{fs, io};

use super::recipe::Recipe;
use super::{Node, Processes};
use crate::cluster::ClusterSpec;
use crate::{StartError, backend, jars, probe};

/// The same recipe with the archive, which is made first if there is none.
pub(super) async fn add_to(recipe: Recipe) -> Recipe {
    let Some(archive) = path_for(&recipe) else {
        return recipe;
    };
    if !archive.exists()
        && let Err(error) = make_once(&recipe, &archive).await
    {
        tracing::warn!(%error, "no class archive: brokers start slower");
        // Empty, it says that it cannot be made here. If not even that can be written, the next start tries again.
        let _ = fs::write(&archive, "");
    }
    let is_usable = archive.metadata().is_ok_and(|file| file.len() > 0);
    recipe.with_archive(is_usable.then_some(archive))
}

/// Where the archive for this machine's `java` lies; `None` if there is no `java` to know.
fn path_for(recipe: &Recipe) -> Option<PathBuf> {
    let java = backend::find_on_path("java")?.canonicalize().ok()?;
    let file = java.metadata().ok()?;
    let mut key = DefaultHasher::new();
    java.hash(&mut key);
    file.len().hash(&mut key);
    // An updated JVM refuses the archive of the one before.
    file.modified()
        .unwrap_or(SystemTime::UNIX_EPOCH)
        .hash(&mut key);
    recipe.class_path().hash(&mut key);
    Some(
        recipe
            .jars()
            .join(format!("classes-{:016x}.jsa", key.finish())),
    )
}

/// Makes it unless another process has by now.
async fn make_once(recipe: &Recipe, archive: &Path) -> Result<(), StartError> {
    let jars = recipe.jars().to_owned();
    let _lock = tokio::task::spawn_blocking(move || jars::lock(&jars))
        .await
        .unwrap_or_else(|stopped| {
            Err(StartError::io("lock", archive)(io::Error::other(stopped)))
        })?;
    if archive.exists() {
        return Ok(());
    }
    let partial = jars::beside(archive, "partial");
    if partial.exists() {
        fs::remove_file(&partial).map_err(StartError::io("remove", &partial))?;
    }
    record(recipe, &partial).await?;
    // A damaged archive makes the JVM crash: better here than in every test.
    let trial = recipe.clone().with_archive(Some(partial.clone()));
    tokio::task::spawn_blocking(move || try_out(&trial))
        .await
        .unwrap_or_else(|stopped| Err(StartError::io("run", "java")(io::Error::other(stopped))))?;
    fs::rename(&partial, archive).map_err(StartError::io("write", archive))
}

/// Runs a broker through a short life, at whose end the JVM writes the archive.
async fn record(recipe: &Recipe, archive: &Path) -> Result<(), StartError> {
    let recorder = recipe.clone().recording_to(archive);
    let mut cluster = Processes::start_with(&ClusterSpec::nodes(1), recorder).await?;
    let address = cluster.nodes().first().map(Node::direct);
    let address = address.ok_or(StartError::NoNodes)?;
    let used = async {
        while probe::create_topic(address, "recorded", 1, 1)
            .await
            .is_err()
        {
            cluster.nodes().iter().try_for_each(Node::check)?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    };
    let late = |_| StartError::io("finish", archive)(io::ErrorKind::TimedOut.into());
    tokio::time::timeout(LIMIT, used).await.map_err(late)??;
    let stopped = cluster.stop_all().await;
    stopped.map_err(|error| StartError::io("write", archive)(io::Error::other(error)))
}

fn try_out(recipe: &Recipe) -> Result<(), StartError> {
    let folder = tempfile::tempdir().map_err(StartError::io("create", "a folder"))?;
    let output = Command::new("java")
        .args(recipe.java(folder.path()))
        .args(["kafka.Kafka", "--version"])
        .stdin(Stdio::null())
        .output()
        .map_err(StartError::io("run", "java"))?;
    jars::succeeded("java with the class archive", &output)
}

/// For a broker to start, on a busy machine.
const LIMIT: Duration = Duration::from_mins(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_an_archive_brokers_run_all_the_same_and_the_failure_is_remembered() {
        let cache = tempfile::tempdir().unwrap();
        let folder = cache.path().join("without-jars");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("bootstrap.checkpoint"), "").unwrap();
        let recipe = Recipe::in_folder(&folder).unwrap();
        let archive = path_for(&recipe).expect("these tests need `java`");

        let plain = recipe.java(&folder);
        for _ in 0..2 {
            let recipe = add_to(recipe.clone()).await;
            assert_eq!(recipe.java(&folder), plain, "without an archive");
            assert_eq!(archive.metadata().unwrap().len(), 0);
        }
    }
}
