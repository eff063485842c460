//! The words that stand in names, and which of them somebody may have meant. It is read off the index and lives in
//! memory; a word that left the market only costs a question that finds nothing.

use std::collections::{BTreeMap, HashMap};

use super::synonyms;
use language::{chosung, distance, hangul, jamo};

/// Words kept at most, with their beginnings and ends.
const MOST: usize = 200_000;
/// The longest word that is kept.
const LONGEST: usize = 12;
/// Words that are looked at closely for one that was mistyped.
const CLOSE: usize = 80;
/// Words under one beginning that are looked through for suggestions.
const BEGINNINGS: usize = 3_000;

/// The words of the market.
#[derive(Default)]
pub(crate) struct Vocabulary {
    words: Vec<Entry>,
    by_word: HashMap<String, u32>,
    /// Two neighbouring letters, and the words they stand in.
    by_letters: HashMap<(char, char), Vec<u32>>,
    by_jamo: BTreeMap<String, u32>,
    by_sounds: BTreeMap<(String, u32), ()>,
}

struct Entry {
    word: String,
    /// How often it is a word of a name…
    whole: u32,
    /// …and how often only the beginning or end of one.
    part: u32,
    /// Of these, how often its end: what a name ends with is a thing (은갈치 is a 갈치), what it begins with may be none.
    end: u32,
    letters: u32,
}

impl Vocabulary {
    /// Learns a word of so many names, and what it begins and ends with.
    pub(crate) fn learn(&mut self, word: &str, names: u32) {
        let length = word.chars().count();
        if !(2..=LONGEST).contains(&length) || word.chars().any(|one| one.is_ascii_digit()) {
            return;
        }
        self.add(word, names, 0, 0);
        if !word.chars().all(hangul::is_syllable) {
            return;
        }
        for (cut, _) in word.char_indices().skip(2) {
            self.add(&word[..cut], 0, names, 0);
        }
        for (cut, _) in word.char_indices().skip(1).take(length.saturating_sub(2)) {
            self.add(&word[cut..], 0, names, names);
        }
    }

    fn add(&mut self, word: &str, whole: u32, part: u32, end: u32) {
        if let Some(at) = self.by_word.get(word) {
            let entry = &mut self.words[*at as usize];
            entry.whole += whole;
            entry.part += part;
            entry.end += end;
            return;
        }
        if self.words.len() >= MOST {
            return;
        }
        let at = self.words.len() as u32;
        let letters = jamo(word);
        let pairs = pairs(&letters);
        self.words.push(Entry {
            word: word.to_owned(),
            whole,
            part,
            end,
            letters: letters.chars().count() as u32,
        });
        self.by_word.insert(word.to_owned(), at);
        for pair in pairs {
            let known = self.by_letters.entry(pair).or_default();
            if known.last() != Some(&at) {
                known.push(at);
            }
        }
        self.by_jamo.insert(letters, at);
        self.by_sounds.insert((chosung(word), at), ());
    }

    /// Whether it stands in a name, alone or as a part, or means the same as another word.
    pub(crate) fn knows(&self, word: &str) -> bool {
        self.by_word.contains_key(word) || !synonyms::of(word).is_empty()
    }

