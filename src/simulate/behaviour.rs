//! How a simulated device behaves: what it does by itself, and how reliably it confirms texts.

use std::str::FromStr;
use std::time::Duration;

/// What a simulated device does by itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Behaviour {
    /// Shows signs of life so often.
    pub heartbeat: Option<Duration>,
    /// Reports its position so often.
    pub report: Option<Duration>,
    /// The driver says this, once online.
    pub say: Option<String>,
    /// And says it again so often, numbered.
    pub say_every: Option<Duration>,
    /// The driver answers each text with this.
    pub answer: Option<String>,
    /// How texts are confirmed.
    pub confirm: Confirm,
    /// It shows texts and has no way to confirm them.
    pub mute: bool,
}

/// How texts are confirmed. Probabilities are from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Confirm {
    /// Shows the text but never confirms it.
    pub lose: f64,
    /// Confirms twice.
    pub duplicate: f64,
    /// Refuses instead of confirming.
    pub refuse: f64,
    /// Takes so long.
    pub delay: Duration,
}

impl FromStr for Confirm {
    type Err = String;

    /// `lose=10%,delay=500ms,duplicate=5%,refuse=1%`, all optional, in any order.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut confirm = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (key, value) = part
                .split_once('=')
                .ok_or_else(|| format!("`{part}` is not like lose=10% or delay=500ms"))?;
            match key {
                "lose" => confirm.lose = share(value)?,
                "duplicate" => confirm.duplicate = share(value)?,
                "refuse" => confirm.refuse = share(value)?,
                "delay" => confirm.delay = parse_duration(value)?,
                _ => {
                    return Err(format!(
                        "there is no `{key}` (known: lose, delay, duplicate, refuse)"
                    ));
                }
            }
        }
        if confirm.lose + confirm.refuse > 1.0 {
            return Err("lose and refuse are more than 100% together".to_owned());
        }
        Ok(confirm)
    }
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.strip_suffix('%').and_then(|number| number.parse::<f64>().ok());
    share
        .map(|percent| percent / 100.0)
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| format!("`{text}` is not a share from 0% to 100%"))
}

/// A duration: `500ms`, `30s`, `5m`, `2h`; a bare number counts seconds.
///
/// # Errors
/// What is expected.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration like 500ms, 30s, 5m or 2h");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds = match &text[digits.len()..] {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let number: f64 = digits.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * seconds)
        .ok()
        .filter(|duration| *duration <= Duration::from_secs(10 * 365 * 86_400))
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knobs_are_read_in_any_order() {
        let confirm: Confirm = "delay=500ms, lose=10%,refuse=1%,duplicate=5%".parse().unwrap();
        assert_eq!(
            confirm,
            Confirm { lose: 0.1, duplicate: 0.05, refuse: 0.01, delay: Duration::from_millis(500) }
        );
        assert_eq!("".parse::<Confirm>().unwrap(), Confirm::default());
    }

    #[test]
    fn wrong_knobs_are_explained() {
        let error = |text: &str| text.parse::<Confirm>().unwrap_err();
        assert_eq!(
            error("loose=1%"),
            "there is no `loose` (known: lose, delay, duplicate, refuse)"
        );
        assert_eq!(error("lose=0.1"), "`0.1` is not a share from 0% to 100%");
        assert_eq!(error("lose"), "`lose` is not like lose=10% or delay=500ms");
        assert_eq!(error("delay=5d"), "`5d` is not a duration like 500ms, 30s, 5m or 2h");
        assert_eq!(error("lose=60%,refuse=50%"), "lose and refuse are more than 100% together");
    }

    #[test]
    fn durations_have_units() {
        let millis = |text| parse_duration(text).map(|duration| duration.as_millis());
        assert_eq!(millis("500ms"), Ok(500));
        assert_eq!(millis("1.5"), Ok(1500));
        assert_eq!(millis("2m"), Ok(120_000));
        for wrong in ["", "s", "-1s", "nan", "inf", "1e300h", "1 s"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }
}
