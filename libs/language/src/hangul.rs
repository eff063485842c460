//! Syllables and their letters.

/// The consonants that begin a syllable, in Unicode's order.
const FIRST: [char; 19] = [
    'ㄱ', 'ㄲ', 'ㄴ', 'ㄷ', 'ㄸ', 'ㄹ', 'ㅁ', 'ㅂ', 'ㅃ', 'ㅅ', 'ㅆ', 'ㅇ', 'ㅈ', 'ㅉ', 'ㅊ', 'ㅋ', 'ㅌ',
    'ㅍ', 'ㅎ',
];
/// The vowels.
const MIDDLE: [char; 21] = [
    'ㅏ', 'ㅐ', 'ㅑ', 'ㅒ', 'ㅓ', 'ㅔ', 'ㅕ', 'ㅖ', 'ㅗ', 'ㅘ', 'ㅙ', 'ㅚ', 'ㅛ', 'ㅜ', 'ㅝ', 'ㅞ', 'ㅟ',
    'ㅠ', 'ㅡ', 'ㅢ', 'ㅣ',
];
/// The consonants that end a syllable; the first place is for none.
const LAST: [char; 28] = [
    '\0', 'ㄱ', 'ㄲ', 'ㄳ', 'ㄴ', 'ㄵ', 'ㄶ', 'ㄷ', 'ㄹ', 'ㄺ', 'ㄻ', 'ㄼ', 'ㄽ', 'ㄾ', 'ㄿ', 'ㅀ', 'ㅁ',
    'ㅂ', 'ㅄ', 'ㅅ', 'ㅆ', 'ㅇ', 'ㅈ', 'ㅊ', 'ㅋ', 'ㅌ', 'ㅍ', 'ㅎ',
];
/// Letters that a keyboard makes of two.
const PAIRS: [(char, char, char); 18] = [
    ('ㅗ', 'ㅏ', 'ㅘ'),
    ('ㅗ', 'ㅐ', 'ㅙ'),
    ('ㅗ', 'ㅣ', 'ㅚ'),
    ('ㅜ', 'ㅓ', 'ㅝ'),
    ('ㅜ', 'ㅔ', 'ㅞ'),
    ('ㅜ', 'ㅣ', 'ㅟ'),
    ('ㅡ', 'ㅣ', 'ㅢ'),
    ('ㄱ', 'ㅅ', 'ㄳ'),
    ('ㄴ', 'ㅈ', 'ㄵ'),
    ('ㄴ', 'ㅎ', 'ㄶ'),
    ('ㄹ', 'ㄱ', 'ㄺ'),
    ('ㄹ', 'ㅁ', 'ㄻ'),
    ('ㄹ', 'ㅂ', 'ㄼ'),
    ('ㄹ', 'ㅅ', 'ㄽ'),
    ('ㄹ', 'ㅌ', 'ㄾ'),
    ('ㄹ', 'ㅍ', 'ㄿ'),
    ('ㄹ', 'ㅎ', 'ㅀ'),
    ('ㅂ', 'ㅅ', 'ㅄ'),
];
const SYLLABLES: u32 = 0xAC00;
const COUNT: u32 = 11_172;

/// A syllable's letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syllable {
    pub first: char,
    pub middle: char,
    pub last: Option<char>,
}

/// The letters of a whole syllable; `None` for anything else.
pub fn split(one: char) -> Option<Syllable> {
    let at = (one as u32).checked_sub(SYLLABLES).filter(|at| *at < COUNT)? as usize;
    let last = LAST[at % 28];
    Some(Syllable {
        first: FIRST[at / 588],
        middle: MIDDLE[at % 588 / 28],
        last: (last != '\0').then_some(last),
    })
}

/// The syllable of these letters; `None` when they make none.
pub fn join(syllable: Syllable) -> Option<char> {
    let first = FIRST.iter().position(|one| *one == syllable.first)?;
    let middle = MIDDLE.iter().position(|one| *one == syllable.middle)?;
    let last = match syllable.last {
        Some(last) => LAST.iter().position(|one| *one == last)?,
        None => 0,
    };
    char::from_u32(SYLLABLES + (first * 588 + middle * 28 + last) as u32)
}

/// Whether it is a whole syllable: 고.
pub fn is_syllable(one: char) -> bool {
    split(one).is_some()
}

/// Whether it is a letter that can begin a syllable: ㄱ.
pub fn is_first(one: char) -> bool {
    FIRST.contains(&one)
}

/// Whether it is a vowel: ㅏ.
pub fn is_vowel(one: char) -> bool {
    MIDDLE.contains(&one)
}

/// Whether it is a letter alone, not a syllable.
pub fn is_letter(one: char) -> bool {
    ('\u{3131}'..='\u{3163}').contains(&one)
}

pub(crate) fn is_last(one: char) -> bool {
    one != '\0' && LAST.contains(&one)
}

/// One letter of two, as a keyboard makes it: ㅗ and ㅏ make ㅘ.
pub(crate) fn pair(one: char, other: char) -> Option<char> {
    PAIRS.iter().find(|(a, b, _)| (*a, *b) == (one, other)).map(|(_, _, both)| *both)
}

/// The two of a letter that is made of two.
pub(crate) fn unpair(both: char) -> Option<(char, char)> {
    PAIRS.iter().find(|(_, _, made)| *made == both).map(|(one, other, _)| (*one, *other))
}

/// The first sounds of a text: 고등어 → ㄱㄷㅇ. Whatever is no syllable stays.
pub fn chosung(text: &str) -> String {
    text.chars().map(|one| split(one).map_or(one, |syllable| syllable.first)).collect()
}

