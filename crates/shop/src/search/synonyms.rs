//! Words that mean the same: data, read once.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The shortest word that is replaced inside a longer one.
const SHORTEST_INSIDE: usize = 2;

static KNOWN: LazyLock<Synonyms> = LazyLock::new(|| Synonyms::read(include_str!("synonyms.txt")));

/// Who is found by whom.
#[derive(Default)]
struct Synonyms {
    /// The other words under each.
    others: HashMap<String, Vec<String>>,
}

impl Synonyms {
    fn read(text: &str) -> Synonyms {
        let mut known = Synonyms::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (same, kinds) = line.split_once('>').unwrap_or((line, ""));
            let split = |words: &str| -> Vec<String> {
                words.split('=').filter(|word| !word.is_empty()).map(language::normal).collect()
            };
            let (same, kinds) = (split(same), split(kinds));
            for word in &same {
                let others = known.others.entry(word.clone()).or_default();
                for other in same.iter().chain(&kinds) {
                    if other != word && !others.contains(other) {
                        others.push(other.clone());
                    }
                }
            }
        }
        known
    }
}

/// The words that are also meant by one.
pub(crate) fn of(word: &str) -> &'static [String] {
    KNOWN.others.get(word).map(Vec::as_slice).unwrap_or_default()
}

/// A longer word with a part of it replaced by what means the same: 오뎅탕, 어묵탕.
pub(crate) fn inside(word: &str) -> Vec<String> {
    let length = word.chars().count();
    let mut made = Vec::new();
    let cuts: Vec<usize> = word.char_indices().map(|(at, _)| at).chain([word.len()]).collect();
    for from in 0..length {
        for to in (from + SHORTEST_INSIDE..=length).rev() {
            let (from, to) = (cuts[from], cuts[to]);
            if (from, to) == (0, word.len()) {
                continue;
            }
            let others = of(&word[from..to]).iter().filter(|other| other.chars().count() >= SHORTEST_INSIDE);
            made.extend(others.map(|other| format!("{}{other}{}", &word[..from], &word[to..])));
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_find_each_other_and_kinds_are_found_by_the_whole() {
        assert!(of("정구지").contains(&"부추".to_owned()));
        assert!(of("부추").contains(&"정구지".to_owned()));
        assert!(of("소고기").contains(&"한우".to_owned()));
        assert!(!of("한우").contains(&"소고기".to_owned()));
        assert!(of("아무말").is_empty());
        assert!(inside("오뎅탕").contains(&"어묵탕".to_owned()));
    }

    #[test]
    fn the_data_is_sound() {
        let groups = include_str!("synonyms.txt").lines().filter(|line| !line.starts_with('#'));
        let groups: Vec<_> = groups.collect();
        assert!(groups.len() >= 120);
        for group in groups {
            assert!(group.contains(['=', '>']), "{group} is alone");
            assert_eq!(group, language::normal(group), "{group} is not spelt normally");
            assert!(!group.contains(' '), "{group} has a space");
        }
    }
}
