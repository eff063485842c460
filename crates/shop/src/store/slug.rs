//! The end of a store's address, made from its name: Hangul as it is read, in small letters.

use base::{Tx, sql};

use crate::Result;

/// The longest address we make.
const LONGEST: usize = 40;

const INITIALS: [&str; 19] =
    ["g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p", "h"];
const VOWELS: [&str; 21] = [
    "a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we", "wi",
    "yu", "eu", "ui", "i",
];
const FINALS: [&str; 28] = [
    "", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l", "m", "p", "p", "t", "t",
    "ng", "t", "t", "k", "t", "p", "t",
];

/// The address a name asks for; `store` when nothing of it can be written.
pub(crate) fn of(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars() {
        match letter {
            '가'..='힣' => {
                let index = letter as usize - '가' as usize;
                slug.push_str(INITIALS[index / 588]);
                slug.push_str(VOWELS[index % 588 / 28]);
                slug.push_str(FINALS[index % 28]);
            }
            letter if letter.is_ascii_alphanumeric() => slug.push(letter.to_ascii_lowercase()),
            _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    slug.truncate(LONGEST);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "store".to_owned() } else { slug.to_owned() }
}

/// Whether a wished address can be one.
pub(crate) fn is_fine(slug: &str) -> bool {
    slug.len() <= LONGEST
        && slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !slug.starts_with('-')
        && !slug.ends_with('-')
}

/// The wished address, or the first free one with a number behind it.
pub(crate) async fn free(tx: &mut Tx, wished: &str) -> Result<String> {
    let taken: Vec<String> = sql!(values tx,
        "select slug from stores where slug = $1 or slug like $2", wished, format!("{wished}-%"))?;
    let mut number = 1;
    loop {
        let slug = if number == 1 { wished.to_owned() } else { format!("{wished}-{number}") };
        if !taken.contains(&slug) {
            return Ok(slug);
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_as_it_is_read() {
        for (name, slug) in [
            ("파도네 생선", "padone-saengseon"),
            ("나물네 반찬", "namulne-banchan"),
            ("Kim's Fish", "kim-s-fish"),
            ("!!!", "store"),
        ] {
            assert_eq!(of(name), slug);
            assert!(is_fine(slug));
        }
        assert!(!is_fine("../etc"));
    }
}