/// A text as it is keyed in, letter by letter: 곽 → ㄱㅗㅏㄱ. Whatever is not Hangul stays.
pub fn jamo(text: &str) -> String {
    let mut all = String::with_capacity(text.len() * 3);
    for one in text.chars() {
        match split(one) {
            Some(syllable) => {
                all.push(syllable.first);
                push_keyed(&mut all, syllable.middle);
                if let Some(last) = syllable.last {
                    push_keyed(&mut all, last);
                }
            }
            None => push_keyed(&mut all, one),
        }
    }
    all
}

fn push_keyed(all: &mut String, letter: char) {
    match unpair(letter) {
        Some((one, other)) => all.extend([one, other]),
        None => all.push(letter),
    }
}

/// Letters put together into syllables, as a keyboard does it: ㄱㅗㄷㅡㅇㅇㅓ → 고등어. Whatever is no letter stays.
pub fn compose(letters: impl IntoIterator<Item = char>) -> String {
    let mut made = Made::default();
    for letter in letters {
        if !is_letter(letter) {
            made.end();
            made.text.push(letter);
        } else if is_vowel(letter) {
            made.vowel(letter);
        } else {
            made.consonant(letter);
        }
    }
    made.end();
    made.text
}

/// A text being keyed in, and the syllable that is open.
#[derive(Default)]
struct Made {
    text: String,
    first: Option<char>,
    middle: Option<char>,
    last: Option<char>,
}

impl Made {
    fn consonant(&mut self, letter: char) {
        let longer = match (self.first, self.middle, self.last) {
            (Some(_), Some(_), None) if is_last(letter) => Some(letter),
            (Some(_), Some(_), Some(last)) => pair(last, letter),
            _ => None,
        };
        if longer.is_some() {
            self.last = longer;
        } else {
            self.end();
            self.first = Some(letter);
        }
    }

    fn vowel(&mut self, letter: char) {
        match (self.middle, self.last) {
            (None, _) => self.middle = Some(letter),
            // The consonant that seemed to end a syllable begins the next one.
            (Some(_), Some(last)) => {
                let (stays, goes) = unpair(last).map_or((None, last), |(one, other)| (Some(one), other));
                self.last = stays;
                self.end();
                self.first = Some(goes);
                self.middle = Some(letter);
            }
            (Some(middle), None) => match pair(middle, letter) {
                Some(both) => self.middle = Some(both),
                None => {
                    self.end();
                    self.middle = Some(letter);
                }
            },
        }
    }

    fn end(&mut self) {
        let (first, middle, last) = (self.first.take(), self.middle.take(), self.last.take());
        let whole = match (first, middle) {
            (Some(first), Some(middle)) => join(Syllable { first, middle, last }),
            _ => None,
        };
        match whole {
            Some(syllable) => self.text.push(syllable),
            None => self.text.extend([first, middle, last].into_iter().flatten()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn syllables_fall_apart_and_come_together() {
        assert_eq!(split('곽'), Some(Syllable { first: 'ㄱ', middle: 'ㅘ', last: Some('ㄱ') }));
        assert_eq!(split('고'), Some(Syllable { first: 'ㄱ', middle: 'ㅗ', last: None }));
        assert_eq!(split('ㄱ'), None);
        assert_eq!(split('a'), None);
        assert_eq!(join(Syllable { first: 'ㅏ', middle: 'ㅏ', last: None }), None);
    }

    #[test]
    fn first_sounds_are_what_people_type_for_short() {
        assert_eq!(chosung("고등어 2마리"), "ㄱㄷㅇ 2ㅁㄹ");
        assert_eq!(chosung("떡볶이"), "ㄸㅂㅇ");
        assert_eq!(chosung("고ㄷㅇ"), "ㄱㄷㅇ");
    }

    #[test]
    fn letters_are_those_of_the_keyboard() {
        assert_eq!(jamo("고등어"), "ㄱㅗㄷㅡㅇㅇㅓ");
        assert_eq!(jamo("닭과"), "ㄷㅏㄹㄱㄱㅗㅏ");
        assert_eq!(jamo("까"), "ㄲㅏ");
        assert_eq!(jamo("kg"), "kg");
    }

    #[test]
    fn an_end_goes_over_to_the_next_vowel() {
        assert_eq!(compose("ㄷㅏㄹㄱㅏ".chars()), "달가");
        assert_eq!(compose("ㄷㅏㄹㄱ".chars()), "닭");
        assert_eq!(compose("ㄱㄷㅇ".chars()), "ㄱㄷㅇ");
        assert_eq!(compose("ㅏㅏ 1ㄱㅏ".chars()), "ㅏㅏ 1가");
        assert_eq!(compose("ㄱㅗㅏㅣ".chars()), "과ㅣ");
        assert_eq!(compose("ㄱㅏㄸㅏ".chars()), "가따");
    }

    proptest! {
        #[test]
        fn every_syllable_is_the_sum_of_its_letters(at in 0..COUNT) {
            let one = char::from_u32(SYLLABLES + at).unwrap();
            prop_assert_eq!(join(split(one).unwrap()), Some(one));
        }

        #[test]
        fn words_survive_being_taken_apart(word in "[가-힣]{0,12}") {
            prop_assert_eq!(compose(jamo(&word).chars()), word);
        }

        #[test]
        fn nothing_breaks_it(text in ".{0,40}") {
            let _ = (compose(text.chars()), chosung(&text), jamo(&text));
        }
    }
}
