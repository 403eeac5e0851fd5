//! Records and sub-records as bytes: the mirror of `decode`, in its order. Both directions, because the simulated terminal speaks
//! too. Lengths that do not fit their field are clipped together with what they count.

use super::message::{
    AuthParams, Command, ExtPosition, Level, Liquid, ModuleData, Order, OrderAnswer, Passengers,
    Position, Record, Sensors, Sub, TermIdentity, srt,
};

/// RFL of what a server sends to a device (section 3).
pub(super) const TO_DEVICE: u8 = 0x40;
/// RFL of what a device sends.
pub(super) const FROM_DEVICE: u8 = 0x80;
/// Longest SRD (section 3.1).
const MAX_SRD: usize = 65_495;

fn u16_to(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn u24_to(out: &mut Vec<u8>, value: u32) {
    out.extend(value.to_le_bytes().into_iter().take(3));
}

fn u32_to(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// A field of fixed width, filled up with NULs.
fn fixed(out: &mut Vec<u8>, field: &[u8], width: usize) {
    let filled = field.iter().copied().chain(std::iter::repeat(0));
    out.extend(filled.take(width));
}

fn string(out: &mut Vec<u8>, text: &[u8]) {
    out.extend(text.iter().copied().filter(|&byte| byte != 0));
    out.push(0);
}

/// A bit for each field that is there, the lowest first.
fn mask<const N: usize>(there: [bool; N]) -> u8 {
    there.iter().rev().fold(0, |mask, &there| mask << 1 | u8::from(there))
}

fn mask_of<T>(values: &[Option<T>; 8]) -> u8 {
    mask(values.each_ref().map(Option::is_some))
}

/// A record of `service` made of `subs`.
pub(super) fn record<'a>(flags: u8, number: u16, service: u8, data: &'a [u8]) -> Record<'a> {
    Record {
        number,
        flags,
        object: None,
        event: None,
        time: None,
        source: service,
        recipient: service,
        data,
        offset: 0,
    }
}

