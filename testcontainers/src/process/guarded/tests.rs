use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

/// Somewhere for a program to live that its guard may remove.
struct Home {
    _root: TempDir,
    folder: PathBuf,
}

impl Home {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("cluster of one");
        std::fs::create_dir(&folder).unwrap();
        Self {
            _root: root,
            folder,
        }
    }

    fn run(&self, script: &str) -> Guarded {
        let arguments = ["-c", script].map(OsString::from);
        Guarded::start("sh", arguments, &self.folder.join("log"), &self.folder).unwrap()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap()
    }
}

async fn end_of(process: &mut Guarded) -> Option<i32> {
    tokio::time::timeout(Duration::from_secs(30), process.ended())
        .await
        .unwrap();
    process.status().unwrap().code()
}

#[tokio::test]
async fn its_end_and_its_output_are_seen() {
    let home = Home::new();
    let mut process = home.run("echo out; echo err >&2; exit 3");
    assert_eq!(end_of(&mut process).await, Some(3));
    assert_eq!(home.log(), "out\nerr\n");
    process.signal(Signal::Kill).unwrap();
    drop(process);
    assert!(home.folder.exists(), "it ended by itself, we did not");
}

#[tokio::test]
async fn a_program_that_is_not_there_ends_at_once() {
    let home = Home::new();
    let log = home.folder.join("log");
    let mut process = Guarded::start("no-such-program", [], &log, &home.folder).unwrap();
    assert_eq!(end_of(&mut process).await, Some(127));
    assert!(home.log().contains("no-such-program"));
}

#[tokio::test]
async fn kill_and_terminate_show_in_the_status() {
    let home = Home::new();
    for (signal, status) in [(Signal::Kill, 137), (Signal::Terminate, 143)] {
        let mut process = home.run("exec sleep 1000");
        assert_eq!(process.status(), None);
        process.signal(signal).unwrap();
        assert_eq!(end_of(&mut process).await, Some(status));
    }
    assert!(home.folder.exists(), "a killed broker keeps its data");
}

#[tokio::test]
async fn stop_and_continue_do_what_they_say() {
    let home = Home::new();
    let process = home.run("exec sleep 1000");
    process.signal(Signal::Stop).unwrap();
    process.stopped().await;
    assert_eq!(process.state(), Some('T'));
    process.signal(Signal::Continue).unwrap();
    // It cannot end before it goes on.
    process.signal(Signal::Terminate).unwrap();
    let mut process = process;
    assert_eq!(end_of(&mut process).await, Some(143));
}

#[test]
fn dropping_kills_even_what_is_stopped_and_removes_the_folder() {
    let home = Home::new();
    let process = home.run("trap '' TERM; exec sleep 1000");
    let proc = PathBuf::from(format!("/proc/{}", process.pid()));
    assert!(proc.exists());
    process.signal(Signal::Stop).unwrap();
    drop(process);
    assert!(!proc.exists());
    assert!(!home.folder.exists());
}
