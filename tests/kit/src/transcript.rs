//! Transcripts as data.

use std::path::{Path, PathBuf};
use std::time::Duration;

use protocols::{Content, SecretCheck};

use crate::literal::{Word, parse_bytes, words};

/// One dialogue.
#[derive(Debug, Clone)]
pub struct Transcript {
    /// Where it stands.
    pub path: PathBuf,
    /// Name of its protocol: of the folder it stands in.
    pub protocol: String,
    /// First line.
    pub title: String,
    /// Where the frames come from.
    pub source: String,
    /// `# commits: manual`: records are committed by `= commit` lines, not by themselves.
    pub manual_commits: bool,
    /// `# checksum: none`: the dialect carries none, so damage cannot be noticed.
    pub checksum: bool,
    /// What happens.
    pub steps: Vec<Step>,
}

/// One input and what comes of it.
#[derive(Debug, Clone)]
pub struct Step {
    /// Line of the input, from 1.
    pub line: usize,
    /// What happens.
    pub input: Input,
    /// What must come of it, in order.
    pub expected: Vec<Expected>,
}

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// `>`: the device writes; one line is one read.
    Device(Vec<u8>),
    /// `= known`, `= unknown`, `= blocked`: the answer to a login.
    Admit(Admit),
    /// `+ text`, `+ question`: the host wants something sent.
    Downlink {
        /// Name of it.
        token: u64,
        /// Number of it.
        serial: u32,
        /// It was written before.
        repeat: bool,
        /// What to send.
        content: Content,
    },
    /// `~`: time passes.
    Clock(Duration),
    /// `= commit`, `= commit failed`: the oldest record that waits.
    Commit {
        /// It is stored.
        stored: bool,
    },
    /// `= reconnect`: the connection is lost and a new one made.
    Reconnect,
    /// `= shutdown`: the host is going to close.
    Shutdown,
}

/// Answer to a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admit {
    /// The device is known.
    Known {
        /// How its secret compares; `None`: it matches, or none is needed.
        secret: Option<SecretCheck>,
        /// Its options.
        options: Vec<(String, String)>,
    },
    /// It is not.
    Unknown,
    /// It is blocked.
    Blocked,
}

/// What must come of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// `<`: the platform writes.
    Platform(Vec<u8>),
    /// `!`: anything else, in the words of `show.rs`.
    Happening(String),
}

impl Transcript {
    /// What the device writes, connection by connection.
    #[must_use]
    pub fn device_streams(&self) -> Vec<Vec<u8>> {
        let mut streams = vec![Vec::new()];
        for step in &self.steps {
            match (&step.input, streams.last_mut()) {
                (Input::Device(bytes), Some(stream)) => stream.extend_from_slice(bytes),
                (Input::Reconnect, _) => streams.push(Vec::new()),
                _ => {}
            }
        }
        streams
    }

    /// Reads the text of one file.
    ///
    /// # Errors
    /// File, line and what is wrong there.
    pub fn parse(path: &Path, text: &str) -> Result<Self, String> {
        let folder = path.parent().and_then(Path::file_name);
        let mut transcript = Self {
            path: path.to_owned(),
            protocol: folder.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            title: String::new(),
            source: String::new(),
            manual_commits: false,
            checksum: true,
            steps: Vec::new(),
        };
        for (number, line) in (1..).zip(text.lines()) {
            transcript
                .line(number, line.trim())
                .map_err(|problem| format!("{}:{number}: {problem}", path.display()))?;
        }
        if transcript.title.is_empty() || transcript.source.is_empty() {
            return Err(format!("{}: needs `# title` and `# source: …`", path.display()));
        }
        Ok(transcript)
    }

    fn line(&mut self, number: usize, line: &str) -> Result<(), String> {
        let Some(mark) = line.chars().next() else {
            return Ok(());
        };
        let rest = line[mark.len_utf8()..].trim();
        let input = match mark {
            '#' => return self.header(rest),
            '<' => return self.expect(Expected::Platform(parse_bytes(rest)?)),
            '!' => return self.expect(Expected::Happening(rest.to_owned())),
            '>' => Input::Device(parse_bytes(rest)?),
            '~' => Input::Clock(duration(rest)?),
            '+' => downlink(&words(rest)?)?,
            '=' => host(&words(rest)?)?,
            other => return Err(format!("a line cannot begin with `{other}`")),
        };
        self.steps.push(Step { line: number, input, expected: Vec::new() });
        Ok(())
    }

