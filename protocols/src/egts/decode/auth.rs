//! Sub-records of the authorisation service (section 5).

use super::{Outcome, Parsed, bytes, u8_of, u16_of, u32_of, when};
use crate::egts::message::{
    AuthInfo, AuthParams, DispatcherIdentity, ModuleData, ServiceInfo, Sub, TermIdentity,
    VehicleData, srt,
};

/// Reads sub-record `kind`.
pub(super) fn sub(kind: u8, input: &[u8]) -> Outcome<'_, Sub<'_>> {
    match kind {
        srt::TERM_IDENTITY => term_identity(input),
        srt::MODULE_DATA => module_data(input),
        srt::VEHICLE_DATA => vehicle_data(input),
        srt::DISPATCHER_IDENTITY => dispatcher_identity(input),
        srt::AUTH_PARAMS => auth_params(input),
        // The obsolete numbering has RESULT_CODE here: one byte, which AUTH_INFO cannot be.
        srt::AUTH_INFO if input.len() == 1 => result_code(input),
        srt::AUTH_INFO => auth_info(input),
        srt::SERVICE_INFO => service_info(input),
        srt::RESULT_CODE => result_code(input),
        _ => Ok(Sub::Other { kind, data: input }),
    }
}

fn fixed<'a, const N: usize>(name: &'static str, input: &'a [u8]) -> Parsed<'a, &'a [u8]> {
    bytes(name, N, input)
}

/// Up to a NUL, which is taken too; one that is missing at the end is tolerated.
fn string<'a>(_: &'static str, input: &'a [u8]) -> Parsed<'a, &'a [u8]> {
    let end = memchr::memchr(0, input).unwrap_or(input.len());
    let (text, rest) = input.split_at_checked(end).unwrap_or((input, &[]));
    Ok((rest.get(1..).unwrap_or_default(), text))
}

fn term_identity(input: &[u8]) -> Outcome<'_, Sub<'_>> {
    let (rest, id) = u32_of("TID", input)?;
    let (rest, flags) = u8_of("flags", rest)?;
    let bit = |bit: u8| flags >> bit & 1 != 0;
    let (rest, dispatcher) = when(bit(0), "HDID", u16_of, rest)?;
    let (rest, imei) = when(bit(1), "IMEI", fixed::<15>, rest)?;
    let (rest, imsi) = when(bit(2), "IMSI", fixed::<16>, rest)?;
    let (rest, language) = when(bit(3), "LNGC", fixed::<3>, rest)?;
    let (rest, network) = when(bit(5), "NID", super::u24_of, rest)?;
    let (rest, buffer) = when(bit(6), "BS", u16_of, rest)?;
    let (_, msisdn) = when(bit(7), "MSISDN", fixed::<15>, rest)?;
    let simple = bit(4);
    let identity =
        TermIdentity { id, simple, dispatcher, imei, imsi, language, network, buffer, msisdn };
    Ok(Sub::TermIdentity(identity))
}

fn module_data(input: &[u8]) -> Outcome<'_, Sub<'_>> {
    let (rest, kind) = u8_of("MT", input)?;
    let (rest, vendor) = u32_of("VID", rest)?;
    let (rest, firmware) = u16_of("FWV", rest)?;
    let (rest, software) = u16_of("SWV", rest)?;
    let (rest, modification) = u8_of("MD", rest)?;
    let (rest, state) = u8_of("ST", rest)?;
    let (rest, serial) = string("SRN", rest)?;
    let (_, description) = string("DSCR", rest)?;
    Ok(Sub::ModuleData(ModuleData {
        kind,
        vendor,
        firmware,
        software,
        modification,
        state,
        serial,
        description,
    }))
}

fn vehicle_data(input: &[u8]) -> Outcome<'_, Sub<'_>> {
    let (rest, vin) = bytes("VIN", 17, input)?;
    let (rest, class) = u32_of("VHT", rest)?;
    let (_, energy) = u32_of("VPST", rest)?;
    Ok(Sub::VehicleData(VehicleData { vin, class, energy }))
}

fn dispatcher_identity(input: &[u8]) -> Outcome<'_, Sub<'_>> {
    let (rest, kind) = u8_of("DT", input)?;
    let (description, id) = u32_of("DID", rest)?;
    Ok(Sub::DispatcherIdentity(DispatcherIdentity { kind, id, description }))
}

fn auth_params(input: &[u8]) -> Outcome<'_, Sub<'_>> {
    let (mut rest, flags) = u8_of("FLG", input)?;
    let bit = |bit: u8| flags >> bit & 1 != 0;
    let mut public_key = None;
    if bit(2) {
        let (after, length) = u16_of("PKL", rest)?;
        let (after, key) = bytes("PBK", length.into(), after)?;
        (rest, public_key) = (after, Some(key));
    }
    let (rest, string_length) = when(bit(3), "ISL", u16_of, rest)?;
    let (rest, mod_size) = when(bit(4), "MSZ", u16_of, rest)?;
    let (rest, server_sequence) = when(bit(5), "SS", string, rest)?;
    let (_, exponent) = when(bit(6), "EXP", string, rest)?;
    Ok(Sub::AuthParams(AuthParams {
        encryption: flags & 3,
        public_key,
        string_length,
        mod_size,
        server_sequence,
        exponent,
    }))
}

fn auth_info(input: &[u8]) -> Outcome<'_, Sub<'_>> {
    let (rest, user) = string("UNM", input)?;
    let (rest, password) = string("UPSW", rest)?;
    let (_, server_sequence) = when(!rest.is_empty(), "SS", string, rest)?;
    Ok(Sub::AuthInfo(AuthInfo { user, password, server_sequence }))
}

fn service_info(input: &[u8]) -> Outcome<'_, Sub<'_>> {
    let (rest, service) = u8_of("ST", input)?;
    let (rest, state) = u8_of("SST", rest)?;
    let (_, parameters) = u8_of("SRVP", rest)?;
    Ok(Sub::ServiceInfo(ServiceInfo { service, state, parameters }))
}

fn result_code(input: &[u8]) -> Outcome<'_, Sub<'_>> {
    let (_, code) = u8_of("RCD", input)?;
    Ok(Sub::ResultCode(code))
}
