//! Accepting device connections.

use std::collections::HashMap;
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
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{Accepted, Connection};
use super::{Limits, Shared};
use crate::telemetry::metrics::{ACCEPTED, TURNED_AWAY};

/// Connections the kernel keeps ready for us; it caps this at its `somaxconn`.
const BACKLOG: i32 = 4096;
/// Wait after accepting failed because descriptors or memory are short.
const BACK_OFF: Duration = Duration::from_millis(100);

/// A bound listening socket. Its siblings listen on the same address, and the kernel spreads connections over them.
pub struct Listener {
    socket: std::net::TcpListener,
    settings: Settings,
    per_address: Arc<PerAddress>,
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
    pub fn bind(address: SocketAddr, settings: Settings) -> std::io::Result<Self> {
        // Siblings may share an address with anybody of the same user, so that another daemon on it is found out before.
        drop(open(address, Sharing::Refused)?);
        let socket = open(address, Sharing::Allowed)?;
        socket.listen(BACKLOG)?;
        Ok(Self { socket: socket.into(), settings, per_address: Arc::default() })
    }

    /// Another socket on the same address, for another thread.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn sibling(&self) -> std::io::Result<Self> {
        let socket = open(self.local_addr()?, Sharing::Allowed)?;
        socket.listen(BACKLOG)?;
        let (settings, per_address) = (self.settings, Arc::clone(&self.per_address));
        Ok(Self { socket: socket.into(), settings, per_address })
    }

    /// The address it is bound to.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves connections on the runtime of the caller.
    pub(crate) async fn serve(
        self,
        shared: Arc<Shared>,
        connections: TaskTracker,
        stop: CancellationToken,
    ) {
        let Self { socket, settings, per_address } = self;
        let socket = match TcpListener::from_std(socket) {
            Ok(socket) => socket,
            Err(error) => return tracing::error!(%error, "cannot listen for devices"),
        };
        let accepting = Accepting { settings, per_address, shared, connections };
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
        if let Err(error) = prepare(&io, limits) {
            tracing::debug!(%peer, %error, "connection was gone before it began");
            return;
        }
        shared.open.fetch_add(1, Ordering::Relaxed);
        let Settings { protocol, proxy_header, idle } = self.settings;
        let connection = Connection::new(
            Accepted { io, peer, protocol, proxy_header, idle },
            Arc::clone(shared),
        );
        connections.spawn(Guarded { connection, peer, _place: place });
    }
}

/// A connection with what it holds. An `async` block would keep the connection twice: where it comes from and where it is polled.
struct Guarded {
    connection: Connection,
    peer: SocketAddr,
    _place: Place,
}

impl Future for Guarded {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let connection = Pin::new(&mut self.connection);
        // The connection cleans up in its destructor, also when it panics.
        catch_unwind(AssertUnwindSafe(|| connection.poll(cx))).unwrap_or_else(|_| {
            tracing::error!(peer = %self.peer, "connection panicked");
            Poll::Ready(())
        })
    }
}

/// Whether others may listen on the same address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sharing {
    Refused,
    Allowed,
}

fn open(address: SocketAddr, sharing: Sharing) -> std::io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(sharing == Sharing::Allowed)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    if sharing == Sharing::Refused {
        // Two sockets may be bound to an address in this way as long as neither listens.
        socket.listen(1)?;
    }
    Ok(socket)
}

fn turn_away(io: TcpStream, peer: SocketAddr, limit: &'static str) {
    metrics::counter!(TURNED_AWAY, "limit" => limit).increment(1);
    tracing::debug!(%peer, limit, "connection turned away");
    drop(io);
}

fn prepare(io: &TcpStream, limits: &Limits) -> std::io::Result<()> {
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

/// Errors of `accept` that concern one connection only.
fn is_peers_fault(error: &std::io::Error) -> bool {
    use std::io::ErrorKind as Kind;
    matches!(error.kind(), Kind::ConnectionAborted | Kind::ConnectionReset | Kind::Interrupted)
}

/// Connections per address. Not kept where there is no bound.
#[derive(Default)]
struct PerAddress(Mutex<HashMap<IpAddr, usize>>);

/// A place taken; given back when dropped.
struct Place(Option<(Arc<PerAddress>, IpAddr)>);

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
        Some(Place(Some((Arc::clone(self), address))))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((counts, address)) = &self.0 else { return };
        let mut counts = counts.0.lock();
        if let Some(count) = counts.get_mut(address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(address);
            }
        }
    }
}
