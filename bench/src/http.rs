//! HTTP/1.1 by hand: keep-alive requests whose answers have a `content-length`. A client library would cost more
//! CPU than the server that is measured on the same two cores.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Longest silence before an answer; held parts come within their own limit, far below this.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer without its body.
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// Where the body stands in the buffer.
    body: std::ops::Range<usize>,
}

/// One whole answer.
pub(crate) struct Page {
    /// The status code.
    pub(crate) status: u16,
    /// The body as text.
    pub(crate) body: String,
}

/// One request on a connection of its own, answered until the server closes it.
pub(crate) fn get_once(address: SocketAddr, path: &str) -> anyhow::Result<Page> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").context("half an answer")?;
    Ok(Page { status: status_of(head)?, body: body.into() })
}

/// A kept-alive connection.
pub(crate) struct Connection {
    stream: tokio::net::TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Connection> {
        let stream = tokio::net::TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a request as it is and reads the answer to its end.
    pub(crate) async fn send(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let mut answer = None;
        loop {
            let read = tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.buffer)).await??;
            if read == 0 {
                bail!("the server closed the connection");
            }
            if answer.is_none() {
                answer = parse_head(&self.buffer)?;
            }
            if answer.as_ref().is_some_and(|answer| self.buffer.len() >= answer.body.end) {
                return answer.context("no answer");
            }
        }
    }

    /// The body of the answer that came last.
    pub(crate) fn body(&self, answer: &Answer) -> &[u8] {
        &self.buffer[answer.body.clone()]
    }
}

/// Status and body range once all headers are there.
fn parse_head(buffer: &[u8]) -> anyhow::Result<Option<Answer>> {
    let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&buffer[..end])?;
    let length = head
        .lines()
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
        })
        .transpose()?
        .unwrap_or(0);
    Ok(Some(Answer { status: status_of(head)?, body: end + 4..end + 4 + length }))
}

fn status_of(head: &str) -> anyhow::Result<u16> {
    Ok(head.split(' ').nth(1).context("no status")?.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_when_its_headers_are_whole() {
        assert!(parse_head(b"HTTP/1.1 200 OK\r\nContent-Le").unwrap().is_none());
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        let answer = parse_head(head).unwrap().unwrap();
        assert_eq!((answer.status, &head[answer.body]), (200, &b"hello"[..]));
    }
}
