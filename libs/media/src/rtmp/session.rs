//! One encoder: it says hello, shows its key, and sends until it leaves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::amf::{self, Value};
use super::chunk::{self, Message, Reader};
use super::encoder::Encoder;
use super::{Broken, Hello};
use crate::Stream;

/// From the first byte to the key.
const GREETING: Duration = Duration::from_secs(10);
/// An encoder that sends nothing for this long has gone.
const SILENT_FOR: Duration = Duration::from_secs(10);
/// What somebody may send before showing a key: twenty times what OBS does.
const MAX_GREETING: usize = 16 << 10;
/// Commands and descriptions of a stream; they have a few hundred bytes.
const MAX_WORDS: usize = 4 << 10;
/// Half of one hand's shake.
const SHAKE: usize = 1536;
/// Bytes that may go by before the receiver says that it has them.
const WINDOW: u32 = 2_500_000;
/// More than this no show needs: 1080p of 60 pictures has 12 Mbit/s.
const MAX_BYTES_A_SECOND: u64 = 4_000_000;
/// Longer than this nobody may be faster.
const BURST: u64 = 4 * MAX_BYTES_A_SECOND;

mod kinds {
    pub(super) const CHUNK_SIZE: u8 = 1;
    pub(super) const ACKNOWLEDGED: u8 = 3;
    pub(super) const WINDOW: u8 = 5;
    pub(super) const BANDWIDTH: u8 = 6;
    pub(super) const AUDIO: u8 = 8;
    pub(super) const VIDEO: u8 = 9;
    pub(super) const DATA: u8 = 18;
    pub(super) const COMMAND: u8 = 20;
}

/// The stream id every publisher gets; a connection has one.
const STREAM: u32 = 1;

/// The line to one encoder.
pub(super) struct Line {
    socket: TcpStream,
    reader: Reader,
    buffer: Vec<u8>,
    read: u64,
    acknowledged: u64,
    out: BytesMut,
}

/// What a command asks.
enum Asked {
    Nothing,
    Publish(Hello),
    Goodbye,
}

impl Line {
    /// Shake hands, and listen until a key is shown.
    pub(super) async fn greet(socket: TcpStream) -> Result<(Line, Hello), Broken> {
        // Small parts and small words: nothing waits to be sent together.
        socket.set_nodelay(true)?;
        timeout(GREETING, Line::hello(socket)).await.map_err(|_| Broken::Silent)?
    }

    async fn hello(mut socket: TcpStream) -> Result<(Line, Hello), Broken> {
        shake(&mut socket).await?;
        let mut line = Line {
            socket,
            reader: Reader::new(),
            buffer: vec![0; 64 << 10],
            read: 0,
            acknowledged: 0,
            out: BytesMut::new(),
        };
        let mut app = String::new();
        loop {
            while let Some(message) = line.reader.next()? {
                if let Asked::Publish(hello) = line.hear(&message, &mut app)? {
                    line.flush().await?;
                    return Ok((line, hello));
                }
            }
            line.flush().await?;
            line.more().await?;
            if line.read > MAX_GREETING as u64 {
                return Err(Broken::Protocol("a long hello"));
            }
        }
    }

    /// Say no, with the reason an encoder shows.
    pub(super) async fn refuse(mut self, reason: &str) -> Result<(), Broken> {
        self.status("error", "NetStream.Publish.BadName", reason);
        self.flush().await
    }

    /// Take pictures and sound until the encoder leaves or is told to.
    pub(super) async fn receive(mut self, stream: Arc<Stream>) -> Result<(), Broken> {
        let (mut encoder, mut stopped) = match Encoder::admit(stream) {
            Ok(admitted) => admitted,
            Err(error) => return self.refuse(&error.to_string()).await,
        };
        self.status("status", "NetStream.Publish.Start", "");
        let began = Instant::now();
        loop {
            self.flush().await?;
            while let Some(message) = self.reader.next()? {
                let taken = match message.kind {
                    kinds::VIDEO => encoder.video(message.at_ms, message.body),
                    kinds::AUDIO => encoder.audio(message.at_ms, message.body),
                    _ => match self.hear(&message, &mut String::new())? {
                        Asked::Goodbye => return Ok(()),
                        _ => Ok(()),
                    },
                };
                if let Err(error) = taken {
                    self.status("error", "NetStream.Publish.Rejected", &error.to_string());
                    self.flush().await?;
                    return Err(error);
                }
            }
            tokio::select! {
                read = timeout(SILENT_FOR, self.more()) => read.map_err(|_| Broken::Silent)??,
                _ = &mut stopped => {
                    self.status("status", "NetStream.Unpublish.Success", "");
                    return self.flush().await;
                }
            }
            encoder.tell(self.read);
            if self.read > BURST + began.elapsed().as_secs() * MAX_BYTES_A_SECOND {
                return Err(Broken::Protocol("more bytes than a show has"));
            }
        }
    }

