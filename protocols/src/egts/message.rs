//! Packets, records and sub-records as types, from the specification's tables. Values are as on the wire; little-endian.

use super::header::Header;
pub(super) use super::ids::{cct, code, ct, service, srt};

/// A whole packet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Packet<'a> {
    /// Transport header.
    pub(super) header: Header,
    /// Its body.
    pub(super) body: Body<'a>,
}

/// Body of a packet (section 2.2).
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body<'a> {
    /// RESPONSE.
    Response {
        /// RPID: packet that is answered; `None` if there is no body at all.
        answered: Option<u16>,
        /// PR.
        result: u8,
        /// Record answers, but ordinary records too.
        records: Vec<Record<'a>>,
    },
    /// APPDATA and SIGNED_APPDATA. No records: a sign of life.
    Data {
        /// SIGD; no algorithm is defined.
        signature: Option<&'a [u8]>,
        /// Its records.
        records: Vec<Record<'a>>,
    },
}

impl<'a> Body<'a> {
    /// The records.
    pub(super) fn records(&self) -> &[Record<'a>] {
        match self {
            Self::Response { records, .. } | Self::Data { records, .. } => records,
        }
    }
}

/// Service data record (section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// RN.
    pub(super) number: u16,
    /// RFL as received.
    pub(super) flags: u8,
    /// OID.
    pub(super) object: Option<u32>,
    /// EVID.
    pub(super) event: Option<u32>,
    /// TM.
    pub(super) time: Option<u32>,
    /// SST.
    pub(super) source: u8,
    /// RST.
    pub(super) recipient: u8,
    /// Sub-records.
    pub(super) data: &'a [u8],
    /// Where `data` begins in the packet.
    pub(super) offset: usize,
}

/// Sub-record (section 3.1), not yet looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RawSub<'a> {
    /// SRT.
    pub(super) kind: u8,
    /// SRD.
    pub(super) data: &'a [u8],
    /// Where `data` begins in the packet.
    pub(super) offset: usize,
}

