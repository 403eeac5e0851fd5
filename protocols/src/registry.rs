//! Every protocol the gateway speaks, once.

use crate::eelink;
use crate::egts;
use crate::galileosky;
use crate::gt06;
use crate::iw;
use crate::jt808;
use crate::ndtp;
use crate::protocol::Protocol;
use crate::queclink;
use crate::setracker;
use crate::taip;
use crate::teltonika;
use crate::wialon_combine;
use crate::wialon_ips;

/// All protocols, in the order in which tables list them.
pub const ALL: &[&dyn Protocol] = &[
    &jt808::Jt808,
    &egts::Egts,
    &wialon_ips::WialonIps,
    &wialon_combine::WialonCombine,
    &teltonika::Teltonika,
    &galileosky::Galileosky,
    &ndtp::Ndtp,
    &queclink::Queclink,
    &taip::Taip,
    &gt06::Gt06,
    &eelink::Eelink,
    &setracker::Setracker,
    &iw::Iw,
];

/// The protocol called `name` (its [`crate::ProtocolInfo::name`]).
#[must_use]
pub fn by_name(name: &str) -> Option<&'static dyn Protocol> {
    ALL.iter().copied().find(|protocol| protocol.info().name == name)
}
