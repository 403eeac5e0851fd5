//! Connections of API clients: so many, heads in time, answers taken, and an end when the daemon stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service as _;

use super::settings::ApiSettings;

/// Time that answers under way have when the daemon stops.
const GRACE: Duration = Duration::from_secs(5);
/// Time a client may leave bytes of an answer unacknowledged.
const UNACKNOWLEDGED: Duration = Duration::from_secs(60);
/// Pause after the system refused a connection (no descriptors left).
const REFUSED: Duration = Duration::from_millis(200);

/// Serves `router` on `listener` until `stop`, then ends within a few seconds.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: ApiSettings,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(settings.connections.max(1)));
    let connections = TaskTracker::new();
    let heads = Duration::from_secs(settings.header_seconds.max(1).into());
    let accept = async {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let connection = connection(stream, peer, router.clone(), heads, stop.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "an API client was not accepted");
                    tokio::time::sleep(REFUSED).await;
                }
            }
        }
    };
    stop.run_until_cancelled(accept).await;
    connections.close();
    connections.wait().await;
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    heads: Duration,
    stop: CancellationToken,
) {
    if let Err(error) = tune(&stream) {
        tracing::debug!(%error, %peer, "an API client's socket could not be tuned");
    }
    // A layer on the router would copy every route for every connection.
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().call(request)
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(heads)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = std::pin::pin!(serving);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            tokio::time::timeout(GRACE, serving).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "an API client's connection broke");
    }
}

fn tune(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(UNACKNOWLEDGED))?;
    // Also ends a connection whose client reads nothing of a long answer.
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))
}
