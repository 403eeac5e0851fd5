//! JT/T 808 by hand, for what a simulated terminal does not do: several phones on one connection, the same frame again, half a
//! frame. It shares no code with the daemon's codec.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::daemon::patient;

/// Message ids.
pub const CONFIRM: u16 = 0x0001;
pub const HEARTBEAT: u16 = 0x0002;
pub const REGISTRATION: u16 = 0x0100;
pub const LOGIN: u16 = 0x0102;
pub const LOCATION: u16 = 0x0200;
pub const SAY: u16 = 0x6006;
pub const ANSWER: u16 = 0x8001;
pub const REGISTRATION_ANSWER: u16 = 0x8100;
pub const TEXT: u16 = 0x8300;

/// One message in the layout of 2013.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub id: u16,
    pub phone: String,
    pub serial: u16,
    pub body: Vec<u8>,
}

impl Frame {
    pub fn new(id: u16, phone: &str, serial: u16, body: &[u8]) -> Self {
        Self { id, phone: phone.to_owned(), serial, body: body.to_vec() }
    }

    /// A login with some code.
    pub fn login(phone: &str, serial: u16) -> Self {
        Self::new(LOGIN, phone, serial, b"CODE")
    }

    /// The driver's words, in ASCII.
    pub fn say(phone: &str, serial: u16, words: &str) -> Self {
        Self::new(SAY, phone, serial, &[&[0], words.as_bytes()].concat())
    }

    /// A position, `second` seconds after 2025-10-06T08:10:00Z; where it is depends on the second.
    pub fn location(phone: &str, serial: u16, second: u8) -> Self {
        let mut body = vec![0; 28];
        body[7] = 3; // switched on, position valid
        body[8..12].copy_from_slice(&30_000_000_u32.to_be_bytes());
        body[12..16].copy_from_slice(&(110_000_000 + u32::from(second)).to_be_bytes());
        let second = ((second / 10) << 4) | (second % 10);
        body[22..28].copy_from_slice(&[0x25, 0x10, 0x06, 0x16, 0x10, second]);
        Self::new(LOCATION, phone, serial, &body)
    }

    /// Where [`Frame::location`] is at this second.
    pub fn longitude(second: u8) -> f64 {
        f64::from(110_000_000 + u32::from(second)) / 1e6
    }

    /// A registration without any particulars.
    pub fn registration(phone: &str, serial: u16) -> Self {
        Self::new(REGISTRATION, phone, serial, &[0; 37])
    }

    /// The answer to a text: 0 confirms it.
    pub fn confirm(&self, serial: u16, result: u8) -> Self {
        let [high, low] = self.serial.to_be_bytes();
        let [id_high, id_low] = self.id.to_be_bytes();
        Self::new(CONFIRM, &self.phone, serial, &[high, low, id_high, id_low, result])
    }

    /// What a general answer is about: serial, message id, result.
    pub fn about(&self) -> (u16, u16, u8) {
        let number = |at: usize| u16::from_be_bytes([self.body[at], self.body[at + 1]]);
        assert_eq!((self.id, self.body.len()), (ANSWER, 5), "{self:?}");
        (number(0), number(2), self.body[4])
    }

    /// The text of a text message, in ASCII.
    pub fn words(&self) -> String {
        assert_eq!(self.id, TEXT, "{self:?}");
        String::from_utf8(self.body[1..].to_vec()).unwrap()
    }

    pub fn bytes(&self) -> Vec<u8> {
        let length = u16::try_from(self.body.len()).unwrap();
        let digits = format!("{:0>12}", self.phone).into_bytes();
        let phone: Vec<u8> =
            digits.chunks(2).map(|pair| ((pair[0] - b'0') << 4) | (pair[1] - b'0')).collect();
        let mut plain = [
            &self.id.to_be_bytes()[..],
            &length.to_be_bytes(),
            &phone,
            &self.serial.to_be_bytes(),
            &self.body,
        ]
        .concat();
        plain.push(plain.iter().fold(0, |xor, byte| xor ^ byte));
        let escaped = plain.iter().flat_map(|byte| match byte {
            0x7d => vec![0x7d, 1],
            0x7e => vec![0x7d, 2],
            byte => vec![*byte],
        });
        [0x7e].into_iter().chain(escaped).chain([0x7e]).collect()
    }

    fn read(escaped: &[u8]) -> Self {
        let mut plain = Vec::new();
        let mut bytes = escaped.iter();
        while let Some(byte) = bytes.next() {
            plain.push(if *byte == 0x7d { 0x7c + bytes.next().unwrap() } else { *byte });
        }
        assert_eq!(plain.iter().fold(0, |xor, byte| xor ^ byte), 0, "checksum of {plain:02x?}");
        let phone: String = plain[4..10].iter().map(|byte| format!("{byte:02x}")).collect();
        let number = |at: usize| u16::from_be_bytes([plain[at], plain[at + 1]]);
        Self {
            id: number(0),
            phone: phone.trim_start_matches('0').to_owned(),
            serial: number(10),
            body: plain[12..plain.len() - 1].to_vec(),
        }
    }
}

/// One connection.
pub struct Wire {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    pub async fn connect(server: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    pub async fn send(&mut self, frame: &Frame) -> std::io::Result<()> {
        self.stream.write_all(&frame.bytes()).await
    }

    /// The next message; `None` once the platform has closed. May be dropped half-way.
    pub async fn next(&mut self) -> std::io::Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.take() {
                return Ok(Some(frame));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// The next message, if it is here.
    pub fn next_now(&mut self) -> Option<Frame> {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = self.stream.try_read(&mut bytes) {
            self.buffer.extend_from_slice(&bytes[..count]);
        }
        self.take()
    }

    fn take(&mut self) -> Option<Frame> {
        let end = self.buffer.iter().skip(1).position(|byte| *byte == 0x7e)?;
        let frame: Vec<u8> = self.buffer.drain(..end + 2).collect();
        Some(Frame::read(&frame[1..=end]))
    }

    /// The next message, which must come.
    pub async fn expect(&mut self) -> Frame {
        patient(self.next()).await.unwrap().expect("the platform closed")
    }

    /// The next message with this id; others before it are dropped.
    pub async fn expect_id(&mut self, id: u16) -> Frame {
        loop {
            let frame = self.expect().await;
            if frame.id == id {
                return frame;
            }
        }
    }

    /// Logs a phone in.
    pub async fn log_in(&mut self, phone: &str) {
        self.send(&Frame::login(phone, 0)).await.unwrap();
        let answer = self.expect_id(ANSWER).await;
        assert_eq!((answer.phone.as_str(), answer.about()), (phone, (0, LOGIN, 0)));
    }

    /// Waits until the platform has closed; what it says before is dropped.
    pub async fn expect_close(&mut self) {
        while matches!(patient(self.next()).await, Ok(Some(_))) {}
    }
}
