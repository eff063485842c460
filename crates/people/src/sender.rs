//! Senders: how a code reaches its address. Chosen once, when the program starts.

/// Who carries codes.
#[derive(Clone, Debug)]
pub enum Sender {
    /// Nobody: messages are rows of `outbox`, read at `/dev/outbox`, which only the demo has.
    Sandbox,
}
