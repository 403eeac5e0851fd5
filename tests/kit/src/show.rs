//! What happened, in the words of transcripts.

use protocols::{
    DeliveryStage, DriverIdentity, DriverMessage, Effect, Event, Evidence, Fix, Lane, Origin,
    Receipt, RepeatKey, Report, Value,
};

use crate::host::Happening;
use crate::literal::{bytes_literal, quoted};

/// The lines for one happening; none for a valid frame, of which the rest of the transcript speaks.
pub(crate) fn lines(happening: &Happening) -> Vec<String> {
    match happening {
        Happening::Frame(_) => Vec::new(),
        Happening::Rejected(_, reason) => vec![format!("! rejected {reason}")],
        Happening::Broken(error) => vec![format!("! broken {error}")],
        Happening::Written(bytes) => vec![format!("< {}", bytes_literal(bytes))],
        Happening::Error(error) => vec![format!("! error {error}")],
        Happening::Effect(effect) => effect_lines(effect),
    }
}

fn effect_lines(effect: &Effect) -> Vec<String> {
    let line = match effect {
        Effect::Authenticate { lane, credentials } => {
            let mut line = format!("login{} identity={}", on(*lane), quoted(&credentials.identity));
            for alias in &credentials.aliases {
                line += &format!(" alias={}", quoted(alias));
            }
            if let Some(secret) = &credentials.secret {
                line += &format!(" secret={}", quoted(secret));
            }
            line
        }
        Effect::Online { lane } => format!("online{}", on(*lane)),
        Effect::Refuse { lane, reason } => format!("refuse{} {}", on(*lane), quoted(reason)),
        Effect::Offline { lane } => format!("offline{}", on(*lane)),
        Effect::Record { lane, events, .. } if events.is_empty() => {
            format!("record{} nothing", on(*lane))
        }
        Effect::Record { lane, events, .. } => {
            let line = |item| format!("! record{} {}", on(*lane), event(item));
            return events.iter().map(line).collect();
        }
        Effect::Delivery { lane, receipt, stage } => {
            format!("delivery{} {} {}", on(*lane), about(receipt), stage_words(stage))
        }
        Effect::Close(reason) => format!("close {reason}"),
        other => format!("{other:?}"),
    };
    vec![format!("! {line}")]
}

fn on(lane: Lane) -> String {
    match lane {
        Lane(0) => String::new(),
        Lane(number) => format!(" lane={number}"),
    }
}

fn about(receipt: &Receipt) -> String {
    match receipt {
        Receipt::Token(token) => format!("token={}", token.0),
        Receipt::Serial { serial, bits } => format!("serial={serial}/{bits}"),
    }
}

fn stage_words(stage: &DeliveryStage) -> String {
    match stage {
        DeliveryStage::Transmitted => "transmitted".to_owned(),
        DeliveryStage::Confirmed(Evidence::Displayed) => "confirmed displayed".to_owned(),
        DeliveryStage::Confirmed(Evidence::Accepted) => "confirmed accepted".to_owned(),
        DeliveryStage::Confirmed(Evidence::Inferred) => "confirmed inferred".to_owned(),
        DeliveryStage::Read => "read".to_owned(),
        DeliveryStage::Refused { code, retry: true } => format!("refused code={code} for now"),
        DeliveryStage::Refused { code, retry: false } => format!("refused code={code} for good"),
        DeliveryStage::TimedOut => "timed out".to_owned(),
        other => format!("{other:?}"),
    }
}

fn event(event: &Event) -> String {
    match event {
        Event::Message(text) => message(text),
        Event::Report(values) => report(values),
        Event::Driver(identity) => driver(identity),
        Event::Info(values) => format!("info{}", attributes(values)),
        Event::Unhandled { kind, raw } => format!("unhandled {kind:#06x} {}", bytes_literal(raw)),
        other => format!("{other:?}"),
    }
}

fn message(text: &DriverMessage) -> String {
    let mut line = format!("message {}", quoted(&text.text));
    if let Some(time) = text.device_time {
        line += &format!(" time={time}");
    }
    line += &match text.repeat {
        RepeatKey::Numbered { key, window_seconds } => format!(" repeat={key}/{window_seconds}s"),
        RepeatKey::TextOnly { window_seconds } => format!(" repeat=text/{window_seconds}s"),
    };
    if let Some(serial) = text.reply_to {
        line += &format!(" reply_to={serial}");
    }
    if text.origin == Origin::Device {
        line += " origin=device";
    }
    line
}

fn report(values: &Report) -> String {
    let mut line = String::from(if values.archived { "report archived" } else { "report" });
    if let Some(time) = values.time {
        line += &format!(" time={time}");
    }
    if let Some(position) = &values.fix {
        line += &fix(position);
    }
    line + &attributes(&values.attributes)
}

fn fix(fix: &Fix) -> String {
    let mut line = format!(" at={:.6},{:.6}", fix.latitude, fix.longitude);
    if !fix.valid {
        line += " invalid";
    }
    let numbers = [("altitude", fix.altitude), ("speed", fix.speed), ("course", fix.course)];
    for (name, number) in numbers {
        if let Some(number) = number {
            line += &format!(" {name}={number}");
        }
    }
    if let Some(count) = fix.satellites {
        line += &format!(" satellites={count}");
    }
    line
}

fn attributes(values: &[(std::borrow::Cow<'static, str>, Value)]) -> String {
    let one = |(name, value): &(_, Value)| format!(" {name}={}", attribute(value));
    values.iter().map(one).collect()
}

fn attribute(value: &Value) -> String {
    match value {
        Value::Bool(yes) => yes.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::Text(text) => quoted(text),
        Value::Bytes(bytes) => format!("hex:{}", hex(bytes)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn driver(identity: &DriverIdentity) -> String {
    let mut line = String::from(if identity.present { "driver on" } else { "driver off" });
    for (name, value) in [("id", &identity.id), ("name", &identity.name)] {
        if let Some(value) = value {
            line += &format!(" {name}={}", quoted(value));
        }
    }
    if let Some(time) = identity.time {
        line += &format!(" time={time}");
    }
    line
}
