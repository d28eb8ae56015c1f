//! Which kind of broker runs: what `KAFKA_BACKEND` says, or else what this machine has.
//!
//! Starts nothing and fetches nothing.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Once;

use crate::{StartError, jars};

/// A kind of broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Backend {
    /// An in-process broker on real TCP: nothing to install, and a hook that sees every request.
    Embedded,
    /// Apache Kafka on the local JVM.
    Process,
    /// Apache Kafka in containers. Not built yet.
    Docker,
}

impl Backend {
    /// The backend named by `KAFKA_BACKEND`; unset or empty, a real broker if `java` and `mvn` are there (`mvn` is
    /// not needed once the jars are cached).
    ///
    /// Says once per process, on stderr, which backend it is.
    pub fn choose() -> Result<Self, StartError> {
        static SAID: Once = Once::new();
        let wanted = std::env::var("KAFKA_BACKEND").ok();
        let backend = choose_from(wanted.as_deref(), Installed::here())?;
        SAID.call_once(|| eprintln!("Kafka backend: {backend}"));
        Ok(backend)
    }

    /// The name that `KAFKA_BACKEND` takes: `process`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Process => "process",
            Self::Docker => "docker",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What this machine has of the things a real broker needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Installed {
    java: Found,
    /// Maven, or jars that make it unnecessary.
    maven: Found,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Here,
    Missing,
}

impl Installed {
    pub(crate) fn here() -> Self {
        Self {
            java: Found::when(on_path("java")),
            maven: Found::when(jars::are_cached() || on_path("mvn")),
        }
    }

    /// An error that says what to install, unless a real broker can run.
    pub(crate) fn check(self) -> Result<(), StartError> {
        for (program, found) in [("java", self.java), ("mvn", self.maven)] {
            if found == Found::Missing {
                return Err(StartError::NotInstalled { program });
            }
        }
        Ok(())
    }
}

impl Found {
    fn when(found: bool) -> Self {
        if found { Self::Here } else { Self::Missing }
    }
}

fn choose_from(wanted: Option<&str>, installed: Installed) -> Result<Backend, StartError> {
    match wanted.unwrap_or_default() {
        "embedded" => Ok(Backend::Embedded),
        "process" | "" => installed.check().map(|()| Backend::Process),
        "docker" => Err(StartError::NotBuilt {
            backend: Backend::Docker,
        }),
        name => Err(StartError::UnknownBackend { name: name.into() }),
    }
}

/// Whether `program` is in one of the folders of `PATH`.
pub(crate) fn on_path(program: &str) -> bool {
    find_on_path(program).is_some()
}

/// The first `program` in the folders of `PATH`.
pub(crate) fn find_on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    path.metadata()
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Installed = Installed {
        java: Found::Here,
        maven: Found::Here,
    };
    const NO_JAVA: Installed = Installed {
        java: Found::Missing,
        maven: Found::Missing,
    };
    const NO_MAVEN: Installed = Installed {
        java: Found::Here,
        maven: Found::Missing,
    };

    fn check(wanted: Option<&str>, installed: Installed, expected: Result<Backend, &str>) {
        let chosen = choose_from(wanted, installed).map_err(|error| error.to_string());
        match (&chosen, &expected) {
            (Ok(chosen), Ok(expected)) => assert_eq!(chosen, expected),
            (Err(chosen), Err(expected)) => {
                assert!(chosen.contains(expected), "{chosen}");
                assert!(!chosen.contains('\n'), "one sentence: {chosen}");
            }
            _ => panic!("{wanted:?}: {chosen:?} is not {expected:?}"),
        }
    }

    #[test]
    fn a_name_decides_whatever_is_installed() {
        check(Some("embedded"), NO_JAVA, Ok(Backend::Embedded));
        check(Some("embedded"), ALL, Ok(Backend::Embedded));
        check(Some("process"), ALL, Ok(Backend::Process));
    }

    #[test]
    fn without_a_name_a_real_broker_runs() {
        check(None, ALL, Ok(Backend::Process));
        check(Some(""), ALL, Ok(Backend::Process));
    }

    #[test]
    fn what_is_missing_is_named_with_what_to_install() {
        for wanted in [None, Some("process")] {
            check(wanted, NO_JAVA, Err("`java`"));
            check(wanted, NO_MAVEN, Err("`mvn`"));
            check(wanted, NO_MAVEN, Err("apt-get install"));
        }
    }

    #[test]
    fn docker_says_that_it_is_not_built_only_when_asked_for() {
        check(Some("docker"), ALL, Err("not built"));
        check(None, ALL, Ok(Backend::Process));
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        check(
            Some("podman"),
            ALL,
            Err("KAFKA_BACKEND=podman names no backend"),
        );
        check(Some("podman"), ALL, Err("embedded, process, docker"));
    }

    #[test]
    fn programs_are_found_on_the_path_only_if_they_can_run() {
        assert!(on_path("sh"));
        assert!(!on_path("a-program-nobody-has"));
        assert!(!is_program(Path::new("/etc/passwd")));
        assert!(!is_program(Path::new("/")));
    }
}
