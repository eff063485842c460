//! What the seller's phone says aloud: short, with numbers as people say them.

/// Native numerals, which count things: 한 마리, 두 봉지.
const ONES: [&str; 10] = ["", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉"];
const TENS: [&str; 10] = ["", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔"];
/// Words that count, when a unit is one of them alone.
const COUNTERS: [&str; 19] = [
    "마리", "손", "봉지", "통", "병", "팩", "상자", "박스", "개", "벌", "켤레", "장", "단", "포기", "묶음",
    "세트", "그릇", "줄", "판",
];
/// Lines read out; the rest is counted.
const LINES: usize = 2;

/// "주문 들어왔어요, 고등어 두 마리, 굴 세 봉지".
pub(crate) fn order<'l>(lines: impl ExactSizeIterator<Item = (&'l str, &'l str, i64)>) -> String {
    let more = lines.len().saturating_sub(LINES);
    let mut said = "주문 들어왔어요".to_owned();
    for (name, unit, quantity) in lines.take(LINES) {
        said.push_str(", ");
        said.push_str(&thing(name, unit, quantity));
    }
    if more > 0 {
        said.push_str(&format!(", 그 밖에 {}", counted(more as i64, "가지")));
    }
    said
}

/// "고등어 두 마리": the name without its brackets, and how many.
pub(crate) fn thing(name: &str, unit: &str, quantity: i64) -> String {
    let counter = if COUNTERS.contains(&unit) { unit } else { "개" };
    format!("{} {}", bare(name), counted(quantity, counter))
}

/// "두 개", "스무 개", "열한 마리"; past ninety-nine in digits.
pub(crate) fn counted(number: i64, counter: &str) -> String {
    match number {
        20 => format!("스무 {counter}"),
        1..=99 => format!("{}{} {counter}", TENS[(number / 10) as usize], ONES[(number % 10) as usize]),
        _ => format!("{number} {counter}"),
    }
}

/// A name as it is spoken: without what stands in brackets.
fn bare(name: &str) -> String {
    let mut depth = 0_i32;
    let mut said = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ if depth <= 0 => said.push(letter),
            _ => {}
        }
    }
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_said_as_people_say_it() {
        for (lines, said) in [
            (vec![("고등어", "손", 2)], "주문 들어왔어요, 고등어 두 손"),
            (vec![("고등어 (제주)", "2마리(약 800g)", 1)], "주문 들어왔어요, 고등어 한 개"),
            (
                vec![("굴", "봉지", 20), ("갈치", "", 21), ("김", "장", 3), ("무", "", 1)],
                "주문 들어왔어요, 굴 스무 봉지, 갈치 스물한 개, 그 밖에 두 가지",
            ),
        ] {
            assert_eq!(order(lines.into_iter()), said);
        }
    }
}