    /// Anything but pictures and sound.
    fn hear(&mut self, message: &Message, app: &mut String) -> Result<Asked, Broken> {
        let body = &message.body[..];
        match message.kind {
            kinds::CHUNK_SIZE => {
                let size = body.first_chunk().ok_or(Broken::Protocol("a chunk size without one"))?;
                self.reader.set_chunk(u32::from_be_bytes(*size))?;
            }
            kinds::COMMAND if body.len() <= MAX_WORDS => {
                let values = amf::read(body).ok_or(Broken::Protocol("a command that cannot be read"))?;
                return self.command(&values, app);
            }
            kinds::COMMAND => return Err(Broken::Protocol("a command of this length")),
            kinds::AUDIO | kinds::VIDEO => return Err(Broken::Protocol("a picture before the key")),
            // What encoders tell of themselves: the pictures say it again.
            kinds::DATA => {}
            _ => {}
        }
        Ok(Asked::Nothing)
    }

    fn command(&mut self, values: &[Value], app: &mut String) -> Result<Asked, Broken> {
        let name = values.first().and_then(Value::text).unwrap_or_default();
        let turn = values.get(1).and_then(Value::number).unwrap_or_default();
        match name {
            "connect" => {
                if let Some(Value::Object(said)) = values.get(2) {
                    *app = said.get("app").and_then(Value::text).unwrap_or_default().to_owned();
                }
                self.put(2, kinds::WINDOW, 0, &WINDOW.to_be_bytes());
                self.put(2, kinds::BANDWIDTH, 0, &[&WINDOW.to_be_bytes()[..], &[2]].concat());
                let server = Value::object([
                    ("fmsVer", "FMS/3,0,1,123".into()),
                    ("capabilities", Value::Number(31.0)),
                ]);
                let connected = told("status", "NetConnection.Connect.Success", "");
                self.say(&["_result".into(), Value::Number(turn), server, connected], 0);
            }
            "createStream" => {
                let stream = Value::Number(STREAM.into());
                self.say(&["_result".into(), Value::Number(turn), Value::Null, stream], 0);
            }
            "publish" => {
                let key = values.get(3).and_then(Value::text).unwrap_or_default().to_owned();
                return Ok(Asked::Publish(Hello { app: std::mem::take(app), key }));
            }
            "play" => return Err(Broken::Protocol("a viewer: shows are watched by HTTP")),
            "FCUnpublish" | "deleteStream" | "closeStream" => return Ok(Asked::Goodbye),
            // releaseStream, FCPublish, _checkbw: nobody waits for an answer.
            _ => {}
        }
        Ok(Asked::Nothing)
    }

    fn status(&mut self, level: &str, code: &str, description: &str) {
        let said = told(level, code, description);
        self.say(&["onStatus".into(), Value::Number(0.0), Value::Null, said], STREAM);
    }

    fn say(&mut self, values: &[Value], stream: u32) {
        let body = amf::write(values);
        self.put(3, kinds::COMMAND, stream, &body);
    }

    fn put(&mut self, id: u8, kind: u8, stream: u32, body: &[u8]) {
        chunk::write(&mut self.out, id, kind, stream, body);
    }

    async fn flush(&mut self) -> Result<(), Broken> {
        if self.out.is_empty() {
            return Ok(());
        }
        let out = self.out.split();
        // Whoever sends and never reads would hold us up for ever.
        timeout(SILENT_FOR, self.socket.write_all(&out)).await.map_err(|_| Broken::Silent)??;
        Ok(())
    }

    /// Read what comes next.
    async fn more(&mut self) -> Result<(), Broken> {
        let length = self.socket.read(&mut self.buffer).await?;
        if length == 0 {
            return Err(Broken::Left);
        }
        self.reader.push(&self.buffer[..length]);
        self.read += length as u64;
        if self.read - self.acknowledged >= u64::from(WINDOW) / 2 {
            self.acknowledged = self.read;
            let count = self.read as u32;
            self.put(2, kinds::ACKNOWLEDGED, 0, &count.to_be_bytes());
        }
        Ok(())
    }
}

fn told(level: &str, code: &str, description: &str) -> Value {
    Value::object([("level", level.into()), ("code", code.into()), ("description", description.into())])
}

/// The plain handshake: both sides send a version and a block of bytes, and repeat the other's block.
async fn shake(socket: &mut TcpStream) -> Result<(), Broken> {
    const VERSION: u8 = 3;
    let mut hello = [0; 1 + SHAKE];
    socket.read_exact(&mut hello).await?;
    if hello[0] != VERSION {
        return Err(Broken::Protocol("another version, or no RTMP"));
    }
    let mut answer = BytesMut::with_capacity(1 + 2 * SHAKE);
    answer.put_u8(VERSION);
    // A time of zero, four zeros, and bytes that need not be random: nothing is proved by them.
    answer.put_bytes(0, SHAKE);
    answer.put_slice(&hello[1..]);
    socket.write_all(&answer).await?;
    socket.read_exact(&mut hello[1..]).await?;
    Ok(())
}
