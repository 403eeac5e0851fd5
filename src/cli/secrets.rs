//! Where commands get secrets from: a file, standard input, or a prompt that does not show what is typed.

use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::Path;

use anyhow::{Context, ensure};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

/// Longest secret in bytes.
const LONGEST: u64 = 4096;

/// The secret in `file`: its first line. `-` is standard input.
pub(super) fn from_file(file: &Path) -> anyhow::Result<String> {
    if file == Path::new("-") {
        return from_stdin();
    }
    let open = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    first_line(open).with_context(|| format!("cannot use the secret in {}", file.display()))
}

/// The first line of standard input.
pub(super) fn from_stdin() -> anyhow::Result<String> {
    first_line(io::stdin().lock()).context("cannot use the secret on standard input")
}

/// Asks for a new password, twice if a person types it; reads one line if standard input is no terminal.
pub(super) fn new_password() -> anyhow::Result<String> {
    if !io::stdin().is_terminal() {
        return from_stdin();
    }
    let password = ask("New password: ")?;
    ensure!(password == ask("Once more: ")?, "the two passwords differ");
    ensure!(!password.is_empty(), "the password is empty");
    Ok(password)
}

fn ask(prompt: &str) -> anyhow::Result<String> {
    let stdin = io::stdin();
    let shown = tcgetattr(&stdin).context("cannot hide what is typed")?;
    let mut hidden = shown.clone();
    hidden.local_modes -= LocalModes::ECHO;
    let mut terminal = io::stderr();
    write!(terminal, "{prompt}")?;
    terminal.flush()?;
    tcsetattr(&stdin, OptionalActions::Flush, &hidden).context("cannot hide what is typed")?;
    let mut line = String::new();
    let read = stdin.lock().take(LONGEST).read_line(&mut line);
    tcsetattr(&stdin, OptionalActions::Flush, &shown).context("cannot show what is typed again")?;
    writeln!(terminal)?;
    read.context("cannot read what is typed")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn first_line(from: impl Read) -> anyhow::Result<String> {
    let mut text = String::new();
    from.take(LONGEST).read_to_string(&mut text)?;
    let line = text.lines().next().unwrap_or_default();
    ensure!(!line.is_empty(), "it is empty");
    Ok(line.to_owned())
}
