//! Parts over plain HTTP/1.1, answered at the socket: what proxies, edges and players on this machine ask for by the
//! ten thousand a second.
//!
//! A request is looked at while it still lies in the kernel's buffer. A whole, plain GET of a part is taken out and
//! answered here; at anything else the connection goes on to hyper as if nobody had looked, and stays there. So there
//! is one reader of HTTP at a time, and what is unusual is always read by the real one.

use std::io::{self, IoSlice, Write};
use std::time::{Duration, SystemTime};

use axum::body::to_bytes;
use axum::http::{HeaderName, Request, StatusCode, header};
use axum::response::Response;
use live::stream::routes::part;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Door, NEXT_WORDS};

/// Bytes of a request's head that are looked at; a player's has some 500.
const LOOK: usize = 2 * 1024;
/// Lines of a head; more is nothing a player sends.
const LINES: usize = 32;
/// How long a viewer may take to accept a part of a fifth of a second.
const STUCK: Duration = Duration::from_secs(30);
/// The longest answer; a part of a fifth of a second is a hundredth of it.
const LONGEST: usize = 16 * 1024 * 1024;

/// What becomes of a connection.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    /// It asks for something else: nothing of that has been read yet.
    Hyper,
    Closed,
}

/// Answers parts until something else is asked for.
pub(super) async fn serve(stream: &mut TcpStream, app: &Door, stop: &CancellationToken) -> Next {
    let mut seen = vec![0; LOOK];
    loop {
        let looked = tokio::select! {
            looked = timeout(NEXT_WORDS, stream.peek(&mut seen)) => looked,
            () = stop.cancelled() => return Next::Closed,
        };
        let Ok(Ok(length @ 1..)) = looked else { return Next::Closed };
        let Some((request, head)) = read(&seen[..length]) else { return Next::Hyper };
        let Some((source, number)) = app.parts.asked(&request) else { return Next::Hyper };
        if stream.read_exact(&mut seen[..head]).await.is_err() {
            return Next::Closed;
        }
        let answer = part(source, number, request.uri(), request.headers()).await;
        if write(stream, answer, app.clock.now_ms()).await.is_err() {
            return Next::Closed;
        }
    }
}

/// A whole head of a GET that wants nothing special of the connection, and its length.
fn read(bytes: &[u8]) -> Option<(Request<()>, usize)> {
    let mut lines = [httparse::EMPTY_HEADER; LINES];
    let mut parsed = httparse::Request::new(&mut lines);
    let httparse::Status::Complete(length) = parsed.parse(bytes).ok()? else { return None };
    if parsed.method != Some("GET") || parsed.version != Some(1) {
        return None;
    }
    let mut request = Request::builder().uri(parsed.path?);
    for line in &*parsed.headers {
        let name = HeaderName::from_bytes(line.name.as_bytes()).ok()?;
        let usual = match name {
            header::CONNECTION => line.value.eq_ignore_ascii_case(b"keep-alive"),
            // A body, another protocol, a question before the body.
            header::CONTENT_LENGTH | header::TRANSFER_ENCODING | header::UPGRADE | header::EXPECT => false,
            _ => true,
        };
        if !usual {
            return None;
        }
        request = request.header(name, line.value);
    }
    Some((request.body(()).ok()?, length))
}

/// Head and body in one system call, as long as the viewer keeps up.
async fn write(stream: &mut TcpStream, answer: Response, now_ms: i64) -> io::Result<()> {
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, LONGEST).await.map_err(io::Error::other)?;
    let mut head = Vec::with_capacity(512);
    write!(head, "HTTP/1.1 {}\r\n", parts.status)?;
    for (name, value) in &parts.headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    if parts.status != StatusCode::NO_CONTENT {
        write!(head, "content-length: {}\r\n", body.len())?;
    }
    let now = SystemTime::UNIX_EPOCH + Duration::from_millis(now_ms.unsigned_abs());
    write!(head, "date: {}\r\n\r\n", httpdate::HttpDate::from(now))?;
    let written = stream.write_vectored(&[IoSlice::new(&head), IoSlice::new(&body)]).await?;
    if written == head.len() + body.len() {
        return Ok(());
    }
    let rest = async {
        let (left, skip) = (head.get(written..).unwrap_or_default(), written.saturating_sub(head.len()));
        stream.write_all(left).await?;
        stream.write_all(&body[skip..]).await
    };
    timeout(STUCK, rest).await.map_err(io::Error::from)?
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "GET /media/b/n7.m4s HTTP/1.1\r\nHost: market\r\nConnection: keep-alive\r\n\r\n";

    #[test]
    fn a_plain_request_is_read_to_its_end_and_no_further() {
        let two = format!("{PLAIN}{PLAIN}");
        let (request, length) = read(two.as_bytes()).unwrap();
        assert_eq!((request.uri().path(), length), ("/media/b/n7.m4s", PLAIN.len()));
    }

    #[test]
    fn whatever_is_unusual_is_left_to_hyper() {
        for said in [
            &PLAIN[..PLAIN.len() - 2],
            &PLAIN.replace("GET", "HEAD"),
            &PLAIN.replace("1.1", "1.0"),
            &PLAIN.replace("keep-alive", "close"),
            &PLAIN.replace("keep-alive", "Upgrade"),
            &PLAIN.replace("Connection: keep-alive", "Content-Length: 3"),
            &PLAIN.replace("Connection: keep-alive", "Transfer-Encoding: chunked"),
            &PLAIN.replace("Connection: keep-alive", "Expect: 100-continue"),
            &PLAIN.replace("Host", "Ho st"),
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "\u{16}\u{3}\u{1}",
            "",
        ] {
            assert!(read(said.as_bytes()).is_none(), "{said}");
        }
    }
}
