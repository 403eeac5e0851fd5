//! Who the terminal is and who drives: registration, authentication, properties, driver's card.

use crate::wire::number::{be_u8, be_u16};

use super::{Body, Parsed, array, bytes, field, location::looks_like_time, short};
use crate::jt808::header::{Edition, Style};
use crate::jt808::message::{
    Authentication, Card, Context, Driver, Message, Properties, Registration,
};
use crate::text::Charset;

/// Section 10.1. The layout is told by the body alone (sections 4.2 and 4.3).
pub(super) fn registration(context: Context, body: &[u8]) -> Body<'_> {
    let edition = registration_edition(context, body);
    let (manufacturer, model, terminal_id) = match edition {
        Edition::V2011 => (5, 8, 7),
        Edition::V2013 => (5, 20, 7),
        Edition::V2019 => (11, 30, 30),
    };
    let (rest, province) = field("province", be_u16, body)?;
    let (rest, city) = field("city", be_u16, rest)?;
    let (rest, manufacturer) = bytes("manufacturer", manufacturer, rest)?;
    let (rest, model) = bytes("model", model, rest)?;
    let (rest, terminal_id) = bytes("terminal id", terminal_id, rest)?;
    let (plate, colour) = field("plate colour", be_u8, rest)?;
    Ok(Message::Registration(Registration {
        edition,
        province,
        city,
        manufacturer,
        model,
        terminal_id,
        colour,
        plate,
    }))
}

fn registration_edition(context: Context, body: &[u8]) -> Edition {
    let colour = |at: usize| body.get(at).is_some_and(|colour| *colour <= 9);
    match body.len() {
        76.. if context.style == Style::V2019 => Edition::V2019,
        ..37 => Edition::V2011,
        _ if !colour(36) && colour(24) && is_gbk(body.get(25..).unwrap_or_default()) => {
            Edition::V2011
        }
        _ => Edition::V2013,
    }
}

fn is_gbk(bytes: &[u8]) -> bool {
    !Charset::Gbk.decode(bytes).contains(char::REPLACEMENT_CHARACTER)
}

/// Section 10.2. Under a 2019 header the 2013 layout occurs: the length tells (section 4.3).
pub(super) fn authentication(context: Context, body: &[u8]) -> Body<'_> {
    let length = body.first().copied().map_or(0, usize::from);
    if context.style == Style::Legacy || length + 36 != body.len() {
        return Ok(Message::Authentication(Authentication { code: body, device: None }));
    }
    let (rest, code) = short("code", body)?;
    let (rest, imei) = bytes("IMEI", 15, rest)?;
    let (_, software) = bytes("software", 20, rest)?;
    Ok(Message::Authentication(Authentication { code, device: Some((imei, software)) }))
}

/// Section 13.5. The widths of manufacturer, model and id vary: that combination is right which ends with the body.
pub(super) fn properties(context: Context, body: &[u8]) -> Body<'_> {
    const WIDTHS: [(usize, usize, usize); 4] = [(5, 30, 30), (11, 30, 30), (5, 20, 7), (11, 20, 7)];
    let fitting = WIDTHS.into_iter().find_map(|widths| match properties_of(widths, body) {
        Ok(([], properties)) => Some(properties),
        _ => None,
    });
    let usual = match context.style {
        Style::V2019 => (5, 30, 30),
        Style::Legacy => (5, 20, 7),
    };
    Ok(Message::Properties(match fitting {
        Some(properties) => properties,
        None => properties_of(usual, body)?.1,
    }))
}

fn properties_of(
    (manufacturer, model, id): (usize, usize, usize),
    body: &[u8],
) -> Parsed<'_, Properties<'_>> {
    let (rest, kind) = field("type", be_u16, body)?;
    let (rest, manufacturer) = bytes("manufacturer", manufacturer, rest)?;
    let (rest, model) = bytes("model", model, rest)?;
    let (rest, terminal_id) = bytes("terminal id", id, rest)?;
    let (rest, iccid) = bytes("ICCID", 10, rest)?;
    let (rest, hardware) = short("hardware", rest)?;
    let (rest, firmware) = short("firmware", rest)?;
    let (rest, gnss) = field("GNSS", be_u8, rest)?;
    let (rest, radio) = field("radio", be_u8, rest)?;
    Ok((
        rest,
        Properties {
            kind,
            manufacturer,
            model,
            terminal_id,
            iccid,
            hardware,
            firmware,
            gnss,
            radio,
        },
    ))
}

/// Section 13.1: parsed by what is there. The 2011 layout has no status; it is taken where its fields end with the body and
/// the beginning is no status with a time.
pub(super) fn driver(body: &[u8]) -> Body<'_> {
    let status_first =
        matches!(body.first(), Some(..=2)) && looks_like_time(body.get(1..7).unwrap_or_default());
    if !status_first && let Ok(([], identity)) = old_identity(body) {
        return Ok(Message::Driver(identity));
    }
    let (rest, status) = field("status", be_u8, body)?;
    let (rest, time) = array("time", rest)?;
    let (card, read) = match rest.split_first() {
        Some((&0, card)) => (Some(card), Some(0)),
        other => (None, other.map(|(read, _)| *read)),
    };
    let card = match card {
        Some(card) if !card.is_empty() => Some(self::card(card)?.1),
        _ => None,
    };
    Ok(Message::Driver(Driver::Card { status, time, read, card }))
}

fn card(input: &[u8]) -> Parsed<'_, Card<'_>> {
    let (rest, name) = short("name", input)?;
    let (rest, licence) = bytes("licence", 20, rest)?;
    let (rest, agency) = short("agency", rest)?;
    let (rest, valid_until) = array("valid until", rest)?;
    let id_number = rest.get(..20);
    Ok((rest.get(20..).unwrap_or_default(), Card { name, licence, agency, valid_until, id_number }))
}

fn old_identity(body: &[u8]) -> Parsed<'_, Driver<'_>> {
    let (rest, name) = short("name", body)?;
    let (rest, id_number) = bytes("id number", 20, rest)?;
    let (rest, licence) = bytes("licence", 40, rest)?;
    let (rest, agency) = short("agency", rest)?;
    Ok((rest, Driver::Identity { name, id_number, licence, agency }))
}
