//! Playing a transcript against a [`Host`].

use protocols::{DeliveryToken, Downlink, Effect, Lane, Limits, Protocol};

use crate::host::{Happening, Host, ISSUED_CODE};
use crate::literal::{bytes_literal, parse_bytes};
use crate::show::lines;
use crate::transcript::{Admit, Expected, Input, Transcript};

/// What one step brought.
#[derive(Debug, Clone)]
pub struct Played {
    /// Line of the input.
    pub line: usize,
    /// Everything that happened.
    pub happenings: Vec<Happening>,
    /// How many texts the first lane then took.
    pub window: usize,
    /// Bytes then kept because their frame was incomplete.
    pub buffered: usize,
}

/// In which reads a device's line arrives: asked with the number of the step and its bytes.
pub type Reads<'a> = &'a dyn Fn(usize, &[u8]) -> Vec<Vec<u8>>;

/// How a transcript is played other than as written.
pub struct Variant<'a> {
    /// The connection's limits.
    pub limits: Limits,
    /// What arrives of a device's line.
    pub reads: Reads<'a>,
    /// What every login is answered with, instead of what is written. Texts that the session then does not take are left out.
    pub admit: Option<Admit>,
    /// No record is ever stored.
    pub without_commits: bool,
    /// The authentication code that the host issues to an identity.
    pub issue: &'a dyn Fn(&str) -> String,
}

impl Default for Variant<'_> {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            limits,
            reads: &|_, bytes| vec![bytes.to_vec()],
            admit: None,
            without_commits: false,
            issue: &|_| ISSUED_CODE.to_owned(),
        }
    }
}

/// Plays all steps as they are written.
///
/// # Errors
/// A step that could not be done, or a rule that was broken.
pub fn play(
    transcript: &Transcript,
    protocol: &'static dyn Protocol,
) -> Result<Vec<Played>, String> {
    play_variant(transcript, protocol, &Variant::default())
}

/// Plays all steps in a different way.
///
/// # Errors
/// A step that could not be done, or a rule that was broken.
pub fn play_variant(
    transcript: &Transcript,
    protocol: &'static dyn Protocol,
    variant: &Variant<'_>,
) -> Result<Vec<Played>, String> {
    let mut host = Host::new(protocol, variant.limits.clone());
    let mut played = Vec::new();
    for (index, step) in transcript.steps.iter().enumerate() {
        let line = step.line;
        let problem = |what: String| format!("{}:{line}: {what}", transcript.path.display());
        do_step(&mut host, protocol, variant, index, &step.input).map_err(problem)?;
        if !(transcript.manual_commits || variant.without_commits) {
            host.commit_all();
        }
        if let Some(violation) = host.violations.first() {
            return Err(problem(violation.clone()));
        }
        let (window, buffered) = (host.window(Lane(0)), host.buffered());
        played.push(Played { line, happenings: host.take(), window, buffered });
    }
    Ok(played)
}

/// Plays only as far as the first device is online; `None` if none ever is.
///
/// # Errors
/// A step that could not be done.
pub fn play_login(
    transcript: &Transcript,
    protocol: &'static dyn Protocol,
) -> Result<Option<Host>, String> {
    let variant = Variant::default();
    let mut host = Host::new(protocol, variant.limits.clone());
    for (index, step) in transcript.steps.iter().enumerate() {
        do_step(&mut host, protocol, &variant, index, &step.input)?;
        host.commit_all();
        let online = |seen: &Happening| matches!(seen, Happening::Effect(Effect::Online { .. }));
        if host.take().iter().any(online) {
            return Ok(Some(host));
        }
    }
    Ok(None)
}

fn do_step(
    host: &mut Host,
    protocol: &'static dyn Protocol,
    variant: &Variant<'_>,
    index: usize,
    input: &Input,
) -> Result<(), String> {
    match input {
        Input::Device(bytes) => {
            for read in (variant.reads)(index, bytes) {
                host.receive(&read);
                // Whoever is refused asks again with every frame, also where the transcript lets it in.
                while let (Some(admit), Some(_)) = (&variant.admit, host.asking()) {
                    host.admit_with(admit, variant.issue)?;
                }
            }
        }
        Input::Admit(admit) => match &variant.admit {
            // Answered already.
            Some(_) => {}
            None => host.admit_with(admit, variant.issue)?,
        },
        Input::Downlink { .. } if variant.admit.is_some() && host.window(Lane(0)) == 0 => {}
        Input::Downlink { token, serial, repeat, content } => {
            let token = DeliveryToken(*token);
            let content = content.clone();
            host.send(Lane(0), Downlink { token, serial: *serial, repeat: *repeat, content })?;
        }
        Input::Clock(by) => host.advance(*by),
        Input::Commit { .. } if variant.without_commits => {}
        // Who is not admitted has nothing to store.
        Input::Commit { stored } if variant.admit.is_some() => drop(host.commit(*stored)),
        Input::Commit { stored } => host.commit(*stored)?,
        Input::Reconnect => *host = Host::new(protocol, variant.limits.clone()),
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
