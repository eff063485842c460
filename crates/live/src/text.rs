//! What people type into one line.

/// One line without control characters, invisible direction marks and loose ends.
pub(crate) fn plain(typed: &str) -> String {
    let mut line = String::with_capacity(typed.len().min(1024));
    for letter in typed.chars().filter(|letter| !is_trick(*letter)) {
        let letter = if letter.is_control() || letter.is_whitespace() { ' ' } else { letter };
        if letter != ' ' || !line.ends_with(' ') {
            line.push(letter);
        }
    }
    line.trim().to_owned()
}

/// Marks that turn the text of others around.
fn is_trick(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_line_keeps_words_and_loses_tricks() {
        for (typed, line) in [
            ("  고등어   두 손  ", "고등어 두 손"),
            ("a\0b\u{1b}[31mc\nd\t\te", "a b [31mc d e"),
            ("\u{202e}gnol", "gnol"),
            ("👨‍👩‍👧 좋아요", "👨‍👩‍👧 좋아요"),
            ("\n\r\t ", ""),
        ] {
            assert_eq!(plain(typed), line);
        }
    }
}
