//! Teltonika's records without a session: read as views by the protocols crate, and by the crate nom-teltonika.
//!
//! Each reader finds the frame's end, verifies the checksum, and reads every value of every record; both must come to the same sum.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use nom_teltonika::decoder::take_frame;
use nom_teltonika::protocol::{FrameView, IoValueView};
use protocols::teltonika::{self, IoValue};
use protocols::{Frame, Framer, Limits, registry};

use super::decode::nanos;
use crate::real;
use crate::report::Figure;

const NAME: &str = "teltonika";

/// Reads frames as views.
pub struct Views(Box<dyn Framer>);

impl Views {
    /// For the one protocol that has them.
    pub fn of(protocol: &str) -> Result<Option<Self>> {
        let found = registry::by_name(NAME).context("no such protocol")?;
        Ok((protocol == NAME).then(|| Self(found.framer(&Limits::default()))))
    }

    /// Reads all records of all streams; frames without records are cut only.
    pub fn read(&mut self, streams: &[&[u8]]) -> u64 {
        let sums =
            streams.iter().map(|stream| sum_here(&mut *self.0, stream).unwrap_or_default().0);
        sums.fold(0, u64::wrapping_add)
    }
}

/// How much longer nom-teltonika takes for the same records.
pub fn beside_nom(time: Duration, rounds: usize) -> Result<Figure> {
    let mut views = Views::of(NAME)?.context("no views")?;
    let protocol = registry::by_name(NAME).context("no such protocol")?;
    let mut stream = Vec::new();
    let rows = real::spoken(protocol)?.into_iter().flat_map(|spoken| spoken.rows);
    for row in rows.map(|row| row.frame) {
        let Some(there) = sum_there(&row) else { continue };
        ensure!(sum_here(&mut *views.0, &row) == Some(there), "the readers disagree");
        stream.extend_from_slice(&row);
    }
    let records = f64::from(sum_there(&stream).context("no frames with records")?.1);
    let (mut here, mut there, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let ours = nanos(time, || sum_here(&mut *views.0, &stream));
        let theirs = nanos(time, || sum_there(&stream));
        ratios.push(theirs / ours);
        here.push(ours / records);
        there.push(theirs / records);
    }
    Ok(Figure::new("G8n", "Teltonika: nom-teltonika ÷ views", &ratios)
        .part("views: ns per record", &here)
        .part("nom-teltonika: ns per record", &there))
}

/// Sum of all values, and number of records.
fn sum_here(framer: &mut dyn Framer, mut stream: &[u8]) -> Option<(u64, u32)> {
    let (mut sum, mut count, mut scratch) = (0_u64, 0, Vec::new());
    let mut add = |value: u64| sum = sum.wrapping_add(value);
    while !stream.is_empty() {
        let cut = framer.cut(stream, &mut scratch).ok()?;
        stream = stream.get(cut.consumed..)?;
        let Some(Frame::Valid(frame)) = cut.frame else { return None };
        let Some(mut records) = teltonika::records(frame).ok()? else { continue };
        while let Some(record) = records.next_record().ok()? {
            count += 1;
            add(record.timestamp);
            add(record.priority.into());
            add(record.longitude.cast_unsigned().into());
            add(record.latitude.cast_unsigned().into());
            add(record.altitude.cast_unsigned().into());
            add(record.angle.into());
            add(record.satellites.into());
            add(record.speed.into());
            add(record.event.into());
            record.io.each(|id, value| {
                add(id.into());
                match value {
                    IoValue::Number { value, .. } => add(value),
                    IoValue::Bytes(bytes) => bytes.iter().for_each(|&byte| add(byte.into())),
                }
            });
        }
    }
    Some((sum, count))
}

fn sum_there(mut stream: &[u8]) -> Option<(u64, u32)> {
    let (mut sum, mut count) = (0_u64, 0);
    let mut add = |value: u64| sum = sum.wrapping_add(value);
    while !stream.is_empty() {
        let FrameView::Avl(packet) = take_frame(&mut stream).ok()? else { return None };
        for record in packet.records() {
            count += 1;
            let gps = record.gps();
            add(record.timestamp().into());
            add(u64::from(u8::from(record.priority())));
            add(u64::from(gps.longitude_raw.cast_unsigned()));
            add(u64::from(gps.latitude_raw.cast_unsigned()));
            add(gps.altitude_meters.into());
            add(gps.angle_degrees.into());
            add(gps.satellites.into());
            add(gps.speed_kph.into());
            add(record.event_io_id().map_or(0, |id| u16::from(id).into()));
            for element in record.io_elements() {
                add(u16::from(element.id()).into());
                match element.value() {
                    IoValueView::U8(value) => add(value.into()),
                    IoValueView::U16(value) => add(value.into()),
                    IoValueView::U32(value) => add(value.into()),
                    IoValueView::U64(value) => add(value),
                    IoValueView::Bytes(bytes) => bytes.iter().for_each(|&byte| add(byte.into())),
                }
            }
        }
    }
    Some((sum, count))
}
