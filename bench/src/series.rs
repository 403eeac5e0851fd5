//! Curves: how something measured changes with the amount of something, as points of one run.

use serde::{Deserialize, Serialize};

use crate::report::{Figure, Spread};

/// One curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Curves of one group are drawn beside each other, over the same amounts.
    pub group: String,
    /// What grows.
    pub x: String,
    /// What is measured, with its unit.
    pub y: String,
    pub points: Vec<Point>,
}

/// What was measured at one amount.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    pub x: f64,
    #[serde(flatten)]
    pub y: Spread,
}

impl Series {
    /// The points, each with what it says.
    pub fn rows(&self) -> impl Iterator<Item = (String, Spread)> {
        self.points
            .iter()
            .map(|point| (format!("{} at {} {}", self.y, amount(point.x), self.x), point.y))
    }
}

/// A whole number in groups of three digits.
pub fn amount(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Rounds of curves over the same amounts, in the order in which they were first measured.
#[derive(Debug, Default)]
pub struct Curves(Vec<Curve>);

#[derive(Debug)]
struct Curve {
    y: String,
    /// Amounts, and what each round came to.
    rounds: Vec<(f64, Vec<f64>)>,
}

impl Curves {
    /// One round's value of `y` at `x`.
    pub fn add(&mut self, y: &str, x: f64, value: f64) {
        let at = self.0.iter().position(|curve| curve.y == y).unwrap_or(self.0.len());
        if at == self.0.len() {
            self.0.push(Curve { y: y.to_owned(), rounds: Vec::new() });
        }
        let Some(Curve { rounds, .. }) = self.0.get_mut(at) else { return };
        match rounds.iter_mut().find(|(other, _)| *other == x) {
            Some((_, values)) => values.push(value),
            None => rounds.push((x, vec![value])),
        }
    }

    /// A figure for each curve: its last value ÷ its first, round by round, with all of its points. They are called `group` with
    /// a letter.
    pub fn figures(self, group: &str, x: &str, others: f64) -> Vec<Figure> {
        let letters = 'a'..='z';
        let named = self.0.into_iter().zip(letters);
        named.map(|(curve, letter)| curve.figure(group, letter, x, others)).collect()
    }
}

impl Curve {
    fn figure(self, group: &str, letter: char, x: &str, others: f64) -> Figure {
        let growth = match (self.rounds.first(), self.rounds.last()) {
            (Some((_, first)), Some((_, last))) => {
                first.iter().zip(last).map(|(first, last)| last / first).collect()
            }
            _ => Vec::new(),
        };
        let end = |point: Option<&(f64, Vec<f64>)>| point.map_or(f64::NAN, |(x, _)| *x);
        let (first, last) = (end(self.rounds.first()), end(self.rounds.last()));
        let what = format!("{}: {} {x} ÷ {}", self.y, amount(last), amount(first));
        let points = self.rounds.iter().map(|(x, y)| Point { x: *x, y: Spread::of(y) }).collect();
        let series = Series { group: group.to_owned(), x: x.to_owned(), y: self.y, points };
        let mut figure = Figure::new(&format!("{group}-{letter}"), &what, &growth);
        figure.series = Some(series);
        figure.others = others;
        figure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_groups_of_three_digits() {
        assert_eq!(
            [0.0, 10.0, 1000.0, 19_000.0, 1e7].map(amount),
            ["0", "10", "1 000", "19 000", "10 000 000"]
        );
    }

    #[test]
    fn growth_is_taken_round_by_round() {
        let mut curves = Curves::default();
        for (first, last) in [(1.0, 2.0), (10.0, 30.0), (100.0, 400.0)] {
            curves.add("ms", 10.0, first);
            curves.add("ms", 1000.0, last);
            curves.add("s", 10.0, 1.0);
        }
        let figures = curves.figures("things", "things", 0.0);
        let ids: Vec<_> = figures.iter().map(|figure| figure.id.as_str()).collect();
        assert_eq!(ids, ["things-a", "things-b"]);
        assert_eq!(figures[0].value, Spread { median: 3.0, min: 2.0, max: 4.0 });
        let series = figures[0].series.as_ref().unwrap();
        assert_eq!(series.points[0], Point { x: 10.0, y: Spread::of(&[1.0, 10.0, 100.0]) });
        assert_eq!(series.points.len(), 2);
    }
}
