//! Numbers of the protocol that the code names: services, sub-records, commands, results.

/// Services (section 3).
pub(super) mod service {
    pub(in crate::egts) const AUTH: u8 = 1;
    pub(in crate::egts) const TELEDATA: u8 = 2;
    pub(in crate::egts) const COMMANDS: u8 = 4;
    pub(in crate::egts) const FIRMWARE: u8 = 9;
    pub(in crate::egts) const ECALL: u8 = 10;
}

/// Sub-record types.
pub(super) mod srt {
    pub(in crate::egts) const RECORD_RESPONSE: u8 = 0;
    pub(in crate::egts) const TERM_IDENTITY: u8 = 1;
    pub(in crate::egts) const MODULE_DATA: u8 = 2;
    pub(in crate::egts) const VEHICLE_DATA: u8 = 3;
    pub(in crate::egts) const DISPATCHER_IDENTITY: u8 = 5;
    pub(in crate::egts) const AUTH_PARAMS: u8 = 6;
    pub(in crate::egts) const AUTH_INFO: u8 = 7;
    pub(in crate::egts) const SERVICE_INFO: u8 = 8;
    pub(in crate::egts) const RESULT_CODE: u8 = 9;
    pub(in crate::egts) const POS_DATA: u8 = 16;
    pub(in crate::egts) const EXT_POS_DATA: u8 = 17;
    pub(in crate::egts) const AD_SENSORS_DATA: u8 = 18;
    pub(in crate::egts) const COUNTERS_DATA: u8 = 19;
    pub(in crate::egts) const STATE_DATA: u8 = 20;
    pub(in crate::egts) const STATE_DATA_OLD: u8 = 21;
    pub(in crate::egts) const LOOPIN_DATA: u8 = 22;
    pub(in crate::egts) const ABS_DIG_SENS_DATA: u8 = 23;
    pub(in crate::egts) const ABS_AN_SENS_DATA: u8 = 24;
    pub(in crate::egts) const ABS_CNTR_DATA: u8 = 25;
    pub(in crate::egts) const ABS_LOOPIN_DATA: u8 = 26;
    pub(in crate::egts) const LIQUID_LEVEL_SENSOR: u8 = 27;
    pub(in crate::egts) const PASSENGERS_COUNTERS: u8 = 28;
    pub(in crate::egts) const COMMAND_DATA: u8 = 51;
}

/// Command types (section 7).
pub(super) mod ct {
    pub(in crate::egts) const COMCONF: u8 = 1;
    pub(in crate::egts) const MSGCONF: u8 = 2;
    pub(in crate::egts) const MSGFROM: u8 = 3;
    pub(in crate::egts) const MSGTO: u8 = 4;
    pub(in crate::egts) const COM: u8 = 5;
    pub(in crate::egts) const DELCOM: u8 = 6;
    pub(in crate::egts) const SUBREQ: u8 = 7;
    pub(in crate::egts) const DELIV: u8 = 8;
}

/// Confirmation types (section 7).
pub(super) mod cct {
    pub(in crate::egts) const OK: u8 = 0;
    pub(in crate::egts) const ERROR: u8 = 1;
    pub(in crate::egts) const ILL: u8 = 2;
    pub(in crate::egts) const DEL: u8 = 3;
    pub(in crate::egts) const NFOUND: u8 = 4;
    pub(in crate::egts) const NCONF: u8 = 5;
    pub(in crate::egts) const INPROG: u8 = 6;
}

/// Result codes that the code names (section 4).
pub(super) mod code {
    pub(in crate::egts) const OK: u8 = 0;
    pub(in crate::egts) const IN_PROGRESS: u8 = 1;
    pub(in crate::egts) const UNSUPPORTED_PROTOCOL: u8 = 128;
    pub(in crate::egts) const DECRYPTION: u8 = 129;
    pub(in crate::egts) const DENIED: u8 = 130;
    pub(in crate::egts) const WRONG_HEADER: u8 = 131;
    pub(in crate::egts) const WRONG_DATA: u8 = 132;
    pub(in crate::egts) const UNSUPPORTED_TYPE: u8 = 133;
    pub(in crate::egts) const HEADER_CRC: u8 = 137;
    pub(in crate::egts) const BODY_CRC: u8 = 138;
    pub(in crate::egts) const WRONG_LENGTH: u8 = 139;
    pub(in crate::egts) const HOPS_EXHAUSTED: u8 = 144;
    pub(in crate::egts) const NO_OBJECT: u8 = 146;
    pub(in crate::egts) const UNKNOWN_SERVICE: u8 = 150;
    pub(in crate::egts) const NOT_AUTHORISED: u8 = 151;
    pub(in crate::egts) const UNKNOWN_ID: u8 = 153;
    pub(in crate::egts) const IO_ERROR: u8 = 155;
    pub(in crate::egts) const NO_RESOURCES: u8 = 156;
}
