//! The keyboard that was left on the other language (두벌식): rhemddj is 고등어.

use crate::hangul::{self, compose};

/// The letter of each key, and what it is with Shift where that differs.
const KEYS: [(char, char); 33] = [
    ('q', 'ㅂ'),
    ('w', 'ㅈ'),
    ('e', 'ㄷ'),
    ('r', 'ㄱ'),
    ('t', 'ㅅ'),
    ('y', 'ㅛ'),
    ('u', 'ㅕ'),
    ('i', 'ㅑ'),
    ('o', 'ㅐ'),
    ('p', 'ㅔ'),
    ('a', 'ㅁ'),
    ('s', 'ㄴ'),
    ('d', 'ㅇ'),
    ('f', 'ㄹ'),
    ('g', 'ㅎ'),
    ('h', 'ㅗ'),
    ('j', 'ㅓ'),
    ('k', 'ㅏ'),
    ('l', 'ㅣ'),
    ('z', 'ㅋ'),
    ('x', 'ㅌ'),
    ('c', 'ㅊ'),
    ('v', 'ㅍ'),
    ('b', 'ㅠ'),
    ('n', 'ㅜ'),
    ('m', 'ㅡ'),
    ('Q', 'ㅃ'),
    ('W', 'ㅉ'),
    ('E', 'ㄸ'),
    ('R', 'ㄲ'),
    ('T', 'ㅆ'),
    ('O', 'ㅒ'),
    ('P', 'ㅖ'),
];

/// What these keys write on a Korean keyboard. Whatever is no letter key stays; so does Hangul.
pub fn hangul(text: &str) -> String {
    compose(text.chars().map(letter))
}

/// What a Korean text's keys write on an English keyboard. Whatever is not Hangul stays.
pub fn latin(text: &str) -> String {
    hangul::jamo(text).chars().map(key).collect()
}

/// What these keys write, where all of it is whole syllables: somebody may have meant it. With the capitals locked,
/// Shift was not pressed.
pub fn meant(text: &str) -> Option<String> {
    let has_keys = text.chars().any(|one| one.is_ascii_alphabetic());
    let is_locked = !text.chars().any(|one| one.is_ascii_lowercase());
    let read = if is_locked { hangul(&text.to_ascii_lowercase()) } else { hangul(text) };
    (has_keys && !read.chars().any(hangul::is_letter)).then_some(read)
}

fn letter(key: char) -> char {
    let of = |key: char| KEYS.iter().find(|(known, _)| *known == key).map(|(_, letter)| *letter);
    of(key).or_else(|| of(key.to_ascii_lowercase())).unwrap_or(key)
}

fn key(letter: char) -> char {
    KEYS.iter().find(|(_, known)| *known == letter).map_or(letter, |(key, _)| *key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn korean_comes_out_of_english_keys() {
        for (keys, word) in [
            ("rhemddj", "고등어"),
            ("RkrEnrl", "깍뚜기"),
            ("ekfrqkf", "닭발"),
            ("rhkdlf", "과일"),
            ("Qkdxnlrla", "빵튀김"),
            ("gksdn rnrrjfl", "한우 국거리"),
            ("rkqt 1zh", "값 1코"),
            ("dmltjd", "의성"),
            ("eho", "돼"),
            ("dnp", "웨"),
        ] {
            assert_eq!(hangul(keys), word, "{keys}");
        }
    }

    #[test]
    fn english_comes_out_of_korean_keys() {
        assert_eq!(latin("고등어"), "rhemddj");
        assert_eq!(latin("깍두기"), "Rkrenrl");
        assert_eq!(latin("ㅣㄷㅇ"), "led");
    }

    #[test]
    fn only_whole_syllables_were_meant() {
        assert_eq!(meant("rhemddj").as_deref(), Some("고등어"));
        assert_eq!(meant("RHEMDDJ").as_deref(), Some("고등어"));
        assert_eq!(meant("led"), None);
        assert_eq!(meant("고등어"), None);
        assert_eq!(meant("123"), None);
        assert_eq!(meant(""), None);
    }

    proptest! {
        #[test]
        fn there_and_back(word in "[가-힣]{0,12}") {
            prop_assert_eq!(hangul(&latin(&word)), word);
        }

        #[test]
        fn nothing_breaks_it(text in ".{0,40}") {
            let _ = (hangul(&text), latin(&text), meant(&text));
        }
    }
}
