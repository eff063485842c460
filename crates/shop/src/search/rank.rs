//! How near a thing is to what was asked: a rule of whole numbers, so that every process gives the same order.
//!
//! In Korean the thing itself stands at the end of its name: 간고등어 is a mackerel, 고등어조림 is not. So a name's last
//! word that is no quantity counts as what it is, and a word that ends like the question beats one that begins so.

use language::{chosung, hangul, squeezed};

/// Words at the end of a name that say how much, how cut or how packed, never what.
const ASIDES: [&str; 32] = [
    "손질",
    "토막",
    "절단",
    "세트",
    "선물세트",
    "선물",
    "특가",
    "대",
    "중",
    "소",
    "특",
    "퀸",
    "킹",
    "싱글",
    "한",
    "두",
    "세",
    "네",
    "반",
    "손",
    "마리",
    "모",
    "단",
    "통",
    "판",
    "상자",
    "박스",
    "봉",
    "팩",
    "묶음",
    "국내산",
    "국산",
];

/// A name as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// All its words.
    pub words: Vec<String>,
    /// Which of them says what it is.
    pub head: usize,
    /// How many of them, from the first on, say what it is and of which kind.
    pub core: usize,
}

impl Name {
    /// Reads a name. What stands in brackets is an aside.
    pub(crate) fn of(text: &str) -> Name {
        let mut outside = String::with_capacity(text.len());
        let mut depth = 0_usize;
        for one in text.chars() {
            match one {
                '(' | '[' | '（' => depth += 1,
                ')' | ']' | '）' => depth = depth.saturating_sub(1),
                _ if depth == 0 => outside.push(one),
                _ => {}
            }
        }
        let mut words = language::words(&outside);
        let told = words.len();
        words.extend(language::words(text).into_iter().filter(|word| !outside_has(&outside, word)));
        let is_aside =
            |word: &String| ASIDES.contains(&word.as_str()) || word.chars().any(|one| one.is_ascii_digit());
        let head = words[..told].iter().rposition(|word| !is_aside(word)).unwrap_or(0);
        let core = if words.is_empty() { 0 } else { head + 1 };
        Name { words, head, core }
    }

    /// What it is, without spaces.
    pub(crate) fn core(&self) -> String {
        self.words[..self.core].concat()
    }
}

fn outside_has(outside: &str, word: &str) -> bool {
    language::words(outside).iter().any(|known| known == word)
}

/// What is added to the points of the index for how well a name as a whole answers a question of these words.
pub(crate) fn nearness(name: &Name, asked: &[String]) -> i64 {
    let question = asked.concat();
    let (core, whole) = (name.core(), name.words.concat());
    let mut points = 0;
    if core == question || whole == question {
        points += 40;
    } else if core.ends_with(&question) {
        points += 9;
    } else if core.starts_with(&question) {
        points += 7;
    } else if whole.contains(&question) {
        points += 5;
    }
    // The less there is beside the question, the more is it about it.
    let (asked, there) = (question.chars().count() as i64, core.chars().count().max(1) as i64);
    points * 100 + (asked * 1_000 / there).min(1_000)
}

/// Whether a text holds what first sounds and syllables, mixed, ask for: 고ㄷㅇ is in 간고등어. With where it begins.
pub(crate) fn sounds_in(text: &str, asked: &str) -> Option<usize> {
    let (text, asked): (Vec<char>, Vec<char>) = (text.chars().collect(), asked.chars().collect());
    let fits = |window: &[char]| window.iter().zip(&asked).all(|(one, wanted)| sounds(*one, *wanted));
    text.windows(asked.len().max(1)).position(fits)
}

fn sounds(one: char, wanted: char) -> bool {
    one == wanted || hangul::split(one).is_some_and(|syllable| syllable.first == wanted)
}

/// Whether a word is, or begins, with first sounds alone: ㄱㄷㅇ, 고ㄷㅇ.
pub(crate) fn is_sounds(word: &str) -> bool {
    word.chars().any(hangul::is_first)
        && word.chars().all(|one| hangul::is_first(one) || hangul::is_syllable(one))
}

/// The tokens under which a name's words are found: `!` what it is, `=` a word of it, `)` how what it is ends,
/// `<` how a word ends, `>` how one begins.
pub(crate) fn name_tokens(name: &Name) -> Vec<String> {
    let mut tokens = Vec::new();
    for (at, word) in name.words.iter().enumerate() {
        let is_head = at == name.head && name.core > 0;
        tokens.push(format!("={word}"));
        if is_head {
            tokens.push(format!("!{word}"));
        }
        for (cut, _) in word.char_indices().skip(1).take(LONGEST) {
            tokens.push(format!("<{}", &word[cut..]));
            tokens.push(format!(">{}", &word[..cut]));
            if is_head {
                tokens.push(format!("){}", &word[cut..]));
            }
        }
    }
    unique(tokens)
}

/// The same for the first sounds of its Korean words.
pub(crate) fn sound_tokens(name: &Name) -> Vec<String> {
    let mut tokens = Vec::new();
    for (at, word) in name.words.iter().enumerate().filter(|(_, word)| word.chars().all(hangul::is_syllable))
    {
        let sounds = chosung(word);
        tokens.push(format!("={sounds}"));
        if at == name.head {
            tokens.push(format!("!{sounds}"));
        }
        for (cut, _) in sounds.char_indices().skip(1).take(LONGEST) {
            tokens.push(format!("<{}", &sounds[cut..]));
            tokens.push(format!(">{}", &sounds[..cut]));
        }
    }
    unique(tokens)
}

/// Cuts of one word that are written down.
const LONGEST: usize = 12;

fn unique(mut tokens: Vec<String>) -> Vec<String> {
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

/// A text as pairs of neighbouring syllables are cut from it.
pub(crate) fn line(text: &str) -> String {
    squeezed(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (String, String) {
        let name = Name::of(text);
        (name.words[name.head].clone(), name.core())
    }

    #[test]
    fn what_a_thing_is_stands_last() {
        let told = |head: &str, core: &str| (head.to_owned(), core.to_owned());
        assert_eq!(of("제주 생고등어 2마리"), told("생고등어", "제주생고등어"));
        assert_eq!(of("안동 간고등어 한 손"), told("간고등어", "안동간고등어"));
        assert_eq!(of("[특가] 고등어 (국내산) 2kg"), told("고등어", "고등어"));
        assert_eq!(of("생대구 탕거리 1마리").0, "탕거리");
        assert_eq!(of("한 단").0, "한");
        assert_eq!(Name::of("").core, 0);
        assert_eq!(Name::of("(국산)").core(), "국산");
    }

    #[test]
    fn sounds_are_found_where_they_stand() {
        assert_eq!(sounds_in("간고등어", "ㄱㄷㅇ"), Some(1));
        assert_eq!(sounds_in("간고등어", "고ㄷㅇ"), Some(1));
        assert_eq!(sounds_in("고구마", "고ㄷㅇ"), None);
        assert_eq!(sounds_in("", "ㄱ"), None);
        assert!(is_sounds("ㄱㄷㅇ") && is_sounds("고ㄷㅇ"));
        assert!(!is_sounds("고등어") && !is_sounds("kㄱ") && !is_sounds("ㅏ"));
    }

    #[test]
    fn the_thing_itself_is_nearer_than_what_is_made_of_it() {
        let asked = ["고등어".to_owned()];
        let near = |name: &str| nearness(&Name::of(name), &asked);
        assert!(near("고등어 2마리") > near("간고등어 한 손"));
        assert!(near("간고등어 한 손") > near("고등어조림 밀키트"));
    }
}
