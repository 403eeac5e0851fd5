//! The specification's names of numbers, for errors and explanations.

use super::message::{ct, service, srt};

/// A sub-record, for errors.
pub(super) const fn sub_record(service: u8, kind: u8) -> &'static str {
    match (service, kind) {
        (_, srt::RECORD_RESPONSE) => "RECORD_RESPONSE",
        (service::AUTH, srt::TERM_IDENTITY) => "TERM_IDENTITY",
        (service::AUTH, srt::MODULE_DATA) => "MODULE_DATA",
        (service::AUTH, srt::VEHICLE_DATA) => "VEHICLE_DATA",
        (service::AUTH, srt::DISPATCHER_IDENTITY) => "DISPATCHER_IDENTITY",
        (service::AUTH, srt::AUTH_PARAMS) => "AUTH_PARAMS",
        (service::AUTH, srt::AUTH_INFO) => "AUTH_INFO",
        (service::AUTH, srt::SERVICE_INFO) => "SERVICE_INFO",
        (service::AUTH, srt::RESULT_CODE) => "RESULT_CODE",
        (service::TELEDATA, srt::POS_DATA) => "POS_DATA",
        (service::TELEDATA, srt::EXT_POS_DATA) => "EXT_POS_DATA",
        (service::TELEDATA, srt::AD_SENSORS_DATA) => "AD_SENSORS_DATA",
        (service::TELEDATA, srt::COUNTERS_DATA) => "COUNTERS_DATA",
        (service::TELEDATA, srt::STATE_DATA | srt::STATE_DATA_OLD) => "STATE_DATA",
        (service::TELEDATA, srt::LOOPIN_DATA) => "LOOPIN_DATA",
        (service::TELEDATA, srt::ABS_DIG_SENS_DATA) => "ABS_DIG_SENS_DATA",
        (service::TELEDATA, srt::ABS_AN_SENS_DATA) => "ABS_AN_SENS_DATA",
        (service::TELEDATA, srt::ABS_CNTR_DATA) => "ABS_CNTR_DATA",
        (service::TELEDATA, srt::ABS_LOOPIN_DATA) => "ABS_LOOPIN_DATA",
        (service::TELEDATA, srt::LIQUID_LEVEL_SENSOR) => "LIQUID_LEVEL_SENSOR",
        (service::TELEDATA, srt::PASSENGERS_COUNTERS) => "PASSENGERS_COUNTERS",
        (service::COMMANDS, srt::COMMAND_DATA) => "COMMAND_DATA",
        (service::FIRMWARE, 33) => "SERVICE_PART_DATA",
        (service::FIRMWARE, 34) => "SERVICE_FULL_DATA",
        (service::ECALL, 20) => "ACCEL_DATA",
        (service::ECALL, 40) => "RAW_MSD_DATA",
        (service::ECALL, 50) => "MSD_DATA",
        (service::ECALL, 62) => "TRACK_DATA",
        _ => "other sub-record",
    }
}

/// A service.
pub(super) const fn service_name(service: u8) -> &'static str {
    match service {
        service::AUTH => "AUTH",
        service::TELEDATA => "TELEDATA",
        service::COMMANDS => "COMMANDS",
        service::FIRMWARE => "FIRMWARE",
        service::ECALL => "ECALL",
        _ => "not assigned",
    }
}

/// A command type.
pub(super) const fn command(kind: u8) -> &'static str {
    match kind {
        ct::COMCONF => "COMCONF",
        ct::MSGCONF => "MSGCONF",
        ct::MSGFROM => "MSGFROM",
        ct::MSGTO => "MSGTO",
        ct::COM => "COM",
        ct::DELCOM => "DELCOM",
        ct::SUBREQ => "SUBREQ",
        ct::DELIV => "DELIV",
        _ => "not assigned",
    }
}

/// A confirmation type.
pub(super) const fn confirmation(result: u8) -> &'static str {
    const NAMES: [&str; 7] = ["OK", "ERROR", "ILL", "DEL", "NFOUND", "NCONF", "INPROG"];
    if (result as usize) < NAMES.len() { NAMES[result as usize] } else { "not assigned" }
}

/// A result code (section 4).
pub(super) const fn result(code: u8) -> &'static str {
    const NAMES: [&str; 38] = [
        "UNS_PROTOCOL",
        "DECRYPT_ERROR",
        "PROC_DENIED",
        "INC_HEADERFORM",
        "INC_DATAFORM",
        "UNS_TYPE",
        "NOTEN_PARAMS",
        "DBL_PROC",
        "PROC_SRC_DENIED",
        "HEADERCRC_ERROR",
        "DATACRC_ERROR",
        "INVDATALEN",
        "ROUTE_NFOUND",
        "ROUTE_CLOSED",
        "ROUTE_DENIED",
        "INVADDR",
        "TTLEXPIRED",
        "NO_ACK",
        "OBJ_NFOUND",
        "EVNT_NFOUND",
        "SRVC_NFOUND",
        "SRVC_DENIED",
        "SRVC_UNKN",
        "AUTH_DENIED",
        "ALREADY_EXISTS",
        "ID_NFOUND",
        "INC_DATETIME",
        "IO_ERROR",
        "NO_RES_AVAIL",
        "MODULE_FAULT",
        "MODULE_PWR_FLT",
        "MODULE_PROC_FLT",
        "MODULE_SW_FLT",
        "MODULE_FW_FLT",
        "MODULE_IO_FLT",
        "MODULE_MEM_FLT",
        "TEST_FAILED",
        "unknown sub-record",
    ];
    match code {
        0 => "OK",
        1 => "IN_PROGRESS",
        128..=165 => NAMES[(code - 128) as usize],
        _ => "not assigned",
    }
}

/// What caused a position (section 6.1).
pub(super) const fn trigger(source: u8) -> &'static str {
    match source {
        0 => "timer, ignition on",
        1 => "distance",
        2 => "turn",
        3 => "request",
        4 => "input changed",
        5 => "timer, ignition off",
        6 => "peripheral unplugged",
        7 => "speed over limit",
        8 => "restart",
        9 => "output overload",
        10 => "case opened",
        11 => "external power lost",
        12 => "backup battery low",
        13 => "panic button",
        14 => "voice call requested",
        15 => "emergency",
        16 => "external service data",
        19 => "backup battery fault",
        20 => "hard acceleration",
        21 => "hard braking",
        22 => "GNSS module fault",
        23 => "crash sensor fault",
        24 => "GSM antenna fault",
        25 => "GNSS antenna fault",
        27 => "speed under limit",
        28 => "moving with ignition off",
        29 => "emergency timer",
        30 => "navigation started or ended",
        31 => "unstable navigation",
        32 => "IP connected",
        33 => "unstable registration",
        34 => "unstable link",
        35 => "mode changed",
        _ => "not assigned",
    }
}
