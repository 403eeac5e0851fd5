//! The PROXY protocol, versions 1 and 2: the address of the device behind a load balancer.
//!
//! Source: the protocol's specification by HAProxy, sections 2.1 and 2.2.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const V2_SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Longest version 1 line, CR LF included.
const V1_LONGEST: usize = 107;
/// Longest version 2 header accepted; the rest of what it may declare is of no use here.
const V2_LONGEST: usize = 16 + 2048;

/// A complete header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Its length in bytes.
    pub length: usize,
    /// The device's address; `None`: the balancer speaks for itself (a health check) or does not say.
    pub source: Option<SocketAddr>,
}

/// The connection does not begin with a PROXY header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("connection does not begin with a PROXY protocol header")]
pub struct NotProxy;

/// Parses the header at the start of a connection; `None`: more bytes are needed.
///
/// # Errors
/// [`NotProxy`] if these bytes cannot begin a header.
pub fn parse(input: &[u8]) -> Result<Option<Header>, NotProxy> {
    if starts_alike(input, V2_SIGNATURE) { parse_v2(input) } else { parse_v1(input) }
}

fn starts_alike(input: &[u8], pattern: &[u8]) -> bool {
    input.iter().zip(pattern).all(|(a, b)| a == b)
}

fn parse_v1(input: &[u8]) -> Result<Option<Header>, NotProxy> {
    if !starts_alike(input, b"PROXY ") {
        return Err(NotProxy);
    }
    let Some(end) = input.windows(2).take(V1_LONGEST).position(|pair| pair == b"\r\n") else {
        return if input.len() >= V1_LONGEST { Err(NotProxy) } else { Ok(None) };
    };
    let line = input.get(..end).and_then(|line| std::str::from_utf8(line).ok()).ok_or(NotProxy)?;
    let fields: Vec<&str> = line.split(' ').collect();
    let source = match fields.as_slice() {
        ["PROXY", "UNKNOWN", ..] => None,
        ["PROXY", "TCP4" | "TCP6", source, _, port, _] => {
            let ip: IpAddr = source.parse().map_err(|_| NotProxy)?;
            Some(SocketAddr::new(ip, port.parse().map_err(|_| NotProxy)?))
        }
        _ => return Err(NotProxy),
    };
    Ok(Some(Header { length: end + 2, source }))
}

fn parse_v2(input: &[u8]) -> Result<Option<Header>, NotProxy> {
    let Some(&[version_command, family, high, low]) = input.get(12..16) else { return Ok(None) };
    if version_command >> 4 != 2 {
        return Err(NotProxy);
    }
    let length = 16 + usize::from(u16::from_be_bytes([high, low]));
    if length > V2_LONGEST {
        return Err(NotProxy);
    }
    let Some(addresses) = input.get(16..length) else { return Ok(None) };
    let source = match (version_command & 0x0f, family) {
        (0, _) => None,
        (1, 0x11) => address_v4(addresses),
        (1, 0x21) => address_v6(addresses),
        (1, _) => None,
        _ => return Err(NotProxy),
    };
    Ok(Some(Header { length, source }))
}

/// Source address and destination address of 4 bytes each, then the ports.
fn address_v4(addresses: &[u8]) -> Option<SocketAddr> {
    let ip: [u8; 4] = addresses.get(..4)?.try_into().ok()?;
    let port: [u8; 2] = addresses.get(8..10)?.try_into().ok()?;
    Some(SocketAddr::new(Ipv4Addr::from(ip).into(), u16::from_be_bytes(port)))
}

/// Source address and destination address of 16 bytes each, then the ports.
fn address_v6(addresses: &[u8]) -> Option<SocketAddr> {
    let ip: [u8; 16] = addresses.get(..16)?.try_into().ok()?;
    let port: [u8; 2] = addresses.get(32..34)?.try_into().ok()?;
    Some(SocketAddr::new(Ipv6Addr::from(ip).into(), u16::from_be_bytes(port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(input: &[u8]) -> Header {
        for end in 0..input.len() {
            let prefix = parse(&input[..end]);
            assert!(prefix == Ok(None) || end == 0, "prefix of {end} bytes: {prefix:?}");
        }
        let with_more = [input, b"\x7e\x00"].concat();
        assert_eq!(parse(&with_more), parse(input), "what follows does not matter");
        parse(input).unwrap().unwrap()
    }

    #[test]
    fn version_1_names_the_source() {
        let header = complete(b"PROXY TCP4 203.0.113.7 10.0.0.1 40000 8080\r\n");
        assert_eq!(header.source, Some("203.0.113.7:40000".parse().unwrap()));
        let header = complete(b"PROXY TCP6 2001:db8::7 2001:db8::1 40000 8080\r\n");
        assert_eq!(header.source, Some("[2001:db8::7]:40000".parse().unwrap()));
        assert_eq!(complete(b"PROXY UNKNOWN\r\n").source, None);
    }

    #[test]
    fn version_2_names_the_source() {
        let mut v4 = V2_SIGNATURE.to_vec();
        v4.extend([0x21, 0x11, 0, 12, 203, 0, 113, 7, 10, 0, 0, 1, 0x9c, 0x40, 0x1f, 0x90]);
        assert_eq!(
            complete(&v4),
            Header { length: 28, source: Some("203.0.113.7:40000".parse().unwrap()) }
        );
        let mut local = V2_SIGNATURE.to_vec();
        local.extend([0x20, 0x00, 0, 0]);
        assert_eq!(complete(&local), Header { length: 16, source: None });
    }

    #[test]
    fn anything_else_is_refused_at_once() {
        for other in
            [&b"\x7e\x01\x02"[..], b"#L#1;NA\r\n", b"PROXY TCP4 x\r\n", b"GET / HTTP/1.1\r\n"]
        {
            assert_eq!(parse(other), Err(NotProxy));
        }
        assert_eq!(parse(&[b"PROXY TCP4 ".as_slice(), &[b'1'; 120]].concat()), Err(NotProxy));
    }
}
