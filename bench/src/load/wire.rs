//! One loopback connection of the generator: opened from an address of its own choice, written without buffering, read until
//! it is empty.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Socket, Type};

/// Connections from one source address: the kernel finds a port slowly when most of an address's are taken.
const PER_ADDRESS: u32 = 5000;
/// Source ports lie below the range from which the kernel takes them by itself.
const FIRST_PORT: u16 = 20_000;

/// Source addresses not used yet: 127.x.y.1, with ports that nobody searches.
#[derive(Debug, Default)]
pub struct Sources {
    used: u32,
    /// The x of the addresses.
    part: u8,
}

impl Sources {
    /// Those of one of several generators that run at the same time; numbers from 1 on.
    pub const fn of_part(part: u8) -> Self {
        Self { used: 0, part }
    }

    fn next(&mut self) -> SocketAddr {
        let (block, port) = (self.used / PER_ADDRESS, self.used % PER_ADDRESS);
        self.used += 1;
        let block = u8::try_from(block % 250).unwrap_or(0) + 1;
        let port = FIRST_PORT + u16::try_from(port).unwrap_or(0);
        SocketAddr::from(([127, self.part, block, 1], port))
    }
}

/// A connection.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    /// Start of something whose end has not arrived.
    kept: Vec<u8>,
}

impl Wire {
    /// Connects to `server`; it resets the connection when dropped, so that nothing lingers.
    pub fn open(server: SocketAddr, sources: &mut Sources) -> Result<Self> {
        let mut tries = 0;
        let socket = loop {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            socket.set_reuse_address(true)?;
            let source = sources.next();
            match socket.bind(&source.into()).and_then(|()| socket.connect(&server.into())) {
                Ok(()) => break socket,
                Err(error) if tries < 100 && is_taken(&error) => tries += 1,
                Err(error) => {
                    return Err(error).with_context(|| format!("{source} to {server}"));
                }
            }
        };
        socket.set_linger(Some(Duration::ZERO))?;
        socket.set_tcp_nodelay(true)?;
        socket.set_nonblocking(true)?;
        Ok(Self { stream: TcpStream::from_std(socket.into()), kept: Vec::new() })
    }

    /// Has `registry` report what arrives as `token`.
    pub fn register(&mut self, registry: &Registry, token: usize) -> Result<()> {
        Ok(registry.register(&mut self.stream, Token(token), Interest::READABLE)?)
    }

    /// Undoes [`Self::register`].
    pub fn deregister(&mut self, registry: &Registry) -> Result<()> {
        Ok(registry.deregister(&mut self.stream)?)
    }

    /// Writes all of `bytes`. What is in flight is so little that the socket always takes it.
    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        match self.stream.write(bytes) {
            Ok(written) if written == bytes.len() => Ok(()),
            Ok(_) => bail!("the server reads too slowly"),
            Err(error) => Err(error).context("cannot write"),
        }
    }

    /// Reads what has arrived. `take` gets it with what it left before, and returns how many bytes it has dealt with.
    pub fn receive(
        &mut self,
        buffer: &mut [u8],
        mut take: impl FnMut(&[u8]) -> usize,
    ) -> Result<()> {
        loop {
            let kept = self.kept.len();
            buffer[..kept].copy_from_slice(&self.kept);
            let read = match self.stream.read(&mut buffer[kept..]) {
                Ok(0) => bail!("the server closed the connection"),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("cannot read"),
            };
            let (filled, room) = (kept + read, buffer.len() - kept);
            let used = take(&buffer[..filled]);
            self.kept.clear();
            self.kept.extend_from_slice(&buffer[used..filled]);
            // Less than there is room for: the socket is empty, and the next bytes are reported anew.
            if read < room {
                return Ok(());
            }
        }
    }
}

fn is_taken(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::AddrNotAvailable)
}
