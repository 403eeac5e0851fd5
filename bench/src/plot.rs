//! Drawings of curves: one file for each kind of growth, with a panel for each thing that was measured.
//!
//! What grows is on a logarithmic axis, what is measured on a linear one from 0, so that a flat curve looks flat and a slope is as
//! steep as it is. A dot is the median of the rounds, the line through it goes from the least to the greatest.

mod axis;
mod svg;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use self::axis::{Linear, Logarithmic, amount};
use self::svg::{Anchor, Svg};
use crate::report::{Report, number};
use crate::series::Series;

/// Panels beside each other.
const COLUMNS: usize = 3;
/// A panel, and where its axes lie in it.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 210.0;
const LEFT: f64 = 48.0;
const RIGHT: f64 = 22.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 46.0;

/// Draws every curve of the run in `file`; returns the files it has written into `directory`.
pub fn draw_all(file: &Path, directory: &Path) -> Result<Vec<PathBuf>> {
    let report = Report::read(file)?;
    let mut groups: Vec<Vec<&Series>> = Vec::new();
    for series in report.figures.iter().filter_map(|figure| figure.series.as_ref()) {
        match groups.iter_mut().find(|group| group[0].group == series.group) {
            Some(group) => group.push(series),
            None => groups.push(vec![series]),
        }
    }
    ensure!(!groups.is_empty(), "{} has no curves", file.display());
    fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
    let mut written = Vec::new();
    for group in groups {
        let path = directory.join(format!("{}.svg", group[0].group));
        fs::write(&path, draw(&group)).with_context(|| path.display().to_string())?;
        written.push(path);
    }
    Ok(written)
}

/// One drawing of these curves.
fn draw(group: &[&Series]) -> String {
    let columns = group.len().min(COLUMNS);
    let rows = group.len().div_ceil(columns);
    let said: Vec<_> = group.iter().map(|series| series.y.as_str()).collect();
    let x = group.first().map_or("", |series| series.x.as_str());
    let what = format!("As the number of {x} grows: {}", said.join("; "));
    let mut svg = Svg::new(columns as f64 * WIDTH, rows as f64 * HEIGHT, &what);
    for (place, series) in group.iter().enumerate() {
        let corner = ((place % columns) as f64 * WIDTH, (place / columns) as f64 * HEIGHT);
        panel(&mut svg, corner, series);
    }
    svg.finish()
}

fn panel(svg: &mut Svg, (left, top): (f64, f64), series: &Series) {
    let (from, to) = (left + LEFT, left + WIDTH - RIGHT);
    let (floor, ceiling) = (top + HEIGHT - BOTTOM, top + TOP);
    let across = Logarithmic::over(series.points.iter().map(|point| point.x), from, to);
    let up = Linear::over(series.points.iter().map(|point| point.y.max), floor, ceiling);
    svg.text("name", (left + 12.0, top + 18.0), Anchor::Start, &series.y);
    for tick in up.ticks() {
        let y = up.place(tick);
        svg.line("grid", (from, y), (to, y));
        svg.text("tick", (from - 6.0, y + 3.5), Anchor::End, &up.label(tick));
    }
    for tick in across.ticks() {
        let x = across.place(tick);
        svg.line("axis", (x, floor), (x, floor + 4.0));
        svg.text("tick", (x, floor + 16.0), Anchor::Middle, &amount(tick));
    }
    svg.line("axis", (from, floor), (to, floor));
    svg.text("tick", (f64::midpoint(from, to), floor + 33.0), Anchor::Middle, &series.x);
    let places: Vec<_> = series
        .points
        .iter()
        .map(|point| (across.place(point.x), up.place(point.y.median)))
        .collect();
    svg.curve(&places);
    for (point, &(x, y)) in series.points.iter().zip(&places) {
        svg.line("spread", (x, up.place(point.y.min)), (x, up.place(point.y.max)));
        svg.dot((x, y));
        // Above everything that is drawn of this point.
        let above = up.place(point.y.max).min(y) - 7.0;
        svg.text("value", (x, above), Anchor::Middle, &number(point.y.median));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Spread;
    use crate::series::Point;

    fn series(points: &[(f64, f64)]) -> Series {
        let point = |&(x, y): &(f64, f64)| Point { x, y: Spread::of(&[y]) };
        Series {
            group: "things".to_owned(),
            x: "things".to_owned(),
            y: "cost & <time>, ms".to_owned(),
            points: points.iter().map(point).collect(),
        }
    }

    #[test]
    fn a_flat_curve_is_level_and_a_tenfold_step_is_as_wide_as_the_next() {
        let drawn = draw(&[&series(&[(10.0, 5.0), (100.0, 5.0), (1000.0, 5.0)])]);
        let (_, rest) = drawn.split_once("<polyline").unwrap();
        let (_, rest) = rest.split_once("points=\"").unwrap();
        let (points, _) = rest.split_once('"').unwrap();
        let points: Vec<(f64, f64)> = points
            .split(' ')
            .map(|point| {
                let (x, y) = point.split_once(',').unwrap();
                (x.parse().unwrap(), y.parse().unwrap())
            })
            .collect();
        assert_eq!(points.len(), 3);
        assert!(points.iter().all(|(_, y)| *y == points[0].1));
        let steps = [points[1].0 - points[0].0, points[2].0 - points[1].0];
        assert!(steps[0] > 0.0 && (steps[0] - steps[1]).abs() < 0.2, "{steps:?}");
    }

    #[test]
    fn names_are_escaped_and_nothing_is_undefined() {
        for points in [&[(10.0, 0.0), (10.0, 0.0)][..], &[(1.0, 2.0)], &[]] {
            let drawn = draw(&[&series(points)]);
            assert!(drawn.contains("cost &amp; &lt;time&gt;, ms"), "{drawn}");
            assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
        }
    }
}
