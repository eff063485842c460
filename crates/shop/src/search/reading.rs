//! How a question may be read: as it stands, with the keyboard on the other language, with a space more or less, with
//! letters mistyped. The first reading that finds anything is the one that was meant.

use language::keyboard;

use super::index::{Index, Wanted};
use super::{rank, synonyms};

/// The longest question.
pub const LONGEST: usize = 100;
/// Words that are read.
const WORDS: usize = 8;
/// Words that may stand for one.
const OTHERS: usize = 12;
/// Points that a synonym loses, a part replaced by one, a word without its last syllable, and each half letter.
const SYNONYM: i64 = 6;
const PART: i64 = 8;
const SHORTER: i64 = 3;
const SLIP: i64 = 3;

/// How a question was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// As it stands.
    Typed,
    /// With the keyboard on the other language.
    Keyboard,
    /// With its words apart.
    Spaces,
    /// With letters put right.
    Spelling,
    /// Not all of its words were found.
    Partly,
}

/// A question as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub how: How,
    /// Its words, as people would write them.
    pub words: Vec<String>,
    pub wanted: Vec<Wanted>,
    /// So many of the words have to be there.
    pub least: usize,
}

impl Reading {
    fn of(how: How, words: Vec<String>) -> Reading {
        let wanted: Vec<Wanted> = words.iter().map(|word| wanted(word)).collect();
        Reading { how, least: wanted.len(), wanted, words }
    }

    /// The question in this reading.
    pub(crate) fn text(&self) -> String {
        self.words.join(" ")
    }
}

/// A question cut to what is read of it, its control characters gone.
pub(crate) fn question(text: &str) -> String {
    // What is far too long is not even spelt: a megabyte costs time.
    let short: String = text.chars().take(LONGEST * 2).collect();
    let plain: String = short.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    plain.chars().take(LONGEST).collect::<String>().trim().to_owned()
}

/// A way to read a question, from its text and its words.
type Step = fn(&Index, &str, &[String]) -> Option<Reading>;

/// The readings of a question, the likeliest first. Later ones are only made when earlier ones found nothing.
pub(crate) fn readings<'a>(index: &'a Index, text: &'a str) -> impl Iterator<Item = Reading> + 'a {
    let typed = words(text);
    let steps: [Step; 8] =
        [as_typed, by_keyboard, apart, apart_by_keyboard, put_right, put_right_by_keyboard, to_latin, partly];
    steps.into_iter().filter_map(move |step| step(index, text, &typed))
}

fn words(text: &str) -> Vec<String> {
    let mut words = language::words(text);
    words.truncate(WORDS);
    words
}

fn as_typed(_: &Index, _: &str, typed: &[String]) -> Option<Reading> {
    Some(Reading::of(How::Typed, typed.to_vec())).filter(|reading| !reading.words.is_empty())
}

/// rhemddj is 고등어; in 고등어 rndl only one word was keyed so.
fn by_keyboard(_: &Index, text: &str, _: &[String]) -> Option<Reading> {
    let words = meant(text)?;
    Some(Reading::of(How::Keyboard, words))
}

fn meant(text: &str) -> Option<Vec<String>> {
    let read: Vec<String> = text
        .split_whitespace()
        .map(|word| {
            let keys = word.chars().all(|one| one.is_ascii_alphanumeric());
            keys.then(|| keyboard::meant(word)).flatten().unwrap_or_else(|| word.to_owned())
        })
        .collect();
    let read = read.join(" ");
    (read != text).then(|| words(&read))
}

/// 국물멸치 is 국물 멸치.
fn apart(index: &Index, _: &str, typed: &[String]) -> Option<Reading> {
    let mut words = Vec::new();
    for word in typed {
        let is_there = index.has(&wanted(word)).unwrap_or_default();
        match if is_there { None } else { index.vocabulary(|known| known.cut(word)) } {
            Some(cut) => words.extend(cut),
            None => words.push(word.clone()),
        }
    }
    (words != typed).then(|| Reading::of(How::Spaces, words))
}

fn apart_by_keyboard(index: &Index, text: &str, _: &[String]) -> Option<Reading> {
    let reading = apart(index, text, &meant(text)?)?;
    Some(Reading { how: How::Keyboard, ..reading })
}

