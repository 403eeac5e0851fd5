//! From values to places on a drawing, and which values get a mark.

/// An axis from 0 to a round number.
pub struct Linear {
    step: f64,
    top: f64,
    /// Where 0 and the top are.
    ends: (f64, f64),
}

impl Linear {
    /// An axis for these values.
    pub fn over(values: impl Iterator<Item = f64>, zero: f64, top: f64) -> Self {
        let most = values.filter(|value| value.is_finite()).fold(0.0, f64::max);
        // Some room above the greatest one for its number.
        let wanted = if most > 0.0 { most * 1.12 } else { 1.0 };
        let step = round_step(wanted / 4.0);
        Self { step, top: (wanted / step).ceil() * step, ends: (zero, top) }
    }

    pub fn place(&self, value: f64) -> f64 {
        let share = if value.is_finite() { value / self.top } else { 0.0 };
        self.ends.0 + (self.ends.1 - self.ends.0) * share
    }

    pub fn ticks(&self) -> impl Iterator<Item = f64> {
        let (count, step) = ((self.top / self.step).round() as u32, self.step);
        (0..=count).map(move |number| f64::from(number) * step)
    }

    /// As many decimals as the steps have.
    pub fn label(&self, tick: f64) -> String {
        let decimals = (-self.step.log10()).ceil().max(0.0) as usize;
        if self.top >= 10_000.0 && tick > 0.0 {
            return format!("{} k", (tick / 100.0).round() / 10.0);
        }
        format!("{tick:.decimals$}")
    }
}

/// The least of 1, 2 and 5, times a power of ten, that is not less than this.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= least * 0.999).unwrap_or(10.0 * power)
}

/// An axis on which tenfold is always as far.
pub struct Logarithmic {
    /// Decimal logarithms of the least and the greatest value.
    range: (f64, f64),
    ends: (f64, f64),
}

impl Logarithmic {
    /// Free space at both ends, as a share of the axis.
    const MARGIN: f64 = 0.06;

    /// An axis for these values, which are greater than 0.
    pub fn over(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let logs = values.filter(|value| *value > 0.0).map(f64::log10);
        let (least, most) = logs.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), log| {
            (least.min(log), most.max(log))
        });
        let range = if least < most { (least, most) } else { (0.0, 1.0) };
        let margin = (to - from) * Self::MARGIN;
        Self { range, ends: (from + margin, to - margin) }
    }

    pub fn place(&self, value: f64) -> f64 {
        let (least, most) = self.range;
        let share = (value.max(f64::MIN_POSITIVE).log10() - least) / (most - least);
        self.ends.0 + (self.ends.1 - self.ends.0) * share.clamp(0.0, 1.0)
    }

    /// Powers of ten within the range.
    pub fn ticks(&self) -> impl Iterator<Item = f64> {
        let (least, most) = self.range;
        let (first, last) = ((least - 1e-9).ceil() as i32, (most + 1e-9).floor() as i32);
        (first..=last).map(|power| 10_f64.powi(power))
    }
}

/// An amount that is a power of ten.
pub fn amount(power_of_ten: f64) -> String {
    let power = power_of_ten.log10().round() as i32;
    if (0..3).contains(&power) {
        return format!("{power_of_ten:.0}");
    }
    let digits = power.to_string();
    let raised = digits.chars().map(|digit| match digit {
        '-' => '⁻',
        digit => {
            digit.to_digit(10).and_then(|digit| RAISED.get(digit as usize)).map_or('?', |c| *c)
        }
    });
    format!("10{}", raised.collect::<String>())
}

const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_axis_begins_at_zero_and_ends_above_everything() {
        for most in [0.003, 0.9, 1.0, 7.3, 42.0, 999.0, 61_234.0] {
            let axis = Linear::over([most / 2.0, most].into_iter(), 100.0, 0.0);
            assert_eq!(axis.place(0.0), 100.0);
            assert!(axis.place(most) > 0.0, "{most}");
            let ticks: Vec<_> = axis.ticks().collect();
            assert!((3..=6).contains(&ticks.len()), "{most}: {ticks:?}");
            let labels: std::collections::BTreeSet<_> =
                ticks.iter().map(|tick| axis.label(*tick)).collect();
            assert_eq!(labels.len(), ticks.len(), "{labels:?}");
        }
    }

    #[test]
    fn powers_of_ten_are_marked() {
        let axis = Logarithmic::over([1000.0, 19_000.0].into_iter(), 0.0, 100.0);
        assert_eq!(axis.ticks().collect::<Vec<_>>(), [1000.0, 10_000.0]);
        let axis = Logarithmic::over([10.0, 1e7].into_iter(), 0.0, 100.0);
        assert_eq!(axis.ticks().count(), 7);
    }

    #[test]
    fn large_amounts_are_written_as_powers() {
        assert_eq!([1.0, 100.0, 1e4, 1e7].map(amount), ["1", "100", "10⁴", "10⁷"]);
    }
}