/// The bytes of some sub-records.
pub(super) fn subs(list: &[Sub<'_>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    list.iter().for_each(|sub| sub.encode(&mut out));
    out
}

/// Body of a RESPONSE: RPID, PR and what stands behind (section 2.2).
pub(super) fn response(answered: u16, result: u8, records: &[Record<'_>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    u16_to(&mut out, answered);
    out.push(result);
    records.iter().for_each(|record| record.encode(&mut out));
    out
}

/// Body of an APPDATA packet (section 2.2).
pub(super) fn data(records: &[Record<'_>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    records.iter().for_each(|record| record.encode(&mut out));
    out
}

impl Record<'_> {
    /// The record (section 3). Its flags are those given, with the bits for the fields that are there.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let there = [self.object.is_some(), self.event.is_some(), self.time.is_some()];
        u16_to(out, u16::try_from(self.data.len()).unwrap_or(u16::MAX));
        u16_to(out, self.number);
        out.push(self.flags & !7 | mask(there));
        for field in [self.object, self.event, self.time].into_iter().flatten() {
            u32_to(out, field);
        }
        out.extend_from_slice(&[self.source, self.recipient]);
        out.extend(self.data.iter().take(usize::from(u16::MAX)));
    }
}

impl Sub<'_> {
    /// The sub-record: SRT, SRL and SRD.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[self.kind(), 0, 0]);
        self.encode_data(out);
        out.truncate(start + 3 + MAX_SRD);
        let length = u16::try_from(out.len() - start - 3).unwrap_or(u16::MAX).to_le_bytes();
        if let Some(field) = out.get_mut(start + 1..start + 3) {
            field.copy_from_slice(&length);
        }
    }

    /// SRT.
    pub(super) const fn kind(&self) -> u8 {
        match self {
            Self::RecordResponse { .. } => srt::RECORD_RESPONSE,
            Self::TermIdentity(_) => srt::TERM_IDENTITY,
            Self::ModuleData(_) => srt::MODULE_DATA,
            Self::VehicleData(_) => srt::VEHICLE_DATA,
            Self::DispatcherIdentity(_) => srt::DISPATCHER_IDENTITY,
            Self::AuthParams(_) => srt::AUTH_PARAMS,
            Self::AuthInfo(_) => srt::AUTH_INFO,
            Self::ServiceInfo(_) => srt::SERVICE_INFO,
            Self::ResultCode(_) => srt::RESULT_CODE,
            Self::Position(_) => srt::POS_DATA,
            Self::ExtPosition(_) => srt::EXT_POS_DATA,
            Self::Sensors(_) => srt::AD_SENSORS_DATA,
            Self::Counters(_) => srt::COUNTERS_DATA,
            Self::State(_) => srt::STATE_DATA,
            Self::Loops(_) => srt::LOOPIN_DATA,
            Self::Input { .. } => srt::ABS_DIG_SENS_DATA,
            Self::Analog { .. } => srt::ABS_AN_SENS_DATA,
            Self::Counter { .. } => srt::ABS_CNTR_DATA,
            Self::Loop { .. } => srt::ABS_LOOPIN_DATA,
            Self::Liquid(_) => srt::LIQUID_LEVEL_SENSOR,
            Self::Passengers(_) => srt::PASSENGERS_COUNTERS,
            Self::Command(_) => srt::COMMAND_DATA,
            Self::Other { kind, .. } => *kind,
        }
    }

    fn encode_data(&self, out: &mut Vec<u8>) {
        match self {
            Self::RecordResponse { record, result } => {
                u16_to(out, *record);
                out.push(*result);
            }
            Self::TermIdentity(identity) => identity.encode(out),
            Self::ModuleData(module) => module.encode(out),
            Self::VehicleData(vehicle) => {
                fixed(out, vehicle.vin, 17);
                u32_to(out, vehicle.class);
                u32_to(out, vehicle.energy);
            }
            Self::DispatcherIdentity(dispatcher) => {
                out.push(dispatcher.kind);
                u32_to(out, dispatcher.id);
                out.extend_from_slice(dispatcher.description);
            }
            Self::AuthParams(params) => params.encode(out),
            Self::AuthInfo(info) => {
                string(out, info.user);
                string(out, info.password);
                if let Some(sequence) = info.server_sequence {
                    string(out, sequence);
                }
            }
            Self::ServiceInfo(info) => {
                out.extend_from_slice(&[info.service, info.state, info.parameters]);
            }
            Self::ResultCode(code) => out.push(*code),
            Self::Position(position) => position.encode(out),
            Self::ExtPosition(position) => position.encode(out),
            Self::Sensors(sensors) => sensors.encode(out),
            Self::Counters(values) => {
                out.push(mask_of(values));
                values.iter().flatten().for_each(|&value| u24_to(out, value));
            }
            Self::State(state) => {
                let fields = [state.state, state.main, state.backup, state.internal, state.flags];
                out.extend_from_slice(&fields);
            }
            Self::Loops(states) => {
                out.push(mask_of(states));
                let there: Vec<u8> = states.iter().copied().flatten().collect();
                let pairs = there.chunks(2).map(|pair| match *pair {
                    [low, high] => low & 15 | high << 4,
                    [low] => low & 15,
                    _ => 0,
                });
                out.extend(pairs);
            }
            Self::Input { number, state } | Self::Loop { number, state } => {
                u16_to(out, number << 4 | u16::from(state & 15));
            }
            Self::Analog { number, value } | Self::Counter { number, value } => {
                out.push(*number);
                u24_to(out, *value);
            }
            Self::Liquid(liquid) => liquid.encode(out),
            Self::Passengers(passengers) => passengers.encode(out),
            Self::Command(command) => command.encode(out),
            Self::Other { data, .. } => out.extend_from_slice(data),
        }
    }
}

impl TermIdentity<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        u32_to(out, self.id);
        out.push(mask([
            self.dispatcher.is_some(),
            self.imei.is_some(),
            self.imsi.is_some(),
            self.language.is_some(),
            self.simple,
            self.network.is_some(),
            self.buffer.is_some(),
            self.msisdn.is_some(),
        ]));
        self.dispatcher.iter().for_each(|&id| u16_to(out, id));
        self.imei.iter().for_each(|field| fixed(out, field, 15));
        self.imsi.iter().for_each(|field| fixed(out, field, 16));
        self.language.iter().for_each(|field| fixed(out, field, 3));
        self.network.iter().for_each(|&id| u24_to(out, id));
        self.buffer.iter().for_each(|&size| u16_to(out, size));
        self.msisdn.iter().for_each(|field| fixed(out, field, 15));
    }
}