/// Sub-record.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sub<'a> {
    /// Answers a record, in any service.
    RecordResponse { record: u16, result: u8 },
    /// Service 1.
    TermIdentity(TermIdentity<'a>),
    /// Service 1.
    ModuleData(ModuleData<'a>),
    /// Service 1.
    VehicleData(VehicleData<'a>),
    /// Service 1.
    DispatcherIdentity(DispatcherIdentity<'a>),
    /// Service 1.
    AuthParams(AuthParams<'a>),
    /// Service 1.
    AuthInfo(AuthInfo<'a>),
    /// Service 1.
    ServiceInfo(ServiceInfo),
    /// Service 1.
    ResultCode(u8),
    /// Service 2.
    Position(Position),
    /// Service 2.
    ExtPosition(ExtPosition),
    /// Service 2.
    Sensors(Sensors),
    /// Service 2: COUNTERS_DATA.
    Counters([Option<u32>; 8]),
    /// Service 2.
    State(State),
    /// Service 2: LOOPIN_DATA, states of the loops that are there.
    Loops([Option<u8>; 8]),
    /// Service 2: ABS_DIG_SENS_DATA.
    Input { number: u16, state: u8 },
    /// Service 2: ABS_AN_SENS_DATA.
    Analog { number: u8, value: u32 },
    /// Service 2: ABS_CNTR_DATA.
    Counter { number: u8, value: u32 },
    /// Service 2: ABS_LOOPIN_DATA.
    Loop { number: u16, state: u8 },
    /// Service 2.
    Liquid(Liquid<'a>),
    /// Service 2.
    Passengers(Passengers<'a>),
    /// Service 4.
    Command(Command<'a>),
    /// Any other, or a known one of another length.
    Other { kind: u8, data: &'a [u8] },
}

/// TERM_IDENTITY (section 5.1). Fixed fields with their padding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct TermIdentity<'a> {
    /// TID; 0: not configured.
    pub(super) id: u32,
    /// SSRA: does not wait for SERVICE_INFO.
    pub(super) simple: bool,
    /// HDID: home dispatcher.
    pub(super) dispatcher: Option<u16>,
    /// 15 bytes.
    pub(super) imei: Option<&'a [u8]>,
    /// 16 bytes.
    pub(super) imsi: Option<&'a [u8]>,
    /// 3 bytes.
    pub(super) language: Option<&'a [u8]>,
    /// NID: bits 0–9 MNC, 10–19 MCC.
    pub(super) network: Option<u32>,
    /// BS: largest packet the device accepts.
    pub(super) buffer: Option<u16>,
    /// 15 bytes.
    pub(super) msisdn: Option<&'a [u8]>,
}

/// MODULE_DATA (section 5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ModuleData<'a> {
    /// MT: 1 main, 2 I/O, 3 navigation, 4 radio.
    pub(super) kind: u8,
    /// VID.
    pub(super) vendor: u32,
    /// FWV, major in the high byte.
    pub(super) firmware: u16,
    /// SWV, major in the high byte.
    pub(super) software: u16,
    /// MD.
    pub(super) modification: u8,
    /// ST: 1 on, 0 off, above 127 a fault.
    pub(super) state: u8,
    /// SRN.
    pub(super) serial: &'a [u8],
    /// DSCR.
    pub(super) description: &'a [u8],
}

/// VEHICLE_DATA (section 5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VehicleData<'a> {
    /// 17 bytes.
    pub(super) vin: &'a [u8],
    /// VHT.
    pub(super) class: u32,
    /// VPST.
    pub(super) energy: u32,
}

/// DISPATCHER_IDENTITY (section 5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DispatcherIdentity<'a> {
    /// DT.
    pub(super) kind: u8,
    /// DID.
    pub(super) id: u32,
    /// DSCR: some systems put credentials here.
    pub(super) description: &'a [u8],
}

/// AUTH_PARAMS (section 5.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct AuthParams<'a> {
    /// FLG bits 1–0: ENA.
    pub(super) encryption: u8,
    /// PBK.
    pub(super) public_key: Option<&'a [u8]>,
    /// ISL.
    pub(super) string_length: Option<u16>,
    /// MSZ.
    pub(super) mod_size: Option<u16>,
    /// SS.
    pub(super) server_sequence: Option<&'a [u8]>,
    /// EXP.
    pub(super) exponent: Option<&'a [u8]>,
}

/// AUTH_INFO (section 5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AuthInfo<'a> {
    /// UNM.
    pub(super) user: &'a [u8],
    /// UPSW.
    pub(super) password: &'a [u8],
    /// SS.
    pub(super) server_sequence: Option<&'a [u8]>,
}

/// SERVICE_INFO (section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ServiceInfo {
    /// ST.
    pub(super) service: u8,
    /// SST: 0 in service, 128 out of service, 129 denied, 130 not configured, 131 temporarily unavailable.
    pub(super) state: u8,
    /// SRVP: bit 7 requested, bits 1–0 priority.
    pub(super) parameters: u8,
}

/// POS_DATA (section 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Position {
    /// NTM: seconds since 2010.
    pub(super) time: u32,
    /// LAT.
    pub(super) latitude: u32,
    /// LONG.
    pub(super) longitude: u32,
    /// FLG.
    pub(super) flags: u8,
    /// SPD with its two high bits.
    pub(super) speed: u16,
    /// DIR.
    pub(super) direction: u8,
    /// ODM: 0.1 km.
    pub(super) odometer: u32,
    /// DIN.
    pub(super) inputs: u8,
    /// SRC.
    pub(super) source: u8,
    /// ALT: metres.
    pub(super) altitude: Option<u32>,
    /// SRCD.
    pub(super) source_data: Option<i16>,
}

/// EXT_POS_DATA (section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ExtPosition {
    /// VDOP × 100.
    pub(super) vdop: Option<u16>,
    /// HDOP × 100.
    pub(super) hdop: Option<u16>,
    /// PDOP × 100.
    pub(super) pdop: Option<u16>,
    /// SAT.
    pub(super) satellites: Option<u8>,
    /// NS: bits of the systems in use.
    pub(super) systems: Option<u16>,
}

