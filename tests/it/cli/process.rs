//! Runs the command in a directory of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use protocols::registry;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long a process may take before a test gives up. Nothing is measured with it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A directory in which commands run.
pub struct Place {
    directory: TempDir,
}

/// What a command printed, and how it ended.
pub struct Printed {
    pub out: String,
    pub err: String,
    pub ok: bool,
}

impl Place {
    pub fn new() -> Self {
        Self { directory: TempDir::new().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    /// A configuration on free ports.
    pub fn configure(&self) {
        let mut text = "[api]\naddresses = [\"127.0.0.1:0\"]\n".to_owned();
        let names = registry::ALL.iter().map(|protocol| protocol.info().name).chain(["auto"]);
        for name in names {
            text.push_str(&format!(
                "[[listener]]\nprotocol = \"{name}\"\naddresses = [\"127.0.0.1:0\"]\n"
            ));
        }
        self.write("cabwire.toml", &text);
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cabwire"));
        command.args(args).current_dir(self.path()).stdin(Stdio::null());
        for inherited in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM"] {
            command.env_remove(inherited);
        }
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Printed {
        Printed::from(self.command(args).output().unwrap())
    }

    /// Runs a command to its end; it must succeed. What it printed.
    pub fn good(&self, args: &[&str]) -> String {
        let printed = self.run(args);
        assert!(printed.ok, "{args:?}: {}{}", printed.out, printed.err);
        printed.out
    }

    /// Runs a command that must fail. What it said.
    pub fn bad(&self, args: &[&str]) -> String {
        let printed = self.run(args);
        assert!(!printed.ok, "{args:?} should have failed: {}", printed.out);
        printed.err
    }

    /// Runs a command that prints JSON.
    pub fn json(&self, args: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.good(args)).unwrap()
    }

    /// Runs a command with something on its standard input.
    pub fn fed(&self, args: &[&str], input: &str) -> Printed {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Printed::from(child.wait_with_output().unwrap())
    }
}

impl From<Output> for Printed {
    fn from(output: Output) -> Self {
        Self {
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
            ok: output.status.success(),
        }
    }
}

/// A process that runs on until it is told to stop; killed if the test forgets.
pub struct Running {
    child: Child,
    out: Lines,
    err: Lines,
}

/// What a process prints, line by line. The two outputs have no order between them.
type Lines = mpsc::Receiver<String>;

impl Running {
    /// Starts a command.
    pub fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let out = lines(child.stdout.take().unwrap());
        let err = lines(child.stderr.take().unwrap());
        Self { child, out, err }
    }

    /// The next line of standard output with `word` in it.
    pub fn line(&self, word: &str) -> String {
        next(&self.out, word)
    }

    /// The next line of the log with `word` in it.
    pub fn logged(&self, word: &str) -> String {
        next(&self.err, word)
    }

    /// The address at the end of the next log line with `word` in it.
    pub fn address(&self, word: &str) -> SocketAddr {
        let line = self.logged(word);
        let (_, address) = line.rsplit_once("address=").unwrap();
        address.trim().parse().unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end.
    pub fn end(mut self) -> ExitStatus {
        // The outputs end with the process; whoever reads them to the end does not wait in vain.
        for lines in [&self.out, &self.err] {
            loop {
                match lines.recv_timeout(PATIENCE) {
                    Ok(_) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                    Err(RecvTimeoutError::Timeout) => panic!("the process does not end"),
                }
            }
        }
        self.child.wait().unwrap()
    }
}

fn lines(from: impl Read + Send + 'static) -> Lines {
    let (send, lines) = mpsc::sync_channel(10_000);
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn next(lines: &Lines, word: &str) -> String {
    let mut seen = Vec::new();
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) if line.contains(word) => return line,
            Ok(line) => seen.push(line),
            Err(error) => panic!("no line with `{word}` ({error}): {seen:#?}"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}
