//! The unit file, and what the daemon tells the service manager.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use super::process::{Place, Running};

const UNIT: &str = include_str!("../../../systemd/cabwire.service");

#[test]
fn the_unit_file_is_clean() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        eprintln!("skipped: systemd-analyze is not installed");
        return;
    }
    let place = Place::new();
    // The binary is not installed where the unit file has it.
    place
        .write("cabwire.service", &UNIT.replace("/usr/bin/cabwire", env!("CARGO_BIN_EXE_cabwire")));
    let unit = place.path().join("cabwire.service");
    let verify = Command::new("systemd-analyze").arg("verify").arg(&unit).output().unwrap();
    let said = String::from_utf8_lossy(&verify.stderr);
    assert!(verify.status.success() && said.is_empty(), "{said}");
}

/// The next datagram with `word` in it.
fn told(socket: &UnixDatagram, word: &str) -> String {
    let mut buffer = [0; 4096];
    loop {
        let length =
            socket.recv(&mut buffer).unwrap_or_else(|error| panic!("never {word}: {error}"));
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if text.contains(word) {
            return text;
        }
    }
}

#[test]
fn the_service_manager_is_told_when_the_daemon_is_ready_alive_and_stopping() {
    let place = Place::new();
    place.configure();
    let path = place.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut command = place.command(&["serve"]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "300000");
    let daemon = Running::start(command);
    let ready = told(&socket, "READY=1");
    assert!(ready.contains("STATUS=") && ready.contains("API on 127.0.0.1:"), "{ready}");
    told(&socket, "WATCHDOG=1");
    daemon.signal(Signal::TERM);
    told(&socket, "STOPPING=1");
    assert!(daemon.end().success());
}

#[test]
fn a_journal_gets_no_secrets() {
    let place = Place::new();
    place.configure();
    let mut command = place.command(&["serve"]);
    command.env("JOURNAL_STREAM", "8:1");
    let daemon = Running::start(command);
    daemon.line("are not written to the journal");
    daemon.signal(Signal::TERM);
    assert!(daemon.end().success());
}
