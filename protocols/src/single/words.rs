//! What a downlink shows, as one string, and what of it a wire format cannot carry.

use std::borrow::Cow;

use crate::session::Content;
use crate::text::label;

/// The words of a downlink: a part with its label, if parts are `numbered`; a question with its answers behind it.
pub(crate) fn words(content: &Content, numbered: bool) -> String {
    match content {
        Content::Text { text, part, parts } if numbered && *parts > 1 => {
            format!("{}{text}", label((*part).into(), (*parts).into()))
        }
        Content::Text { text, .. } => text.clone(),
        Content::Question { text, answers } => {
            let answers = answers.iter().map(|(id, answer)| format!(" {id}={answer}"));
            format!("{text}{}", answers.collect::<String>())
        }
    }
}

/// `text` with blanks for line ends and for `unfit` characters. Every character keeps its place, so that cuts planned on the
/// result hold for the original.
pub(crate) fn one_line<'a>(text: &'a str, unfit: &[char]) -> Cow<'a, str> {
    let bad = |c: char| matches!(c, '\r' | '\n') || unfit.contains(&c);
    if !text.contains(bad) {
        return Cow::Borrowed(text);
    }
    let mut characters = text.chars().peekable();
    let mut line = String::with_capacity(text.len());
    while let Some(c) = characters.next() {
        line.push(match c {
            // Of CR LF the LF becomes the blank; encoding drops the CR.
            '\r' if matches!(characters.peek(), Some('\n') | None) => '\r',
            c if !bad(c) => c,
            // A character of several bytes would move the cuts.
            c if c.len_utf8() > 1 => c,
            _ => ' ',
        });
    }
    Cow::Owned(line)
}

/// Words of which an answer that contains one means that a text was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ErrorWords(Vec<String>);

impl ErrorWords {
    /// Words separated by commas.
    pub(crate) fn read(list: &str) -> Self {
        let words = list.split(',').map(|word| word.trim().to_lowercase());
        Self(words.filter(|word| !word.is_empty()).collect())
    }

    /// Whether `answer` contains one of them, in letters of either case.
    pub(crate) fn found_in(&self, answer: &str) -> bool {
        let answer = answer.to_lowercase();
        self.0.iter().any(|word| answer.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfit_characters_become_blanks_in_their_place() {
        assert_eq!(one_line("Gate #4,\r\nthen\nwait", &['#']), "Gate  4,\r then wait");
        assert_eq!(one_line("plain", &['#']), "plain");
    }

    #[test]
    fn an_error_is_found_in_either_case() {
        let errors = ErrorWords::read("unknown, error,,FAIL");
        assert!(errors.found_in("Command error!") && errors.found_in("Failed"));
        assert!(!errors.found_in("OK!") && !ErrorWords::read("").found_in("error"));
    }

    #[test]
    fn parts_are_labelled_and_answers_offered() {
        let part = Content::Text { text: "left".to_owned(), part: 2, parts: 3 };
        assert_eq!((words(&part, true), words(&part, false)), ("(2/3) left".into(), "left".into()));
        let answers = vec![(1, "yes".to_owned()), (2, "no".to_owned())];
        let question = Content::Question { text: "Free?".to_owned(), answers };
        assert_eq!(words(&question, true), "Free? 1=yes 2=no");
    }
}
