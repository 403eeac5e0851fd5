//! Terms and synonyms by their first byte: every name that a device made up is looked for among them.

use super::{SYNONYMS, Term, VOCABULARY};

/// For each first byte the number of the first entry, and for each entry that of the next one with the same first byte, in the order of
/// the list; [`END`] behind the last.
struct Chains<const N: usize> {
    first: [u8; 256],
    next: [u8; N],
}

const END: u8 = u8::MAX;

impl<const N: usize> Chains<N> {
    const fn new(firsts: [u8; N]) -> Self {
        assert!(N < END as usize, "too many for numbers of one byte");
        let mut chains = Self { first: [END; 256], next: [END; N] };
        let mut at = N;
        while at > 0 {
            at -= 1;
            let byte = firsts[at] as usize;
            chains.next[at] = chains.first[byte];
            chains.first[byte] = at as u8;
        }
        chains
    }

    /// The numbers of the entries that begin with `byte`.
    fn of(&self, byte: u8) -> impl Iterator<Item = usize> {
        let entry = |&at: &u8| (at != END).then_some(at);
        let first = self.first.get(usize::from(byte)).and_then(entry);
        let next = move |&at: &u8| self.next.get(usize::from(at)).and_then(entry);
        std::iter::successors(first, next).map(usize::from)
    }
}

static TERMS: Chains<{ VOCABULARY.len() }> = Chains::new({
    let mut firsts = [0; VOCABULARY.len()];
    let mut at = 0;
    while at < firsts.len() {
        firsts[at] = VOCABULARY[at].name.as_bytes()[0];
        at += 1;
    }
    firsts
});

static WORDS: Chains<{ SYNONYMS.len() }> = Chains::new({
    let mut firsts = [0; SYNONYMS.len()];
    let mut at = 0;
    while at < firsts.len() {
        firsts[at] = SYNONYMS[at].0.as_bytes()[0];
        at += 1;
    }
    firsts
});

/// The terms that begin like `name`.
pub(super) fn terms(name: &str) -> impl Iterator<Item = &'static Term> {
    let first = name.as_bytes().first().copied().unwrap_or(0);
    TERMS.of(first).filter_map(|at| VOCABULARY.get(at))
}

/// The synonyms that begin with `first`.
pub(super) fn synonyms(first: u8) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    WORDS.of(first).filter_map(|at| SYNONYMS.get(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_found_under_its_first_byte_in_the_order_of_the_list() {
        for byte in 0..=u8::MAX {
            let name = [byte];
            let Ok(name) = std::str::from_utf8(&name) else { continue };
            let all = VOCABULARY.iter().filter(|term| term.name.starts_with(name));
            assert!(terms(name).eq(all), "{name}");
            let all = SYNONYMS.iter().filter(|(word, _)| word.starts_with(name));
            assert!(synonyms(byte).eq(all), "{name}");
        }
    }
}
