//! How far one word is from another.

use crate::jamo;

/// Letters that sound or look so alike that people take one for the other.
const ALIKE: [&str; 9] = ["ㄱㄲㅋ", "ㄷㄸㅌ", "ㅂㅃㅍ", "ㅅㅆ", "ㅈㅉㅊ", "ㅐㅔ", "ㅒㅖ", "ㅓㅗ", "ㅜㅡ"];
/// What a wrong, missing or extra letter counts, and two that changed places.
const WRONG: u32 = 2;
/// What one counts that is taken for another like it.
const NEAR: u32 = 1;

/// The distance between two words in half letters: how many letters of the keyboard are wrong, missing, extra or
/// swapped, times two; one that is easily taken for another counts half.
pub fn distance(one: &str, other: &str) -> u32 {
    let one: Vec<char> = jamo(one).chars().collect();
    let other: Vec<char> = jamo(other).chars().collect();
    // Three rows of the table: swapped letters look two back.
    let mut before: Vec<u32> = Vec::new();
    let mut above: Vec<u32> = (0..=other.len() as u32).map(|at| at * WRONG).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut here = Vec::with_capacity(other.len() + 1);
        here.push((row as u32 + 1) * WRONG);
        for (column, against) in other.iter().enumerate() {
            let mut least = (above[column] + cost(*letter, *against))
                .min(above[column + 1] + WRONG)
                .min(here[column] + WRONG);
            let is_swapped = row > 0
                && column > 0
                && *letter == other[column - 1]
                && one[row - 1] == *against
                && letter != against;
            if is_swapped {
                least = least.min(before[column - 1] + WRONG);
            }
            here.push(least);
        }
        before = std::mem::replace(&mut above, here);
    }
    above[other.len()]
}

fn cost(one: char, other: char) -> u32 {
    if one == other {
        0
    } else if ALIKE.iter().any(|alike| alike.contains(one) && alike.contains(other)) {
        NEAR
    } else {
        WRONG
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_slip_is_small() {
        assert_eq!(distance("고등어", "고등어"), 0);
        assert_eq!(distance("고둥어", "고등어"), 1);
        assert_eq!(distance("고등아", "고등어"), 2);
        assert_eq!(distance("깍뚜기", "깍두기"), 1);
        assert_eq!(distance("삼겨살", "삼겹살"), 2);
        assert_eq!(distance("찌개", "찌게"), 1);
        assert_eq!(distance("ㄱㅏ", "ㅏㄱ"), 2);
        assert_eq!(distance("", "가"), 4);
    }

    proptest! {
        #[test]
        fn it_is_a_distance(a in "[가-힣a-z]{0,6}", b in "[가-힣a-z]{0,6}") {
            prop_assert_eq!(distance(&a, &b), distance(&b, &a));
            prop_assert_eq!(distance(&a, &b) == 0, jamo(&a) == jamo(&b));
            let most = jamo(&a).chars().count().max(jamo(&b).chars().count()) as u32 * WRONG;
            prop_assert!(distance(&a, &b) <= most);
        }

        #[test]
        fn one_letter_more_is_one_letter_away(word in "[가-힣]{0,6}", extra in "[a-z]") {
            prop_assert_eq!(distance(&word, &format!("{word}{extra}")), WRONG);
        }
    }
}
