//! One spelling of a text: composed, in small letters, of one width, with single spaces.

use unicode_normalization::UnicodeNormalization;

use crate::hangul::is_letter;

/// First letters of the block that decomposed texts use, by their place in it.
const CONJOINING: [char; 19] = [
    'ㄱ', 'ㄲ', 'ㄴ', 'ㄷ', 'ㄸ', 'ㄹ', 'ㅁ', 'ㅂ', 'ㅃ', 'ㅅ', 'ㅆ', 'ㅇ', 'ㅈ', 'ㅉ', 'ㅊ', 'ㅋ', 'ㅌ',
    'ㅍ', 'ㅎ',
];

/// A text in its one spelling. Letters alone stay letters alone; control characters are spaces.
pub fn normal(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for one in text.nfc() {
        if is_letter(one) {
            folded.push(one);
        } else {
            // Width and ligatures: ＫＧ, ㎏ and ① are kg and 1.
            folded.extend(std::iter::once(one).nfkc());
        }
    }
    let mut spelt = String::with_capacity(folded.len());
    for one in folded.nfc().map(alone) {
        if one.is_whitespace() || one.is_control() {
            if !spelt.ends_with(' ') {
                spelt.push(' ');
            }
        } else {
            spelt.extend(one.to_lowercase());
        }
    }
    spelt.trim().to_owned()
}

/// A first consonant that found no vowel is written as keyboards write it.
fn alone(one: char) -> char {
    let at = (one as u32).wrapping_sub(0x1100) as usize;
    CONJOINING.get(at).copied().unwrap_or(one)
}

/// The words of a text in its one spelling: whatever stands between spaces and marks.
pub fn words(text: &str) -> Vec<String> {
    let spelt = normal(text);
    spelt
        .split(|one: char| !one.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A text without any spaces and marks.
pub fn squeezed(text: &str) -> String {
    words(text).concat()
}

/// All runs of `length` characters, in order; the whole text when it is shorter.
pub fn grams(text: &str, length: usize) -> Vec<&str> {
    let mut at: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    at.push(text.len());
    if text.is_empty() || length == 0 {
        return Vec::new();
    }
    if at.len() <= length {
        return vec![text];
    }
    at.windows(length + 1).map(|window| &text[window[0]..window[length]]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn there_is_one_spelling() {
        assert_eq!(normal("  고등어\t２ＫＧ\n"), "고등어 2kg");
        assert_eq!(normal("\u{1100}\u{1169}\u{1103}\u{1173}\u{11BC}\u{110B}\u{1165}"), "고등어");
        assert_eq!(normal("ㄱㄷㅇ"), "ㄱㄷㅇ");
        assert_eq!(normal("\u{1100}\u{1103}"), "ㄱㄷ");
        assert_eq!(normal("5㎏"), "5kg");
        assert_eq!(normal("a\0b"), "a b");
    }

    #[test]
    fn words_stand_between_marks() {
        assert_eq!(words("한우(국거리) 1.5L·LED"), ["한우", "국거리", "1", "5l", "led"]);
        assert_eq!(squeezed("한우 국거리!"), "한우국거리");
        assert!(words("?!*").is_empty());
    }

    #[test]
    fn grams_slide() {
        assert_eq!(grams("고등어", 2), ["고등", "등어"]);
        assert_eq!(grams("굴", 2), ["굴"]);
        assert!(grams("", 2).is_empty());
        assert!(grams("굴", 0).is_empty());
    }

    proptest! {
        #[test]
        fn spelling_it_again_changes_nothing(text in "\\PC{0,30}") {
            let once = normal(&text);
            prop_assert_eq!(normal(&once), once);
        }

        #[test]
        fn nothing_breaks_it(text in any::<String>(), length in 0..5_usize) {
            let _ = (normal(&text), words(&text), grams(&text, length).len());
        }
    }
}
