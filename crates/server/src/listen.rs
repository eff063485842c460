//! Listening: one port for HTTP, HTTPS, the encoders' RTMP and WebRTC where UDP is blocked. The first byte of a
//! connection tells which: a TLS handshake begins with 22, RTMP with 3, WebRTC with 0, and no HTTP method does. Within TLS, RTMP is looked for where no protocol was
//! agreed upon, which browsers always do. Parts over plain HTTP/1.1 are answered at the socket
//! ([`parts`]), everything else by hyper.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use base::Clock;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use live::encoder::EncoderDoor;
use live::stream::WebRtcDoor;
use live::stream::routes::{PartDoor, part};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;
use tracing::{debug, warn};

mod parts;

/// The first byte of a TLS handshake record.
const TLS_HANDSHAKE: u8 = 22;
/// The first byte of RTMP.
const RTMP: u8 = live::encoder::FIRST_BYTE;
/// The first byte of WebRTC over TCP.
const WEBRTC: u8 = live::stream::TCP_FIRST_BYTE;
/// How long a new connection may stay silent.
const FIRST_WORDS: Duration = Duration::from_secs(10);
/// How long one that has asked before may stay silent, and how long a head may take: a shopper reads a page for a while, and
/// the next tap should not wait for another handshake.
const NEXT_WORDS: Duration = Duration::from_secs(65);
/// Connections at once; past it new ones wait in the kernel's queue.
const CONNECTIONS: usize = 60_000;
/// Streams a browser may open on one HTTP/2 connection.
const STREAMS: u32 = 128;
/// Bytes of request head.
const HEAD: usize = 32 * 1024;

/// Everything that is served here.
#[derive(Clone)]
pub struct Door {
    /// Asked first: the parts of what is on air.
    pub parts: PartDoor,
    /// Programs that send a show.
    pub encoders: EncoderDoor,
    /// Phones that send or watch by WebRTC from networks that block UDP.
    pub webrtc: WebRtcDoor,
    /// Everything else.
    pub rest: Router,
    pub clock: Clock,
}

/// Accepts connections until `stop`, then lets the open ones finish what they are answering.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    app: Door,
    stop: CancellationToken,
) {
    let acceptor = tls.map(TlsAcceptor::from);
    let open = TaskTracker::new();
    let places = Arc::new(tokio::sync::Semaphore::new(CONNECTIONS));
    loop {
        let place = tokio::select! {
            place = places.clone().acquire_owned() => place,
            () = stop.cancelled() => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, say: wait rather than spin.
                warn!(%error, "A connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (acceptor, app, stop) = (acceptor.clone(), app.clone(), stop.clone());
        open.spawn(async move {
            let _place = place;
            connection(stream, peer, acceptor, app, stop).await;
        });
    }
    open.close();
    open.wait().await;
}

async fn connection(
    mut stream: TcpStream,
    peer: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    app: Door,
    stop: CancellationToken,
) {
    let _ = stream.set_nodelay(true);
    let mut first = [0];
    let begins = tokio::time::timeout(FIRST_WORDS, stream.peek(&mut first)).await;
    let Ok(Ok(1)) = begins else { return };
    match acceptor {
        Some(acceptor) if first[0] == TLS_HANDSHAKE => {
            match tokio::time::timeout(FIRST_WORDS, acceptor.accept(stream)).await {
                Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol().is_none() => {
                    // One byte is read ahead, and nothing is copied after it.
                    let mut stream = BufReader::with_capacity(1, stream);
                    match tokio::time::timeout(FIRST_WORDS, stream.fill_buf()).await {
                        Ok(Ok([RTMP])) => encoder(stream, peer, app, stop).await,
                        Ok(Ok([_])) => speak(stream, peer, app, stop).await,
                        _ => {}
                    }
                }
                Ok(Ok(stream)) => speak(stream, peer, app, stop).await,
                Ok(Err(error)) => debug!(%error, "A TLS handshake failed"),
                Err(_) => {}
            }
        }
        _ if first == [RTMP] => encoder(stream, peer, app, stop).await,
        _ if first == [WEBRTC] => tokio::select! {
            () = app.webrtc.take(stream, peer) => {}
            () = stop.cancelled() => {}
        },
        _ => {
            if parts::serve(&mut stream, &app, &stop).await == parts::Next::Hyper {
                speak(stream, peer, app, stop).await;
            }
        }
    }
}

/// A program that sends a show, until it leaves or we stop.
async fn encoder<I>(io: I, peer: SocketAddr, app: Door, stop: CancellationToken)
where
    I: AsyncRead + AsyncWrite + Unpin,
{
    tokio::select! {
        // Few connections are encoders: the others need not carry what these do.
        () = Box::pin(app.encoders.take(io, peer)) => {}
        () = stop.cancelled() => {}
    }
}

async fn speak<I>(io: I, peer: SocketAddr, app: Door, stop: CancellationToken)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        let mut app = app.clone();
        async move {
            if let Some((stream, number)) = app.parts.asked(&request) {
                let head = request.into_parts().0;
                return Ok(part(stream, number, &head.uri, &head.headers).await);
            }
            request.extensions_mut().insert(ConnectInfo(peer));
            app.rest.call(request).await
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(NEXT_WORDS)
        .max_buf_size(HEAD.max(64 * 1024))
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD as u32)
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(Some(Duration::from_secs(30)));
    let serving = builder.serve_connection_with_upgrades(TokioIo::new(io), service);
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        debug!(error, "A connection ended early");
    }
}
