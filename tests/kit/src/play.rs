//! Playing a transcript against a [`Host`].

use protocols::{DeliveryToken, Downlink, Lane, Limits, Protocol};

use crate::host::{Happening, Host};
use crate::literal::{bytes_literal, parse_bytes};
use crate::show::lines;
use crate::transcript::{Expected, Input, Step, Transcript};

/// What one step brought.
#[derive(Debug, Clone)]
pub struct Played {
    /// Line of the input.
    pub line: usize,
    /// Everything that happened.
    pub happenings: Vec<Happening>,
}

/// Plays all steps.
///
/// # Errors
/// A step that could not be done, or a rule that was broken.
pub fn play(
    transcript: &Transcript,
    protocol: &'static dyn Protocol,
) -> Result<Vec<Played>, String> {
    let mut host = Host::new(protocol, Limits::default());
    let mut played = Vec::new();
    for step in &transcript.steps {
        let line = step.line;
        let problem = |what: String| format!("{}:{line}: {what}", transcript.path.display());
        do_step(&mut host, protocol, step).map_err(problem)?;
        if !transcript.manual_commits {
            host.commit_all();
        }
        if let Some(violation) = host.violations.first() {
            return Err(problem(violation.clone()));
        }
        played.push(Played { line, happenings: host.take() });
    }
    Ok(played)
}

fn do_step(host: &mut Host, protocol: &'static dyn Protocol, step: &Step) -> Result<(), String> {
    match &step.input {
        Input::Device(bytes) => host.receive(bytes),
        Input::Admit(admit) => host.admit(admit)?,
        Input::Downlink { token, serial, repeat, content } => {
            let token = DeliveryToken(*token);
            let content = content.clone();
            host.send(Lane(0), Downlink { token, serial: *serial, repeat: *repeat, content })?;
        }
        Input::Clock(by) => host.advance(*by),
        Input::Commit { stored } => host.commit(*stored)?,
        Input::Reconnect => *host = Host::new(protocol, Limits::default()),
        Input::Shutdown => host.shut_down(),
    }
    Ok(())
}

/// Plays a transcript and compares; with `UPDATE_FIXTURES=1` in the environment, rewrites the file instead.
///
/// # Errors
/// What is different, with file and line, or why it cannot be played.
pub fn check(transcript: &Transcript, protocol: &'static dyn Protocol) -> Result<(), String> {
    let played = play(transcript, protocol)?;
    if std::env::var_os("UPDATE_FIXTURES").is_some_and(|value| value == "1") {
        return update(transcript, &played);
    }
    let mut problems = String::new();
    for (step, played) in transcript.steps.iter().zip(&played) {
        let found: Vec<_> = played.happenings.iter().flat_map(lines).collect();
        let expected: Vec<_> = step.expected.iter().map(expected_line).collect();
        if found != expected {
            problems += &format!(
                "{}:{}:\n  expected\n{}  found\n{}",
                transcript.path.display(),
                step.line,
                indented(&expected),
                indented(&found),
            );
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(format!("{problems}(UPDATE_FIXTURES=1 rewrites the expected lines)"))
}

fn indented(lines: &[String]) -> String {
    lines.iter().map(|line| format!("    {line}\n")).collect()
}

fn expected_line(expected: &Expected) -> String {
    match expected {
        Expected::Platform(bytes) => format!("< {}", bytes_literal(bytes)),
        Expected::Happening(words) => format!("! {words}"),
    }
}

/// Rewrites the expected lines; everything else stays as it is.
fn update(transcript: &Transcript, played: &[Played]) -> Result<(), String> {
    let path = &transcript.path;
    let problem = |error: std::io::Error| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(problem)?;
    let mut out = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with(['<', '!']) {
            continue;
        }
        out += line.trim_end();
        out.push('\n');
        for step in played.iter().filter(|step| step.line == number) {
            for line in step.happenings.iter().flat_map(lines) {
                // What cannot be read back must not be written.
                if let Some(bytes) = line.strip_prefix("< ") {
                    parse_bytes(bytes)?;
                }
                out += &line;
                out.push('\n');
            }
        }
    }
    std::fs::write(path, out).map_err(problem)
}
