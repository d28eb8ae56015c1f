//! A process under a guard that ends it with us, and the signals it is sent.
//!
//! A guard rather than `PR_SET_PDEATHSIG`: that one fires when the *thread* that started the process ends. And a
//! thread that waits rather than tokio's `Child`: a cluster may be shared by tests with a runtime each.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

/// A process that runs until dropped or told to end. Dropping kills it and returns when it is dead.
#[derive(Debug)]
pub(crate) struct Guarded {
    pid: u32,
    ended: watch::Receiver<Option<ExitStatus>>,
    /// Closing it tells the guard that we are gone.
    alive: Option<ChildStdin>,
    waiter: Option<JoinHandle<()>>,
}

/// What a process is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Kill,
    Terminate,
    Stop,
    Continue,
}

impl Guarded {
    /// Starts `program`. What it prints is appended to `log`; `folder` is removed if we are gone before it.
    ///
    /// Blocks for the moment it takes to start a shell.
    pub(crate) fn start(
        program: &str,
        arguments: impl IntoIterator<Item = OsString>,
        log: &Path,
        folder: &Path,
    ) -> io::Result<Self> {
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .args([log, folder])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Ctrl-C is for the test; the guard must live on to clean up.
            .process_group(0)
            .spawn()?;
        let alive = guard.stdin.take();
        let pid = first_line(&mut guard)?;
        let (tell, ended) = watch::channel(None);
        let waiter = std::thread::Builder::new()
            .name(format!("wait-{pid}"))
            .spawn(move || tell_end(&mut guard, &tell))?;
        Ok(Self {
            pid,
            ended,
            alive,
            waiter: Some(waiter),
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended; `None` while it runs or is stopped. A signal shows as 128 and its number.
    pub(crate) fn status(&self) -> Option<ExitStatus> {
        *self.ended.borrow()
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(&mut self) {
        // An error means that the waiter is gone, which it is when the process is.
        let _ = self.ended.wait_for(Option::is_some).await;
    }

    /// Waits until it is stopped, which is a moment after the signal; returns at once where that cannot be seen.
    pub(crate) async fn stopped(&self) {
        while matches!(self.state(), Some(state) if state != 'T') {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Its state as Linux tells it: `T` is stopped. `None` elsewhere, and when it has ended.
    fn state(&self) -> Option<char> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?;
        // The name of the program stands before it, in parentheses, and may hold anything.
        stat.rsplit_once(") ")?.1.chars().next()
    }

    /// Sends a signal; does nothing if the process has ended.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        if self.status().is_some() {
            return Ok(());
        }
        // The shell's own `kill`: not every system has one as a program.
        let output = Command::new("sh")
            .args(["-c", "kill -s \"$1\" \"$2\"", "kill", signal.name()])
            .arg(self.pid.to_string())
            .stdin(Stdio::null())
            .output()?;
        // It may have ended since we looked.
        if output.status.success() || self.status().is_some() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(said.trim().to_owned()))
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Some(waiter) = self.waiter.take() {
            // The waiter does not panic; if it did, there would be nobody to tell.
            let _ = waiter.join();
        }
    }
}

impl Signal {
    /// The name that `kill -s` takes.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kill => "KILL",
            Self::Terminate => "TERM",
            Self::Stop => "STOP",
            Self::Continue => "CONT",
        }
    }
}

/// The pid of the program, the only line that a guard prints.
fn first_line(guard: &mut Child) -> io::Result<u32> {
    let mut line = String::new();
    if let Some(stdout) = guard.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    line.trim()
        .parse()
        .map_err(|_| io::Error::other("the guard told no pid"))
}

fn tell_end(guard: &mut Child, tell: &watch::Sender<Option<ExitStatus>>) {
    // Waiting for a child of ours cannot fail.
    if let Ok(status) = guard.wait() {
        tell.send_replace(Some(status));
    }
}

const GUARD: &str = include_str!("guard.sh");

#[cfg(test)]
mod tests;
