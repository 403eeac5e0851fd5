//! Names with a number in them, ready for the numbers that occur: no report makes up a text for each of its attributes.

use std::borrow::Cow;

/// The names of one family.
#[derive(Debug)]
pub(crate) struct Family {
    front: &'static str,
    behind: &'static str,
    /// By number.
    ready: [&'static str; READY],
}

const READY: usize = 33;

impl Family {
    /// The name with this number.
    pub(crate) fn name(&self, number: impl Into<u32>) -> Cow<'static, str> {
        let number = number.into();
        match usize::try_from(number).ok().and_then(|number| self.ready.get(number)) {
            Some(name) => Cow::Borrowed(name),
            None => Cow::Owned(format!("{}{number}{}", self.front, self.behind)),
        }
    }

    /// What stands before and behind the number.
    pub(crate) const fn around(&self) -> (&'static str, &'static str) {
        (self.front, self.behind)
    }
}

macro_rules! families {
    ($($name:ident $front:literal $behind:literal;)*) => {$(
        pub(crate) static $name: Family = families!(
            $front $behind: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
        );
    )*};
    ($front:literal $behind:literal: $($number:literal)*) => {
        Family { front: $front, behind: $behind, ready: [$(concat!($front, $number, $behind)),*] }
    };
}

families! {
    ADC "adc" "";
    ADIO "adio" "";
    CAN "can" "";
    CELL_ID "cell" ".id";
    CELL_LAC "cell" ".lac";
    CELL_MCC "cell" ".mcc";
    CELL_MNC "cell" ".mnc";
    CELL_RXLEV "cell" ".rxlev";
    CELL_TIMING_ADVANCE "cell" ".timing_advance";
    COUNTER "counter" "";
    DRIVER "driver" "";
    FUEL_SENSOR "fuel_sensor" "";
    INPUT "input" "";
    LOOP "loop" "";
    PARAM "param" "";
    TEMPERATURE "temperature" "_c";
}

/// `pattern` with each byte as two capital hexadecimal digits at its end.
pub(crate) const fn hexadecimal<const N: usize>(pattern: [u8; N]) -> [[u8; N]; 256] {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut names = [pattern; 256];
    let mut id = 0;
    while id < 256 {
        names[id][N - 2] = HEX[id >> 4];
        names[id][N - 1] = HEX[id & 15];
        id += 1;
    }
    names
}

/// The name of `id` in such a table.
pub(crate) fn of_byte<const N: usize>(names: &'static [[u8; N]; 256], id: u8) -> &'static str {
    let name: &'static [u8] = names.get(usize::from(id)).map_or(b"", |name| name);
    std::str::from_utf8(name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    static ITEMS: [[u8; 7]; 256] = hexadecimal(*b"item_00");

    #[test]
    fn ready_names_are_those_that_would_be_made_up() {
        let names = [0_u8, 9, 32, 33, 255].map(|number| TEMPERATURE.name(number));
        let expected = [0, 9, 32, 33, 255].map(|number| format!("temperature{number}_c"));
        assert_eq!(names.each_ref().map(|name| &**name), expected.each_ref().map(|name| &**name));
        assert!(matches!((&names[2], &names[3]), (Cow::Borrowed(_), Cow::Owned(_))));
        assert_eq!([0, 0x4a, 255].map(|id| of_byte(&ITEMS, id)), ["item_00", "item_4A", "item_FF"]);
    }
}
