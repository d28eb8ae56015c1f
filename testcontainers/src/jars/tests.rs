use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Puts the one jar that matters into the folder, in place of Maven.
#[expect(clippy::unnecessary_wraps, reason = "what it stands in for can fail")]
fn download(folder: &Path) -> Result<(), StartError> {
    fs::write(folder.join("b.jar"), "b").unwrap();
    fs::write(folder.join("pom.xml"), POM).unwrap();
    fs::write(clients_jar(folder), "definitions").unwrap();
    Ok(())
}

fn never(_: &Path) -> Result<(), StartError> {
    panic!("a complete folder needs no download")
}

#[test]
fn the_folder_is_the_first_that_the_environment_names() {
    let path = |name: &str| Some(PathBuf::from(name));
    let check = |folder: Option<PathBuf>, expected: &str| assert_eq!(folder, path(expected));
    check(
        folder_from(path("/jars"), path("/cache"), path("/home")),
        "/jars/4.3.1",
    );
    check(
        folder_from(None, path("/cache"), path("/home")),
        "/cache/kafka-jars/4.3.1",
    );
    check(
        folder_from(None, None, path("/home")),
        "/home/.cache/kafka-jars/4.3.1",
    );
    assert_eq!(folder_from(None, None, None), None);
}

#[test]
fn the_pom_asks_for_the_version_that_runs() {
    assert_eq!(
        POM.matches(&format!("<version>{KAFKA_VERSION}</version>"))
            .count(),
        2
    );
}

#[test]
fn a_fetched_folder_holds_the_jars_and_is_complete() {
    let cache = tempfile::tempdir().unwrap();
    let folder = cache.path().join("kafka-jars").join(KAFKA_VERSION);
    fetch_into(&folder, &download).unwrap();
    assert!(is_complete(&folder));
    assert_eq!(
        jars_in(&folder).unwrap(),
        [folder.join("b.jar"), clients_jar(&folder)]
    );
    assert!(
        !beside(&folder, "fetching").exists(),
        "the scratch folder is gone"
    );
    fetch_into(&folder, &never).unwrap();
}

#[test]
fn a_failed_fetch_leaves_nothing_that_looks_complete_and_can_be_repeated() {
    let cache = tempfile::tempdir().unwrap();
    let folder = cache.path().join(KAFKA_VERSION);
    let failing = |scratch: &Path| {
        fs::write(clients_jar(scratch), "half").unwrap();
        Err(StartError::NotInstalled { program: "mvn" })
    };
    fetch_into(&folder, &failing).unwrap_err();
    assert!(!is_complete(&folder));
    fetch_into(&folder, &download).unwrap();
    assert_eq!(
        fs::read_to_string(clients_jar(&folder)).unwrap(),
        "definitions"
    );
}

#[test]
fn a_half_filled_folder_is_completed() {
    let cache = tempfile::tempdir().unwrap();
    let folder = cache.path().join(KAFKA_VERSION);
    fs::create_dir(&folder).unwrap();
    fs::write(clients_jar(&folder), "half").unwrap();
    fetch_into(&folder, &download).unwrap();
    assert_eq!(
        fs::read_to_string(clients_jar(&folder)).unwrap(),
        "definitions"
    );
}

#[test]
fn of_many_who_fetch_at_once_one_downloads() {
    let cache = tempfile::tempdir().unwrap();
    let folder = cache.path().join(KAFKA_VERSION);
    let downloads = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let counted = |scratch: &Path| {
                    downloads.fetch_add(1, Ordering::SeqCst);
                    download(scratch)
                };
                fetch_into(&folder, &counted).unwrap();
                assert!(is_complete(&folder));
            });
        }
    });
    assert_eq!(downloads.load(Ordering::SeqCst), 1);
}

#[test]
fn the_end_of_a_long_output_is_kept() {
    assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc");
    assert_eq!(last_lines("a\n\tat java.base\nb\n", 2), "a\nb");
    assert_eq!(last_lines("a", 2), "a");
    assert_eq!(last_lines("", 2), "");
}
