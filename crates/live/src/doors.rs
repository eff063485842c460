//! What strangers say and choose in a room, opened for `fuzz/` alone. Each door checks what must hold of its answer.

use crate::interaction::{answer, draw};
use crate::{chat, moderation, question, text};

/// A line of chat, in a room whose store bans one word of its own.
pub fn chat(typed: &str, word: &str) {
    let Ok(line) = chat::line(typed) else { return };
    assert!((1..=chat::MAX_CHAT).contains(&line.chars().count()), "{line:?}");
    assert!(!line.chars().any(char::is_control), "{line:?}");
    assert_eq!(text::plain(&line), line, "a line that was made plain stays as it is");
    moderation::holds_phone_number(&line);
    moderation::is_bad(&line, &[text::plain(word)]);
    if question::is_question(&line) {
        let gist = question::gist(&line);
        let alike = question::alike(&gist, &question::gist(word));
        assert!((0.0..=1.0).contains(&alike), "{alike}");
    }
}

/// A batch of answers of one room, and a draw's proof as somebody hands it in to be checked.
pub fn votes(bytes: &[u8]) {
    answer::fuzz(bytes);
    if let Ok(proof) = serde_json::from_slice::<draw::Proof>(bytes) {
        let _ = draw::verify(&proof);
    }
}