/// AD_SENSORS_DATA (section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sensors {
    /// DOUT.
    pub(super) outputs: u8,
    /// ADIO1 to ADIO8.
    pub(super) digital: [Option<u8>; 8],
    /// ANS1 to ANS8.
    pub(super) analog: [Option<u32>; 8],
}

/// STATE_DATA (section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    /// ST.
    pub(super) state: u8,
    /// MPSV: 0.1 V.
    pub(super) main: u8,
    /// BBV: 0.1 V.
    pub(super) backup: u8,
    /// IBV: 0.1 V.
    pub(super) internal: u8,
    /// 2 NMS, 1 IBU, 0 BBU.
    pub(super) flags: u8,
}

/// LIQUID_LEVEL_SENSOR (section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Liquid<'a> {
    /// 6 LLSEF, 5–4 LLSVU, 3 RDF, 2–0 LLSN.
    pub(super) flags: u8,
    /// MADDR.
    pub(super) address: u16,
    /// LLSD.
    pub(super) level: Level<'a>,
}

/// What a level sensor says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level<'a> {
    /// A number in the unit that LLSVU tells.
    Value(u32),
    /// The sensor's own bytes.
    Raw(&'a [u8]),
}

/// PASSENGERS_COUNTERS (section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Passengers<'a> {
    /// DRL: doors that were opened and closed.
    pub(super) released: u8,
    /// MADDR.
    pub(super) address: u16,
    /// In and out at each door that is there.
    pub(super) counts: [Option<(u8, u8)>; 8],
    /// RDF: the counter's own bytes instead.
    pub(super) raw: Option<&'a [u8]>,
}

/// COMMAND_DATA (section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Command<'a> {
    /// CT.
    pub(super) kind: u8,
    /// CCT.
    pub(super) result: u8,
    /// CID.
    pub(super) id: u32,
    /// SID.
    pub(super) sender: u32,
    /// CHS.
    pub(super) charset: Option<u8>,
    /// AC.
    pub(super) authorisation: Option<&'a [u8]>,
    /// CD.
    pub(super) data: &'a [u8],
}

/// CD of COM, DELCOM and SUBREQ (section 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order<'a> {
    /// ADR.
    pub(super) address: u16,
    /// SZ, high nibble.
    pub(super) size: u8,
    /// ACT, low nibble.
    pub(super) action: u8,
    /// CCD.
    pub(super) code: u16,
    /// DT.
    pub(super) data: &'a [u8],
}

/// CD of COMCONF (section 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OrderAnswer<'a> {
    /// ADR.
    pub(super) address: u16,
    /// CCD.
    pub(super) code: u16,
    /// DT.
    pub(super) data: &'a [u8],
}

/// 2010-01-01T00:00:00Z in seconds since 1970.
const EPOCH: i64 = 1_262_304_000;

/// A moment of the wire; `None` for 0, which devices without a clock send.
pub(super) fn moment(seconds: u32) -> Option<jiff::Timestamp> {
    if seconds == 0 {
        return None;
    }
    jiff::Timestamp::from_second(EPOCH + i64::from(seconds)).ok()
}

/// A moment for the wire; before 2010 and after 2146 it is 0.
pub(super) fn seconds(moment: jiff::Timestamp) -> u32 {
    u32::try_from(moment.as_second() - EPOCH).unwrap_or(0)
}

/// A moment that a device may have meant: not more than a day ahead of `received`.
pub(super) fn plausible(seconds: u32, received: jiff::Timestamp) -> Option<jiff::Timestamp> {
    let latest = received.checked_add(jiff::SignedDuration::from_hours(24)).ok()?;
    moment(seconds).filter(|moment| *moment <= latest)
}

/// A fixed field without its padding of NULs and blanks; `None` if nothing else, or only zeros, is in it.
pub(super) fn known(field: &[u8]) -> Option<&[u8]> {
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    let field = field.get(..end).unwrap_or_default().trim_ascii();
    field.iter().any(|&byte| byte != b'0').then_some(field)
}
