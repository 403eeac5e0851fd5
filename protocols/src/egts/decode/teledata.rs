//! Sub-records of the telematics service (section 6).

use super::{Outcome, Parsed, each, u8_of, u16_of, u24_of, u32_of, when};
use crate::egts::message::{
    ExtPosition, Level, Liquid, Passengers, Position, Sensors, State, Sub, srt,
};

/// Length of STATE_DATA, by which its two numbers are told from older uses of them.
const STATE_LENGTH: usize = 5;

/// Reads sub-record `kind`.
#[inline]
pub(super) fn sub(kind: u8, input: &[u8]) -> Outcome<'_, Sub<'_>> {
    match kind {
        srt::POS_DATA => position(input),
        srt::EXT_POS_DATA => ext_position(input),
        srt::AD_SENSORS_DATA => sensors(input),
        srt::COUNTERS_DATA => {
            let (rest, mask) = u8_of("CFE", input)?;
            Ok(Sub::Counters(each(mask, "CN", u24_of, rest)?.1))
        }
        srt::STATE_DATA | srt::STATE_DATA_OLD if input.len() == STATE_LENGTH => state(input),
        srt::LOOPIN_DATA => loops(input),
        srt::ABS_DIG_SENS_DATA => {
            let (number, state) = numbered(input)?;
            Ok(Sub::Input { number, state })
        }
        srt::ABS_LOOPIN_DATA => {
            let (number, state) = numbered(input)?;
            Ok(Sub::Loop { number, state })
        }
        srt::ABS_AN_SENS_DATA => {
            let (rest, number) = u8_of("ASN", input)?;
            Ok(Sub::Analog { number, value: u24_of("ASV", rest)?.1 })
        }
        srt::ABS_CNTR_DATA => {
            let (rest, number) = u8_of("CN", input)?;
            Ok(Sub::Counter { number, value: u24_of("CNV", rest)?.1 })
        }
        srt::LIQUID_LEVEL_SENSOR => liquid(input),
        srt::PASSENGERS_COUNTERS => passengers(input),
        _ => Ok(Sub::Other { kind, data: input }),
    }
}

/// POS_DATA (section 6.1): 21 bytes, then ALT, then SRCD where bytes remain.
fn position(input: &[u8]) -> Outcome<'_, Sub<'_>> {
    let (rest, time) = u32_of("NTM", input)?;
    let (rest, latitude) = u32_of("LAT", rest)?;
    let (rest, longitude) = u32_of("LONG", rest)?;
    let (rest, flags) = u8_of("FLG", rest)?;
    let (rest, speed) = u16_of("SPD", rest)?;
    let (rest, direction) = u8_of("DIR", rest)?;
    let (rest, odometer) = u24_of("ODM", rest)?;
    let (rest, inputs) = u8_of("DIN", rest)?;
    let (rest, source) = u8_of("SRC", rest)?;
    let (rest, altitude) = when(flags & 0x80 != 0, "ALT", u24_of, rest)?;
    let source_data = rest.first_chunk().map(|data| i16::from_le_bytes(*data));
    Ok(Sub::Position(Position {
        time,
        latitude,
        longitude,
        flags,
        speed,
        direction,
        odometer,
        inputs,
        source,
        altitude,
        source_data,
    }))
}

/// EXT_POS_DATA. NS is read wherever two bytes remain behind SAT, because Order 285 lets SFE announce both.
fn ext_position(input: &[u8]) -> Outcome<'_, Sub<'_>> {
    let (rest, flags) = u8_of("flags", input)?;
    let bit = |bit: u8| flags >> bit & 1 != 0;
    let (rest, vdop) = when(bit(0), "VDOP", u16_of, rest)?;
    let (rest, hdop) = when(bit(1), "HDOP", u16_of, rest)?;
    let (rest, pdop) = when(bit(2), "PDOP", u16_of, rest)?;
    let (rest, satellites) = when(bit(3), "SAT", u8_of, rest)?;
    let announced = bit(4) || (bit(3) && rest.len() >= 2);
    let (_, systems) = when(announced, "NS", u16_of, rest)?;
    Ok(Sub::ExtPosition(ExtPosition { vdop, hdop, pdop, satellites, systems }))
}

fn sensors(input: &[u8]) -> Outcome<'_, Sub<'_>> {
    let (rest, digital_mask) = u8_of("DIOE", input)?;
    let (rest, outputs) = u8_of("DOUT", rest)?;
    let (rest, analog_mask) = u8_of("ASFE", rest)?;
    let (rest, digital) = each(digital_mask, "ADIO", u8_of, rest)?;
    let (_, analog) = each(analog_mask, "ANS", u24_of, rest)?;
    Ok(Sub::Sensors(Sensors { outputs, digital, analog }))
}

fn state(input: &[u8]) -> Outcome<'_, Sub<'_>> {
    let (rest, state) = u8_of("ST", input)?;
    let (rest, main) = u8_of("MPSV", rest)?;
    let (rest, backup) = u8_of("BBV", rest)?;
    let (rest, internal) = u8_of("IBV", rest)?;
    let (_, flags) = u8_of("flags", rest)?;
    Ok(Sub::State(State { state, main, backup, internal, flags }))
}

/// LOOPIN_DATA: four bits a loop, the low nibble first.
fn loops(input: &[u8]) -> Outcome<'_, Sub<'_>> {
    let (mut rest, mask) = u8_of("LIFE", input)?;
    let (mut states, mut high) = ([None; 8], None);
    for (bit, state) in states.iter_mut().enumerate() {
        if mask >> bit & 1 == 0 {
            continue;
        }
        *state = match high.take() {
            Some(nibble) => Some(nibble),
            None => {
                let (after, pair) = u8_of("LIS", rest)?;
                (rest, high) = (after, Some(pair >> 4));
                Some(pair & 0x0f)
            }
        };
    }
    Ok(Sub::Loops(states))
}

/// Number in bits 15–4, state in bits 3–0.
fn numbered(input: &[u8]) -> Outcome<'_, (u16, u8)> {
    let (_, word) = u16_of("number and state", input)?;
    Ok((word >> 4, u8::try_from(word & 0x0f).unwrap_or(0)))
}

fn liquid(input: &[u8]) -> Outcome<'_, Sub<'_>> {
    let (rest, flags) = u8_of("flags", input)?;
    let (rest, address) = u16_of("MADDR", rest)?;
    let level = match flags & 0x08 != 0 {
        true => Level::Raw(rest),
        false => Level::Value(u32_of("LLSD", rest)?.1),
    };
    Ok(Sub::Liquid(Liquid { flags, address, level }))
}

fn passengers(input: &[u8]) -> Outcome<'_, Sub<'_>> {
    let (rest, raw_data) = u8_of("RDF", input)?;
    let (rest, doors) = u8_of("DPR", rest)?;
    let (rest, released) = u8_of("DRL", rest)?;
    let (rest, address) = u16_of("MADDR", rest)?;
    if raw_data & 1 != 0 {
        let raw = Some(rest);
        return Ok(Sub::Passengers(Passengers { released, address, counts: [None; 8], raw }));
    }
    let (_, counts) = each(doors, "IPQ and OPQ", pair, rest)?;
    Ok(Sub::Passengers(Passengers { released, address, counts, raw: None }))
}

fn pair<'a>(name: &'static str, input: &'a [u8]) -> Parsed<'a, (u8, u8)> {
    let (rest, inside) = u8_of(name, input)?;
    let (rest, outside) = u8_of(name, rest)?;
    Ok((rest, (inside, outside)))
}