fn put_right(index: &Index, _: &str, typed: &[String]) -> Option<Reading> {
    spelt(index, typed)
}

fn put_right_by_keyboard(index: &Index, text: &str, _: &[String]) -> Option<Reading> {
    spelt(index, &meant(text)?)
}

/// Each word that nothing answers gives way to those nearest to it.
fn spelt(index: &Index, typed: &[String]) -> Option<Reading> {
    let joined = typed.concat();
    let mut reading = Reading::of(How::Spelling, Vec::new());
    let mut is_other = false;
    for word in typed {
        let as_is = wanted(word);
        if rank::is_sounds(word) || index.has(&as_is).unwrap_or_default() {
            reading.words.push(word.clone());
            reading.wanted.push(as_is);
            continue;
        }
        let near = index.vocabulary(|known| known.nearest(word));
        if let Some((best, _)) = near.first() {
            reading.words.push(best.clone());
            let others = near.iter().map(|(word, far)| (word.clone(), i64::from(*far) * SLIP));
            let others: Vec<_> = others.flat_map(|(word, loss)| with_others(&word, loss)).collect();
            reading.wanted.push(Wanted::Word(others));
            is_other = true;
        } else if let Some(cut) = index.vocabulary(|known| known.cut_mistyped(word)) {
            reading.wanted.extend(cut.iter().map(|word| wanted(word)));
            reading.words.extend(cut);
            is_other = true;
        } else {
            reading.words.push(word.clone());
            reading.wanted.push(as_is);
        }
    }
    if !is_other && typed.len() > 1 {
        // Spaces inside a word that was mistyped, too.
        let near = index.vocabulary(|known| known.nearest(&joined));
        let (best, _) = near.first()?;
        return Some(Reading::of(How::Spelling, vec![best.clone()]));
    }
    reading.least = reading.wanted.len();
    is_other.then_some(reading)
}

/// ㅣㄷㅇ is led.
fn to_latin(_: &Index, text: &str, _: &[String]) -> Option<Reading> {
    let latin = keyboard::latin(text);
    (latin != text)
        .then(|| Reading::of(How::Keyboard, words(&latin)))
        .filter(|reading| !reading.words.is_empty())
}

/// As many of the words as are known, and all but one of those if need be.
fn partly(index: &Index, _: &str, typed: &[String]) -> Option<Reading> {
    let mut reading = spelt(index, typed).unwrap_or_else(|| Reading::of(How::Partly, typed.to_vec()));
    reading.how = How::Partly;
    let mut at = 0;
    reading.wanted.retain(|wanted| {
        let is_there = index.has(wanted).unwrap_or_default();
        if is_there {
            at += 1;
        } else if at < reading.words.len() {
            reading.words.remove(at);
        }
        is_there
    });
    reading.least = reading.wanted.len().div_ceil(2);
    (!reading.wanted.is_empty()).then_some(reading)
}

fn wanted(word: &str) -> Wanted {
    if rank::is_sounds(word) { Wanted::Sounds(word.to_owned()) } else { Wanted::Word(with_others(word, 0)) }
}

/// A word with those that mean the same.
fn with_others(word: &str, loss: i64) -> Vec<(String, i64)> {
    let mut all = vec![(word.to_owned(), loss)];
    let mut more = |word: String, loss: i64| {
        if all.len() < OTHERS && all.iter().all(|(known, _)| *known != word) {
            all.push((word, loss));
        }
    };
    for other in synonyms::of(word) {
        more(other.clone(), loss + SYNONYM);
    }
    for other in synonyms::inside(word) {
        more(other, loss + PART);
    }
    // 미국산 is 미국, 수육용 is 수육.
    let long = word.chars().count() >= 3;
    if let Some(short) = ["산", "용"].iter().find_map(|end| word.strip_suffix(end)).filter(|_| long) {
        more(short.to_owned(), loss + SHORTER);
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_question_is_short_and_plain() {
        assert_eq!(question("  고등어\u{0}\n2마리 "), "고등어 2마리");
        assert_eq!(question(&"가".repeat(5_000)).chars().count(), LONGEST);
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(text in any::<String>()) {
            let index = Index::in_memory().unwrap();
            let text = question(&text);
            let _ = readings(&index, &text).count();
        }
    }
}
