//! What a unit says about itself (section 5), in neutral words.
//!
//! | on the wire | attribute |
//! | --- | --- |
//! | TID, HDID, IMEI, IMSI, MSISDN, LNGC | `terminal_id`, `home_dispatcher`, `imei`, `imsi`, `msisdn`, `language` |
//! | NID | `cell1.mcc`, `cell1.mnc` |
//! | VIN, VHT, VPST | `vin`, `vehicle_class_bits`, `energy_bits` |
//! | MT, VID, FWV, SWV, MD, ST, SRN, DSCR | `module1.vendor`, `module1.firmware`, … where 1 is MT |

use super::message::{ModuleData, Sub, TermIdentity, VehicleData, known};
use crate::event::{Attributes, Value};
use crate::text::Charset;

/// Adds what an authorisation sub-record tells; nothing for those that tell nothing about the unit.
pub(super) fn add(sub: &Sub<'_>, out: &mut Attributes) {
    match sub {
        Sub::TermIdentity(identity) => terminal(identity, out),
        Sub::VehicleData(vehicle) => vehicle_data(vehicle, out),
        Sub::ModuleData(module) => module_data(module, out),
        _ => {}
    }
}

/// A text of the authorisation service: CP-1251, as all texts that name no charset.
pub(super) fn text(bytes: &[u8]) -> String {
    let text = Charset::Windows1251.decode(bytes);
    text.chars().filter(|c| !c.is_control()).collect()
}

fn terminal(identity: &TermIdentity<'_>, out: &mut Attributes) {
    if identity.id != 0 {
        out.push(("terminal_id".into(), Value::Text(identity.id.to_string())));
    }
    let mut number = |name: &'static str, value: u32| {
        out.push((name.into(), Value::Int(value.into())));
    };
    identity.dispatcher.iter().for_each(|&id| number("home_dispatcher", id.into()));
    if let Some(network) = identity.network {
        number("cell1.mcc", network >> 10 & 0x3ff);
        number("cell1.mnc", network & 0x3ff);
    }
    let texts = [
        ("imei", identity.imei),
        ("imsi", identity.imsi),
        ("msisdn", identity.msisdn),
        ("language", identity.language),
    ];
    for (name, field) in texts {
        if let Some(field) = field.and_then(known) {
            out.push((name.into(), Value::Text(text(field))));
        }
    }
}

fn vehicle_data(vehicle: &VehicleData<'_>, out: &mut Attributes) {
    if let Some(vin) = known(vehicle.vin) {
        out.push(("vin".into(), Value::Text(text(vin))));
    }
    out.push(("vehicle_class_bits".into(), Value::Int(vehicle.class.into())));
    out.push(("energy_bits".into(), Value::Int(vehicle.energy.into())));
}

fn module_data(module: &ModuleData<'_>, out: &mut Attributes) {
    let version = |word: u16| Value::Text(format!("{}.{}", word >> 8, word & 0xff));
    let mut put =
        |what: &str, value| out.push((format!("module{}.{what}", module.kind).into(), value));
    put("vendor", Value::Int(module.vendor.into()));
    put("firmware", version(module.firmware));
    put("software", version(module.software));
    put("modification", Value::Int(module.modification.into()));
    put("state", Value::Int(module.state.into()));
    for (what, field) in [("serial", module.serial), ("description", module.description)] {
        if !field.is_empty() {
            put(what, Value::Text(text(field)));
        }
    }
}
