//! HTTP/1.1 as the generator speaks it: prebuilt requests, one at a time on a connection that stays open.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

/// A request that posts `body` to `path`.
pub fn post(path: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Length of the answer at the start of `bytes`, and whether it says that the request succeeded; `None` if it is not whole.
pub fn answer(bytes: &[u8]) -> Option<(usize, bool)> {
    const LENGTH: &[u8] = b"\r\ncontent-length: ";
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let at = bytes[..head].windows(LENGTH.len()).position(|window| window == LENGTH)?;
    let digits = bytes[at + LENGTH.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |number: usize, digit| number * 10 + usize::from(*digit - b'0'));
    let end = head + 4 + length;
    (bytes.len() >= end).then(|| (end, bytes.starts_with(b"HTTP/1.1 200")))
}

/// The body of what `path` answers; for things that are not measured.
pub fn get(server: SocketAddr, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&server, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").context("no HTTP answer")?;
    ensure!(head.starts_with("HTTP/1.1 200"), "{path} answered {head}: {body}");
    Ok(body.to_owned())
}
