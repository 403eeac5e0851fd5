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
/// Bytes in a packet of a real network, and what a small device keeps of what it has not read.
const SEGMENT: u32 = 1400;
const LITTLE: usize = 4096;
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
        let socket = connect(server, sources, |_| Ok(()))?;
        socket.set_nonblocking(true)?;
        Ok(Self::over(socket))
    }

    /// The same with little room for what it does not read, and packets as small as on a real network: with those of the loopback
    /// interface the server's system alone would keep 2.6 MB for a device that has stopped reading.
    pub fn narrow(server: SocketAddr, sources: &mut Sources) -> Result<Self> {
        let socket = connect(server, sources, |socket| {
            socket.set_tcp_mss(SEGMENT)?;
            socket.set_recv_buffer_size(LITTLE)
        })?;
        socket.set_nonblocking(true)?;
        Ok(Self::over(socket))
    }

    /// Begins to connect; when an event says that the connection is writable, [`Wire::is_connected`] says what came of it.
    pub fn begin(server: SocketAddr, sources: &mut Sources) -> Result<Self> {
        Ok(Self::over(connect(server, sources, |socket| socket.set_nonblocking(true))?))
    }

    fn over(socket: Socket) -> Self {
        Self { stream: TcpStream::from_std(socket.into()), kept: Vec::new() }
    }

    /// Whether the connection that was begun is there; an error if it never will be.
    pub fn is_connected(&self) -> Result<bool> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error.into());
        }
        match self.stream.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Has `registry` report as `token` also when it can be written to.
    pub fn register_both(&mut self, registry: &Registry, token: usize) -> Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        Ok(registry.register(&mut self.stream, Token(token), both)?)
    }

    /// Has `registry` report as `token` when it can be written to, and never what arrives.
    pub fn register_writable(&mut self, registry: &Registry, token: usize) -> Result<()> {
        Ok(registry.register(&mut self.stream, Token(token), Interest::WRITABLE)?)
    }

    /// Writes as much of `bytes` as the socket takes now; 0 if it is full.
    pub fn push(&mut self, bytes: &[u8]) -> Result<usize> {
        match self.stream.write(bytes) {
            Ok(written) => Ok(written),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error).context("cannot write"),
        }
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

/// A socket with a source of its own on its way to `server`, or there already if it is blocking.
fn connect(
    server: SocketAddr,
    sources: &mut Sources,
    prepare: impl Fn(&Socket) -> std::io::Result<()>,
) -> Result<Socket> {
    let mut tries = 0;
    loop {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.set_linger(Some(Duration::ZERO))?;
        socket.set_tcp_nodelay(true)?;
        prepare(&socket)?;
        let source = sources.next();
        match socket.bind(&source.into()).and_then(|()| socket.connect(&server.into())) {
            Ok(()) => return Ok(socket),
            Err(error) if is_under_way(&error) => return Ok(socket),
            Err(error) if tries < 100 && is_taken(&error) => tries += 1,
            Err(error) => return Err(error).with_context(|| format!("{source} to {server}")),
        }
    }
}

fn is_under_way(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

fn is_taken(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::AddrNotAvailable)
}