impl ModuleData<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.kind);
        u32_to(out, self.vendor);
        u16_to(out, self.firmware);
        u16_to(out, self.software);
        out.extend_from_slice(&[self.modification, self.state]);
        string(out, self.serial);
        string(out, self.description);
    }
}

impl AuthParams<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        let there = [
            self.public_key.is_some(),
            self.string_length.is_some(),
            self.mod_size.is_some(),
            self.server_sequence.is_some(),
            self.exponent.is_some(),
        ];
        out.push(self.encryption & 3 | mask(there) << 2);
        if let Some(key) = self.public_key {
            u16_to(out, u16::try_from(key.len()).unwrap_or(u16::MAX));
            out.extend(key.iter().take(usize::from(u16::MAX)));
        }
        self.string_length.iter().for_each(|&length| u16_to(out, length));
        self.mod_size.iter().for_each(|&size| u16_to(out, size));
        self.server_sequence.iter().for_each(|text| string(out, text));
        self.exponent.iter().for_each(|text| string(out, text));
    }
}

impl Position {
    fn encode(&self, out: &mut Vec<u8>) {
        u32_to(out, self.time);
        u32_to(out, self.latitude);
        u32_to(out, self.longitude);
        out.push(self.flags & 0x7f | u8::from(self.altitude.is_some()) << 7);
        u16_to(out, self.speed);
        out.push(self.direction);
        u24_to(out, self.odometer);
        out.extend_from_slice(&[self.inputs, self.source]);
        self.altitude.iter().for_each(|&metres| u24_to(out, metres));
        self.source_data.iter().for_each(|data| out.extend_from_slice(&data.to_le_bytes()));
    }
}

impl ExtPosition {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(mask([
            self.vdop.is_some(),
            self.hdop.is_some(),
            self.pdop.is_some(),
            self.satellites.is_some(),
            self.systems.is_some(),
        ]));
        [self.vdop, self.hdop, self.pdop].iter().flatten().for_each(|&dop| u16_to(out, dop));
        out.extend(self.satellites);
        self.systems.iter().for_each(|&systems| u16_to(out, systems));
    }
}

impl Sensors {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[mask_of(&self.digital), self.outputs, mask_of(&self.analog)]);
        out.extend(self.digital.iter().flatten());
        self.analog.iter().flatten().for_each(|&value| u24_to(out, value));
    }
}

impl Liquid<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        let raw = matches!(self.level, Level::Raw(_));
        out.push(self.flags & !8 | u8::from(raw) << 3);
        u16_to(out, self.address);
        match self.level {
            Level::Raw(bytes) => out.extend_from_slice(bytes),
            Level::Value(value) => u32_to(out, value),
        }
    }
}

impl Passengers<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.raw.is_some().into(), mask_of(&self.counts), self.released]);
        u16_to(out, self.address);
        match self.raw {
            Some(raw) => out.extend_from_slice(raw),
            None => self.counts.iter().flatten().for_each(|&(i, o)| out.extend_from_slice(&[i, o])),
        }
    }
}

impl Command<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.kind << 4 | self.result & 0x0f);
        u32_to(out, self.id);
        u32_to(out, self.sender);
        out.push(mask([self.charset.is_some(), self.authorisation.is_some()]));
        out.extend(self.charset);
        if let Some(code) = self.authorisation {
            out.push(u8::try_from(code.len()).unwrap_or(u8::MAX));
            out.extend(code.iter().take(255));
        }
        out.extend_from_slice(self.data);
    }
}

impl Order<'_> {
    /// CD of COM, DELCOM and SUBREQ.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        u16_to(out, self.address);
        out.push(self.size << 4 | self.action & 0x0f);
        u16_to(out, self.code);
        out.extend_from_slice(self.data);
    }
}

impl OrderAnswer<'_> {
    /// CD of COMCONF.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        u16_to(out, self.address);
        u16_to(out, self.code);
        out.extend_from_slice(self.data);
    }
}
