//! Wialon IPS 1.1 as the generator speaks it: lines.

use super::speech::{Downlink, Uplink};

/// Identity of terminal `number`: 15 digits.
pub fn imei(number: usize) -> String {
    format!("86{number:013}")
}

/// Appends the line that says `uplink`.
pub fn write(out: &mut Vec<u8>, number: usize, uplink: Uplink<'_>) {
    match uplink {
        Uplink::Login => out.extend_from_slice(format!("#L#{};NA", imei(number)).as_bytes()),
        Uplink::Location(variant) => {
            let line = format!(
                "#D#311226;12300{};5545.0{variant:02}0;N;03737.0{variant:02}0;E;60;77;152;11;\
                 1.0;1;0;;NA;fuel:2:45.0",
                variant % 10
            );
            out.extend_from_slice(line.as_bytes());
        }
        Uplink::Heartbeat => out.extend_from_slice(b"#P#"),
        Uplink::Text(text) => {
            out.extend_from_slice(b"#M#");
            out.extend_from_slice(text);
        }
        Uplink::Confirmation(_) => out.extend_from_slice(b"#AM#1"),
    }
    out.extend_from_slice(b"\r\n");
}

/// Hands every whole line in `bytes` to `take`; returns how many bytes are dealt with.
pub fn split(bytes: &[u8], mut take: impl FnMut(Downlink<'_>)) -> usize {
    let mut done = 0;
    while let Some(length) = bytes[done..].iter().position(|&byte| byte == b'\n') {
        let line = bytes[done..done + length].trim_ascii_end();
        take(match line {
            b"#AL#1" | b"#AD#1" | b"#AM#1" | b"#AP#" => Downlink::Done,
            [b'#', b'A', ..] => Downlink::Refused,
            [b'#', b'M', b'#', text @ ..] => Downlink::Text { serial: 0, text },
            _ => Downlink::Other,
        });
        done += length + 1;
    }
    done
}
