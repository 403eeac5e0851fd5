//! Every protocol the gateway speaks, once.

use crate::galileosky;
use crate::jt808;
use crate::protocol::Protocol;
use crate::queclink;
use crate::teltonika;
use crate::wialon_ips;

/// All protocols, in the order in which tables list them.
pub const ALL: &[&dyn Protocol] = &[
    &jt808::Jt808,
    &wialon_ips::WialonIps,
    &teltonika::Teltonika,
    &galileosky::Galileosky,
    &queclink::Queclink,
];

/// The protocol called `name` (its [`crate::ProtocolInfo::name`]).
#[must_use]
pub fn by_name(name: &str) -> Option<&'static dyn Protocol> {
    ALL.iter().copied().find(|protocol| protocol.info().name == name)
}