    fn header(&mut self, text: &str) -> Result<(), String> {
        if self.title.is_empty() {
            self.title = text.to_owned();
            return Ok(());
        }
        let Some((key, value)) = text.split_once(": ") else {
            return Ok(());
        };
        match (key, value.trim()) {
            ("source", value) => self.source = value.to_owned(),
            ("commits", "manual") => self.manual_commits = true,
            ("checksum", "none") => self.checksum = false,
            ("commits" | "checksum", other) => return Err(format!("{key} cannot be `{other}`")),
            // Any other comment.
            _ => {}
        }
        Ok(())
    }

    fn expect(&mut self, expected: Expected) -> Result<(), String> {
        let step = self.steps.last_mut().ok_or("nothing has happened yet")?;
        step.expected.push(expected);
        Ok(())
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..end].parse().map_err(|_| format!("`{text}` is no duration"))?;
    match &text[end..] {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        other => Err(format!("a duration ends with ms or s, not with `{other}`")),
    }
}

fn host(words: &[Word]) -> Result<Input, String> {
    let (first, rest) = words.split_first().ok_or("nothing behind `=`")?;
    Ok(match (first.text()?, rest) {
        ("known", rest) => {
            let mut secret = None;
            let mut options = Vec::new();
            for word in rest {
                let value = word.text()?;
                match word.key.as_deref() {
                    Some("secret") => secret = Some(secret_check(value)?),
                    Some(key) => options.push((key.to_owned(), value.to_owned())),
                    None => return Err(format!("`{value}` needs a key")),
                }
            }
            Input::Admit(Admit::Known { secret, options })
        }
        ("unknown", []) => Input::Admit(Admit::Unknown),
        ("blocked", []) => Input::Admit(Admit::Blocked),
        ("commit", []) => Input::Commit { stored: true },
        ("commit", [word]) if word.value == b"failed" => Input::Commit { stored: false },
        ("reconnect", []) => Input::Reconnect,
        ("shutdown", []) => Input::Shutdown,
        (other, _) => return Err(format!("the host cannot do `{other}`")),
    })
}

fn secret_check(word: &str) -> Result<SecretCheck, String> {
    Ok(match word {
        "none_needed" => SecretCheck::NoneNeeded,
        "none_configured" => SecretCheck::NoneConfigured,
        "matches" => SecretCheck::Matches,
        "differs" => SecretCheck::Differs,
        other => return Err(format!("a secret cannot be `{other}`")),
    })
}

fn downlink(words: &[Word]) -> Result<Input, String> {
    let (mut token, mut serial, mut repeat, mut part, mut parts) = (1, None, false, 1, 1);
    let (mut text, mut answers) = (String::new(), Vec::new());
    let (kind, rest) = words.split_first().ok_or("nothing behind `+`")?;
    let number = |value: &str| value.parse::<u32>().map_err(|_| format!("`{value}` is no number"));
    for word in rest {
        let value = word.text()?;
        match (word.key.as_deref(), word.quoted) {
            (None, true) => text = value.to_owned(),
            (None, false) if value == "repeat" => repeat = true,
            (Some("token"), false) => token = number(value)?.into(),
            (Some("serial"), false) => serial = Some(number(value)?),
            (Some("part"), false) => {
                let (at, of) = value.split_once('/').ok_or("part=1/3, for example")?;
                part = u16::try_from(number(at)?).map_err(|_| "too many parts")?;
                parts = u16::try_from(number(of)?).map_err(|_| "too many parts")?;
            }
            (Some(id), true) => {
                let id = u8::try_from(number(id)?).map_err(|_| "an answer's id is a byte")?;
                answers.push((id, value.to_owned()));
            }
            _ => return Err(format!("`{value}` means nothing here")),
        }
    }
    let content = match kind.text()? {
        "text" => Content::Text { text, part, parts },
        "question" => Content::Question { text, answers },
        other => return Err(format!("`{other}` cannot be sent")),
    };
    let serial = serial.unwrap_or_else(|| u32::try_from(token).unwrap_or(0));
    Ok(Input::Downlink { token, serial, repeat, content })
}

/// The folder of all fixtures.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// All transcripts of one protocol, by file name. A text file in which no device says anything is not one.
///
/// # Errors
/// The first file that cannot be read.
pub fn load(protocol: &str) -> Result<Vec<Transcript>, String> {
    let folder = root().join(protocol);
    let entries =
        std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    paths.sort();
    let transcripts = paths.iter().filter_map(|path| match std::fs::read_to_string(path) {
        Ok(text) if !text.lines().any(|line| line.starts_with("> ")) => None,
        Ok(text) => Some(Transcript::parse(path, &text)),
        Err(error) => Some(Err(format!("{}: {error}", path.display()))),
    });
    transcripts.collect()
}