    /// The nearest words to one that is not known, with their distances; the best first, at most three.
    pub(crate) fn nearest(&self, word: &str) -> Vec<(String, u32)> {
        let letters = jamo(word);
        let length = letters.chars().count() as u32;
        let most = slips(length);
        if most == 0 {
            return Vec::new();
        }
        let mut shared: HashMap<u32, u32> = HashMap::new();
        for pair in pairs(&letters) {
            for at in self.by_letters.get(&pair).into_iter().flatten() {
                *shared.entry(*at).or_default() += 1;
            }
        }
        let mut close: Vec<(u32, u32)> = shared
            .into_iter()
            .filter(|(at, _)| self.words[*at as usize].letters.abs_diff(length) * 2 <= most)
            .map(|(at, count)| (count, at))
            .collect();
        close.sort_unstable_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(&other.1)));
        let mut found: Vec<(u32, &Entry)> = close
            .into_iter()
            .take(CLOSE)
            .map(|(_, at)| &self.words[at as usize])
            .map(|entry| (distance(word, &entry.word), entry))
            .filter(|(far, _)| *far <= most)
            .collect();
        found.sort_by(|(far, one), (further, other)| {
            let key = |far: &u32, entry: &Entry| (*far, entry.whole == 0);
            key(far, one)
                .cmp(&key(further, other))
                .then(other.whole.cmp(&one.whole))
                .then(other.part.cmp(&one.part))
                .then_with(|| one.word.cmp(&other.word))
        });
        let best = found.first().map_or(0, |(far, _)| *far);
        found
            .into_iter()
            .filter(|(far, _)| *far <= best + 1)
            .take(3)
            .map(|(far, entry)| (entry.word.clone(), far))
            .collect()
    }

    /// Words that begin as somebody types: by letter (고드 → 고등어) or by first sounds (ㄱㄷ).
    pub(crate) fn beginning(&self, typed: &str, most: usize) -> Vec<String> {
        let mut found: Vec<&Entry> = Vec::new();
        if typed.chars().any(hangul::is_first) {
            let sounds = chosung(typed);
            let from = (sounds.clone(), 0);
            let under =
                self.by_sounds.range(from..).take_while(|((known, _), ())| known.starts_with(&sounds));
            found.extend(
                under
                    .take(BEGINNINGS)
                    .map(|((_, at), ())| &self.words[*at as usize])
                    .filter(|entry| super::rank::sounds_in(&entry.word, typed) == Some(0)),
            );
        }
        let letters = jamo(typed);
        let under =
            self.by_jamo.range(letters.clone()..).take_while(|(known, _)| known.starts_with(&letters));
        found.extend(under.take(BEGINNINGS).map(|(_, at)| &self.words[*at as usize]));
        found.retain(|entry| entry.whole > 0 || entry.end > 1);
        found.sort_by(|one, other| {
            let key = |entry: &Entry| (std::cmp::Reverse(entry.whole * 2 + entry.part), entry.letters);
            key(one).cmp(&key(other)).then_with(|| one.word.cmp(&other.word))
        });
        let mut words: Vec<String> = Vec::new();
        for entry in found {
            if !words.contains(&entry.word) {
                words.push(entry.word.clone());
            }
            if words.len() == most {
                break;
            }
        }
        words
    }

    /// A text without spaces cut into two or three words that are known.
    pub(crate) fn cut(&self, text: &str) -> Option<Vec<String>> {
        let cuts: Vec<usize> = text.char_indices().skip(2).map(|(at, _)| at).collect();
        for at in cuts.iter().rev() {
            let (one, rest) = text.split_at(*at);
            if !self.knows(one) {
                continue;
            }
            if self.knows(rest) {
                return Some(vec![one.to_owned(), rest.to_owned()]);
            }
            for next in rest.char_indices().skip(2).map(|(at, _)| at) {
                let (two, three) = rest.split_at(next);
                if self.knows(two) && self.knows(three) {
                    return Some(vec![one.to_owned(), two.to_owned(), three.to_owned()]);
                }
            }
        }
        None
    }

    /// The same where one of two was mistyped.
    pub(crate) fn cut_mistyped(&self, text: &str) -> Option<Vec<String>> {
        let cuts = text.char_indices().skip(2).map(|(at, _)| at);
        let mut best: Option<(u32, Vec<String>)> = None;
        for at in cuts {
            let (one, rest) = text.split_at(at);
            let tried = match (self.knows(one), self.knows(rest)) {
                (true, false) => {
                    self.nearest(rest).into_iter().next().map(|(word, far)| (far, vec![one.to_owned(), word]))
                }
                (false, true) => {
                    self.nearest(one).into_iter().next().map(|(word, far)| (far, vec![word, rest.to_owned()]))
                }
                _ => None,
            };
            if let Some(tried) = tried
                && best.as_ref().is_none_or(|best| tried.0 < best.0)
            {
                best = Some(tried);
            }
        }
        best.map(|(_, words)| words)
    }
}

/// Half letters that may be wrong in a word of so many letters.
fn slips(letters: u32) -> u32 {
    match letters {
        0..=3 => 0,
        4 => 1,
        5..=6 => 2,
        7..=8 => 3,
        _ => 4,
    }
}

/// Neighbouring letters, with the word's two ends.
fn pairs(letters: &str) -> Vec<(char, char)> {
    let all: Vec<char> = std::iter::once('^').chain(letters.chars()).chain(std::iter::once('$')).collect();
    all.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vocabulary {
        let mut words = Vocabulary::default();
        for word in
            ["고등어", "은갈치", "간갈치", "고구마", "고등어조림", "제주", "누빔조끼", "충전기", "휴대폰"]
        {
            words.learn(word, 1);
        }
        words
    }

    #[test]
    fn a_mistyped_word_has_a_nearest_one() {
        let best = |word: &str| known().nearest(word).into_iter().next().map(|(word, _)| word);
        assert_eq!(best("고둥어").as_deref(), Some("고등어"));
        assert_eq!(best("갈취").as_deref(), Some("갈치"));
        assert_eq!(best("누빔조기").as_deref(), Some("누빔조끼"));
        assert_eq!(best("냉장고"), None);
        assert_eq!(best("굴"), None);
    }

    #[test]
    fn words_come_as_they_are_typed() {
        assert_eq!(known().beginning("고드", 5), ["고등어", "고등어조림"]);
        assert_eq!(known().beginning("ㄱㄷㅇ", 5)[0], "고등어");
        assert_eq!(known().beginning("고ㄱ", 5), ["고구마"]);
        assert!(known().beginning("zz", 5).is_empty());
    }

    #[test]
    fn words_without_a_space_are_cut() {
        assert_eq!(known().cut("휴대폰충전기").unwrap(), ["휴대폰", "충전기"]);
        assert_eq!(known().cut_mistyped("제주고둥어").unwrap(), ["제주", "고등어"]);
        assert_eq!(known().cut("냉장고"), None);
    }
}
