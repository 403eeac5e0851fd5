//! Accepting device connections, on the thread of the API: when thousands of devices come back at once, the threads that serve them
//! have their logins to deal with, and nobody is to be dropped meanwhile because the system's queue is full.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use protocols::Protocol;
use socket2::{Domain, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{Accepted, Connection};
use super::{Limits, Shared};
use crate::telemetry::metrics::{ACCEPTED, TURNED_AWAY};

/// Connections the kernel keeps ready for us; it caps this at its `somaxconn`.
const BACKLOG: i32 = 4096;
/// Wait after accepting failed because descriptors or memory are short.
const BACK_OFF: Duration = Duration::from_millis(100);

/// A bound listening socket.
pub struct Listener {
    socket: std::net::TcpListener,
    settings: Settings,
}

/// How connections of a listener are treated.
#[derive(Clone, Copy)]
pub struct Settings {
    /// `None`: found out from the first bytes.
    pub protocol: Option<&'static dyn Protocol>,
    /// Connections begin with a PROXY protocol header.
    pub proxy_header: bool,
    /// Idle limit, if it differs from the protocol's.
    pub idle: Option<Duration>,
}

impl Listener {
    /// Binds `address`. `[::]` takes IPv4 connections too.
    ///
    /// # Errors
    /// What the system says.
    pub fn bind(address: SocketAddr, settings: Settings) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        if address.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(Self { socket: socket.into(), settings })
    }

    /// The address it is bound to.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Accepts connections on the runtime of the caller, and has them served on `threads` in turn; without such, on the same
    /// runtime.
    pub(crate) async fn serve(
        self,
        shared: Arc<Shared>,
        connections: TaskTracker,
        threads: Vec<Handle>,
        stop: CancellationToken,
    ) {
        let socket = match TcpListener::from_std(self.socket) {
            Ok(socket) => socket,
            Err(error) => return tracing::error!(%error, "cannot listen for devices"),
        };
        let (settings, per_address) = (self.settings, Arc::default());
        let accepting = Accepting { settings, per_address, shared, connections, threads };
        let accepted = metrics::counter!(ACCEPTED);
        while let Some(result) = stop.run_until_cancelled(socket.accept()).await {
            match result {
                Ok((io, peer)) => {
                    accepted.increment(1);
                    accepting.admit(io, peer);
                }
                Err(error) if is_peers_fault(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot accept connections, waiting (raise LimitNOFILE?)");
                    tokio::time::sleep(BACK_OFF).await;
                }
            }
        }
    }
}

/// What a listener does with connections.
struct Accepting {
    settings: Settings,
    per_address: Arc<PerAddress>,
    shared: Arc<Shared>,
    connections: TaskTracker,
    threads: Vec<Handle>,
}

impl Accepting {
    fn admit(&self, io: TcpStream, peer: SocketAddr) {
        let Self { shared, connections, .. } = self;
        let limits = &shared.limits;
        if shared.open.load(Ordering::Relaxed) >= limits.connections {
            return turn_away(io, peer, "limits.connections");
        }
        let Some(place) =
            self.per_address.take(peer.ip().to_canonical(), limits.connections_per_address)
        else {
            return turn_away(io, peer, "limits.connections_per_address");
        };
        let id = shared.next_connection.fetch_add(1, Ordering::Relaxed);
        let thread = self.thread(id);
        let io = match prepare(&io, limits).and_then(|()| moved(io, thread)) {
            Ok(io) => io,
            Err(error) => {
                return tracing::debug!(%peer, %error, "connection was gone before it began");
            }
        };
        shared.open.fetch_add(1, Ordering::Relaxed);
        let Settings { protocol, proxy_header, idle } = self.settings;
        let accepted = Accepted { id, io, peer, protocol, proxy_header, idle };
        let connection = Connection::new(accepted, Arc::clone(shared));
        let guarded = Guarded { connection, _place: place };
        match thread {
            Some(thread) => connections.spawn_on(guarded, thread),
            None => connections.spawn(guarded),
        };
    }

    /// The thread that serves this connection, unless it is this one.
    fn thread(&self, id: u64) -> Option<&Handle> {
        let turn = usize::try_from(id).unwrap_or(0).checked_rem(self.threads.len())?;
        self.threads.get(turn)
    }
}

/// A connection with what it holds. An `async` block would keep the connection twice: where it comes from and where it is polled.
struct Guarded {
    connection: Connection,
    _place: Place,
}

impl Future for Guarded {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let connection = Pin::new(&mut self.connection);
        // The connection cleans up in its destructor, also when it panics.
        catch_unwind(AssertUnwindSafe(|| connection.poll(cx))).unwrap_or_else(|_| {
            tracing::error!(peer = %self.connection.peer(), "connection panicked");
            Poll::Ready(())
        })
    }
}

fn turn_away(io: TcpStream, peer: SocketAddr, limit: &'static str) {
    metrics::counter!(TURNED_AWAY, "limit" => limit).increment(1);
    tracing::debug!(%peer, limit, "connection turned away");
    drop(io);
}

fn prepare(io: &TcpStream, limits: &Limits) -> io::Result<()> {
    let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds.max(1)));
    let socket = SockRef::from(io);
    socket.set_tcp_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(seconds(limits.keepalive_seconds))
        .with_interval(Duration::from_secs(10))
        .with_retries(3);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(seconds(limits.user_timeout_seconds)))
}

/// Has the runtime of `thread` watch a socket.
fn moved(io: TcpStream, thread: Option<&Handle>) -> io::Result<TcpStream> {
    let Some(thread) = thread else { return Ok(io) };
    let io = io.into_std()?;
    let _there = thread.enter();
    TcpStream::from_std(io)
}

/// Errors of `accept` that concern one connection only.
fn is_peers_fault(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(error.kind(), Kind::ConnectionAborted | Kind::ConnectionReset | Kind::Interrupted)
}

/// Connections per address. Not kept where there is no bound.
#[derive(Default)]
struct PerAddress(Mutex<HashMap<IpAddr, usize>>);

/// A place taken; given back when dropped.
struct Place(Option<Box<(Arc<PerAddress>, IpAddr)>>);

impl PerAddress {
    fn take(self: &Arc<Self>, address: IpAddr, limit: usize) -> Option<Place> {
        if limit == 0 {
            return Some(Place(None));
        }
        let mut counts = self.0.lock();
        let count = counts.entry(address).or_insert(0);
        if *count >= limit {
            return None;
        }
        *count += 1;
        Some(Place(Some(Box::new((Arc::clone(self), address)))))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((counts, address)) = self.0.as_deref() else { return };
        let mut counts = counts.0.lock();
        if let Some(count) = counts.get_mut(address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(address);
            }
        }
    }
}
