//! From a [`Packet`] to bytes: the mirror of `decode.rs`, for both directions.

use bytes::Bytes;

use super::frame::seal;
use super::message::{
    Body, CellContent, Content, Login, Navigation, Nph, Npl, Packet, Position, Receipt, State,
    Text, kind,
};

/// The bytes of one packet, with its checksum.
pub(super) fn packet(packet: &Packet<'_>) -> Bytes {
    let mut out = Vec::with_capacity(64);
    match &packet.content {
        Content::Error(code) => out.extend_from_slice(&code.to_le_bytes()),
        Content::Nph(nph, body) => {
            put_nph(nph, &mut out);
            put_body(body, &mut out);
        }
        Content::Other(bytes) => out.extend_from_slice(bytes),
    }
    seal(&packet.npl, &out)
}

/// The result of a request: its headers, without flags (specification 2).
pub(super) fn result(npl: &Npl, request: &Nph, code: u32) -> Bytes {
    answer(npl, request, kind::RESULT, Body::Result(code))
}

/// What became of a text: its headers, without flags (specification 6).
pub(super) fn receipt(npl: &Npl, request: &Nph, receipt: Receipt) -> Bytes {
    answer(npl, request, kind::DEVICE_RESULT, Body::Receipt(receipt))
}

fn answer(npl: &Npl, request: &Nph, kind: u16, body: Body<'_>) -> Bytes {
    let nph = Nph { kind, flags: 0, ..*request };
    packet(&Packet { npl: *npl, content: Content::Nph(nph, body) })
}

fn put_nph(nph: &Nph, out: &mut Vec<u8>) {
    out.extend_from_slice(&nph.service.to_le_bytes());
    out.extend_from_slice(&nph.kind.to_le_bytes());
    out.extend_from_slice(&nph.flags.to_le_bytes());
    out.extend_from_slice(&nph.request.to_le_bytes());
}

fn put_body(body: &Body<'_>, out: &mut Vec<u8>) {
    match body {
        Body::Result(code) => out.extend_from_slice(&code.to_le_bytes()),
        Body::Login(login) => put_login(login, out),
        Body::Navigation(navigation) => put_navigation(navigation, out),
        Body::Text(text) => put_text(text, out),
        Body::Receipt(receipt) => {
            out.extend_from_slice(&receipt.fragment.to_le_bytes());
            out.extend_from_slice(&receipt.result.to_le_bytes());
            out.extend_from_slice(&receipt.message.to_le_bytes());
        }
        Body::Other(bytes) => out.extend_from_slice(bytes),
    }
}

fn put_login(login: &Login<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&login.version.0.to_le_bytes());
    out.extend_from_slice(&login.version.1.to_le_bytes());
    out.extend_from_slice(&login.flags.to_le_bytes());
    out.extend_from_slice(&login.address.to_le_bytes());
    out.extend_from_slice(&login.max_packet.to_le_bytes());
    out.extend_from_slice(&0_u32.to_le_bytes());
    out.extend(login.ids.iter().take_while(|&&byte| byte != 0));
    out.push(0);
}

fn put_navigation(navigation: &Navigation<'_>, out: &mut Vec<u8>) {
    for cell in &navigation.cells {
        let kind = match cell.content {
            CellContent::Position(_) => 0,
            CellContent::State(_) => 2,
            CellContent::Fuel(_) => 8,
            CellContent::Raw { kind, .. } => kind,
        };
        out.extend_from_slice(&[kind, cell.index]);
        match &cell.content {
            CellContent::Position(position) => put_position(position, out),
            CellContent::State(state) => put_state(state, out),
            CellContent::Fuel(fuel) => {
                out.push(fuel.state);
                out.extend_from_slice(&fuel.millimetres.to_le_bytes());
                out.extend_from_slice(&fuel.litres.to_le_bytes());
                out.push(fuel.reserved);
            }
            CellContent::Raw { bytes, .. } => out.extend_from_slice(bytes),
        }
    }
    out.extend_from_slice(navigation.unknown);
}

fn put_position(position: &Position, out: &mut Vec<u8>) {
    out.extend_from_slice(&position.time.to_le_bytes());
    out.extend_from_slice(&position.longitude.to_le_bytes());
    out.extend_from_slice(&position.latitude.to_le_bytes());
    out.extend_from_slice(&[position.flags, position.battery]);
    for word in [position.speed, position.other_speed, position.course, position.track] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(&position.altitude.to_le_bytes());
    out.extend_from_slice(&[position.satellites, position.pdop]);
}

fn put_state(state: &State, out: &mut Vec<u8>) {
    out.extend(state.analogue.iter().flat_map(|word| word.to_le_bytes()));
    out.extend_from_slice(&[state.inputs, state.outputs]);
    out.extend(state.counters.iter().flat_map(|word| word.to_le_bytes()));
    out.extend_from_slice(&state.track.to_le_bytes());
    out.extend_from_slice(&[state.gsm_level, state.gps_state, state.acceleration, state.supply]);
}

fn put_text(text: &Text<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&text.message.to_le_bytes());
    out.extend_from_slice(&text.fragment.to_le_bytes());
    out.extend_from_slice(&text.device.to_le_bytes());
    out.extend_from_slice(&text.content.to_le_bytes());
    out.extend_from_slice(text.text);
}
