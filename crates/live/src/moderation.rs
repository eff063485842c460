//! Moderation: words that a room will not have, slow mode, and people who were muted. All of it can be undone.
//!
//! A word is found however it is dressed up: in wide letters, drawn apart, mixed with signs and digits, or spelled letter
//! by letter. It is looked for inside one word at a time: "다시 발송" says nothing bad.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use base::{Db, events, sql};
use people::{PersonId, StoreId};
use serde_json::json;
use tokio::time::Instant;
use unicode_normalization::UnicodeNormalization;

use crate::broadcast::{Broadcast, BroadcastId};
use crate::chat::LineId;
use crate::{Error, Live, Result, text};

pub mod api;
pub mod pages;

/// Words of one store.
pub const MAX_WORDS: usize = 200;
/// The longest of them, in letters.
pub const MAX_WORD: usize = 20;
/// Seconds that slow mode may ask for.
pub const SLOW: [i64; 5] = [0, 5, 10, 30, 60];
/// How long a room's rules are believed, without asking the database.
const BELIEVE: Duration = Duration::from_secs(1);
/// Rooms whose rules are remembered.
const KNOWN: usize = 4_096;

/// The words that no room has, and the harmless ones that hold them.
static HOUSE: LazyLock<(Vec<String>, Vec<String>)> = LazyLock::new(|| {
    let lines = include_str!("moderation/words.txt").lines().map(str::trim);
    let (harmless, bad): (Vec<_>, Vec<_>) = lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .partition(|line| line.starts_with('-'));
    let harmless = harmless.iter().map(|line| line.trim_start_matches("- ").to_owned()).collect();
    (bad.into_iter().map(str::to_owned).collect(), harmless)
});

/// What a room allows, as it was at most a second ago.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    words: Vec<String>,
    muted: HashSet<PersonId>,
}

/// Rules, and when they were looked up.
type Looked = (Instant, Arc<Rules>);

/// The rules of the rooms of this process. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Known(Arc<Mutex<HashMap<BroadcastId, Looked>>>);

impl Known {
    async fn of(&self, db: &Db, broadcast: &Broadcast) -> Result<Arc<Rules>> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, rules)) = lock().get(&broadcast.id).filter(|(asked, _)| asked.elapsed() < BELIEVE) {
            return Ok(rules.clone());
        }
        let muted: Vec<PersonId> =
            sql!(values db, "select person_id from mutes where broadcast_id = $1", &broadcast.id)?;
        let words = words(db, &broadcast.store).await?;
        let rules = Arc::new(Rules { words, muted: muted.into_iter().collect() });
        let mut known = lock();
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert(broadcast.id.clone(), (Instant::now(), rules.clone()));
        Ok(rules)
    }

    fn forget(&self, broadcast: &BroadcastId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(broadcast);
    }
}

/// Refuses what a customer may not say in this room.
pub(crate) async fn allow(live: &Live, broadcast: &Broadcast, person: &PersonId, line: &str) -> Result<()> {
    let rules = live.moderation.of(&live.base.db, broadcast).await?;
    if rules.muted.contains(person) {
        return Err(Error::Muted);
    }
    if holds_phone_number(line) {
        return Err(Error::PhoneNumber);
    }
    if is_bad(line, &rules.words) {
        return Err(Error::BannedWord);
    }
    Ok(())
}

/// Whether a line holds a word of the house's list or of `more`.
pub fn is_bad(line: &str, more: &[String]) -> bool {
    let (bad, harmless) = &*HOUSE;
    let words = bad.iter().chain(more);
    let words: Vec<(bool, String, String)> =
        words.map(|word| (word.starts_with('^'), plain(word), spelled(&plain(word)))).collect();
    // What a store wrote as several words is looked for in the whole line.
    let whole = plain(line);
    if more.iter().any(|word| word.contains(' ') && whole.contains(&plain(word))) {
        return true;
    }
    let holds = |token: &str, word: &str, begins: bool| {
        if begins { token.starts_with(word) } else { token.contains(word) }
    };
    tokens(line).iter().any(|token| {
        let token = harmless.iter().fold(token.clone(), |token, word| token.replace(word.as_str(), ""));
        let hangul: String = token.chars().filter(|letter| is_hangul(*letter)).collect();
        let letter_by_letter = token.chars().any(is_jamo).then(|| spelled(&hangul));
        words.iter().any(|(begins, word, apart)| {
            holds(&token, word, *begins)
                || (word.chars().all(is_hangul) && holds(&hangul, word, *begins))
                || letter_by_letter.as_ref().is_some_and(|letters| holds(letters, apart, *begins))
        })
    })
}

/// The words of a line, without signs; letters that stand alone one after the other are one word.
fn tokens(line: &str) -> Vec<String> {
    let mut tokens: Vec<(String, bool)> = Vec::new();
    for word in line.split_whitespace().map(plain).filter(|word| !word.is_empty()) {
        let single = word.chars().count() == 1;
        match tokens.last_mut().filter(|(_, alone)| *alone && single) {
            Some((last, _)) => last.push_str(&word),
            None => tokens.push((word, single)),
        }
    }
    tokens.into_iter().map(|(token, _)| token).collect()
}

/// Letters and digits alone, small, of one kind, and no letter three times in a row.
fn plain(word: &str) -> String {
    let mut plain = String::new();
    for letter in settled(word).chars() {
        for letter in letter.to_lowercase().filter(|letter| letter.is_alphanumeric()) {
            if !plain.ends_with(&format!("{letter}{letter}")) {
                plain.push(letter);
            }
        }
    }
    plain
}

/// The same letters in the form in which people type them: wide, circled and drawn ones made plain, syllables put
/// together, and what stands alone of them as the letter of a keyboard (NFKC would make the opposite of it).
fn settled(text: &str) -> String {
    let plain = text.chars().flat_map(|letter| {
        let is_key = is_jamo(letter);
        let (key, other) = (is_key.then_some(letter), (!is_key).then_some(letter));
        key.into_iter().chain(other.into_iter().nfkc())
    });
    plain
        .nfc()
        .map(|letter| match letter {
            '\u{1100}'..='\u{1112}' => INITIAL[letter as usize - 0x1100],
            '\u{1161}'..='\u{1175}' => char::from_u32('ㅏ' as u32 + letter as u32 - 0x1161).unwrap_or(letter),
            letter => letter,
        })
        .collect()
}

fn is_hangul(letter: char) -> bool {
    matches!(letter, '가'..='힣') || is_jamo(letter)
}

fn is_jamo(letter: char) -> bool {
    matches!(letter, 'ㄱ'..='ㅣ')
}

/// The letters that a syllable begins with, in their order.
const INITIAL: [char; 19] = [
    'ㄱ', 'ㄲ', 'ㄴ', 'ㄷ', 'ㄸ', 'ㄹ', 'ㅁ', 'ㅂ', 'ㅃ', 'ㅅ', 'ㅆ', 'ㅇ', 'ㅈ', 'ㅉ', 'ㅊ', 'ㅋ', 'ㅌ',
    'ㅍ', 'ㅎ',
];

/// Syllables taken apart into the letters of a keyboard (Unicode 3.12, in compatibility jamo).
fn spelled(word: &str) -> String {
    const FINAL: [&str; 28] = [
        "", "ㄱ", "ㄲ", "ㄱㅅ", "ㄴ", "ㄴㅈ", "ㄴㅎ", "ㄷ", "ㄹ", "ㄹㄱ", "ㄹㅁ", "ㄹㅂ", "ㄹㅅ", "ㄹㅌ",
        "ㄹㅍ", "ㄹㅎ", "ㅁ", "ㅂ", "ㅂㅅ", "ㅅ", "ㅆ", "ㅇ", "ㅈ", "ㅊ", "ㅋ", "ㅌ", "ㅍ", "ㅎ",
    ];
    let mut letters = String::new();
    for syllable in word.chars() {
        let Some(at) = (syllable as usize).checked_sub('가' as usize).filter(|at| *at < 11_172) else {
            letters.push(syllable);
            continue;
        };
        letters.push(INITIAL[at / 588]);
        letters.extend(char::from_u32('ㅏ' as u32 + (at % 588 / 28) as u32));
        letters.push_str(FINAL[at % 28]);
    }
    letters
}

/// A mobile phone's number: the room is public, and its replay stays.
pub(crate) fn holds_phone_number(line: &str) -> bool {
    let digits: String = plain_digits(line);
    digits.match_indices("01").any(|(at, _)| {
        let number: String = digits[at..].chars().take_while(char::is_ascii_digit).collect();
        (10..=11).contains(&number.len()) && matches!(number.as_bytes()[2], b'0' | b'1' | b'6'..=b'9')
    })
}

/// Digits with what people set between the parts of a number left out; a space ends what is no number.
fn plain_digits(line: &str) -> String {
    // As the country is dialled, and as the first digits are spoken.
    let line = settled(line).replace("+82", "0").replace("공일공", "010");
    let between = |letter: &char| "-.–‐ /()·_".contains(*letter);
    line.chars().filter(|letter| !between(letter)).collect()
}

/// The words that a store will not have.
pub async fn words(db: &Db, store: &StoreId) -> Result<Vec<String>> {
    Ok(sql!(values db, "select word from banned_words where store_id = $1 order by word", store)?)
}

/// Sets a store's words: what is not among them any more is allowed again.
pub async fn set_words(live: &Live, broadcast: &Broadcast, typed: &[String]) -> Result<Vec<String>> {
    let mut wanted: Vec<String> =
        typed.iter().map(|word| text::plain(word)).filter(|word| !plain(word).is_empty()).collect();
    wanted.sort();
    wanted.dedup();
    if wanted.len() > MAX_WORDS || wanted.iter().any(|word| word.chars().count() > MAX_WORD) {
        return Err(Error::Field { field: "words", slug: "banned-words" });
    }
    let rows: Vec<_> = wanted.iter().map(|word| json!({ "word": word })).collect();
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx, "delete from banned_words where store_id = $1", &broadcast.store)?;
    sql!(run &mut tx,
        "insert into banned_words (store_id, word, made_at_ms)
         select $1, j.value ->> 'word', $3 from json_each($2) as j where true
         on conflict (store_id, word) do nothing",
        &broadcast.store, serde_json::to_string(&rows).map_err(base::Error::from)?, live.base.clock.now_ms())?;
    tx.commit().await?;
    live.moderation.forget(&broadcast.id);
    Ok(wanted)
}

/// Asks everybody but the store's people to wait between two lines; 0 lets them talk.
pub async fn slow(live: &Live, broadcast: &Broadcast, seconds: i64) -> Result<()> {
    if !SLOW.contains(&seconds) {
        return Err(Error::Field { field: "seconds", slug: "slow-seconds" });
    }
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx, "update broadcasts set slow_s = $2 where id = $1", &broadcast.id, seconds)?;
    events::put(&mut tx, &broadcast.topic(), &json!({ "type": "slow", "seconds": seconds })).await?;
    Ok(tx.commit().await?)
}

/// Somebody who was muted.
#[derive(Clone, Debug, serde::Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct Muted {
    #[schema(value_type = String)]
    pub person_id: PersonId,
    pub name: String,
}

/// Mutes whoever said a line, for this broadcast, and hides the line; says whom. The store's own people are not muted.
pub async fn mute(live: &Live, broadcast: &Broadcast, line: &LineId) -> Result<Option<Muted>> {
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx,
        "insert into mutes (broadcast_id, person_id, name, at_ms)
         select broadcast_id, person_id, name, $3 from chat_lines
         where id = $1 and broadcast_id = $2 and person_id is not null and said_by = 'shopper'
         on conflict (broadcast_id, person_id) do nothing", line, &broadcast.id, live.base.clock.now_ms())?;
    let muted: Option<Muted> = sql!(opt &mut tx,
        "select m.person_id, m.name from mutes m join chat_lines c on c.person_id = m.person_id
         where m.broadcast_id = $2 and c.id = $1 and c.broadcast_id = $2", line, &broadcast.id)?;
    tx.commit().await?;
    live.moderation.forget(&broadcast.id);
    crate::chat::hide(live, broadcast, line).await?;
    Ok(muted)
}

/// Lets somebody talk again.
pub async fn unmute(live: &Live, broadcast: &Broadcast, person: &PersonId) -> Result<()> {
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx, "delete from mutes where broadcast_id = $1 and person_id = $2", &broadcast.id, person)?;
    tx.commit().await?;
    live.moderation.forget(&broadcast.id);
    Ok(())
}

/// Forgets that somebody who left was muted.
pub(crate) async fn forget(live: &Live, person: &PersonId) -> Result<()> {
    let mut tx = live.base.db.begin().await?;
    sql!(run &mut tx, "delete from mutes where person_id = $1", person)?;
    Ok(tx.commit().await?)
}

/// Who is muted in a broadcast.
pub async fn muted(db: &Db, broadcast: &BroadcastId) -> Result<Vec<Muted>> {
    Ok(sql!(all db,
        "select person_id, name from mutes where broadcast_id = $1 order by at_ms, person_id", broadcast)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_word_is_found_however_it_is_dressed_up() {
        for line in [
            "시발",
            "아 시발 진짜",
            "시.발",
            "시1발",
            "시~~발",
            "시 발",
            "씨이발",
            "ㅅㅂ",
            "ㅅ ㅂ",
            "ㅅㅣㅂㅏㄹ",
            "시ㅂㅏㄹ",
            "ＦＵＣＫ",
            "f.u.c.k",
            "병   신",
            "병1신",
            "ㅂㅅ아",
            "이 개 새 끼",
            "지랄하네",
            "18놈",
            "시발시발",
            "닥쳐라",
            "시8",
            "시팔 뭐야",
            // Put together of letters as some keyboards of Apple do; half as wide; drawn as in mathematics.
            "\u{1109}\u{1175}\u{1107}\u{1161}\u{11af}",
            "\u{1109}\u{1107}",
            "\u{ffb5}\u{ffb2}",
            "𝐟𝐮𝐜𝐤",
        ] {
            assert!(is_bad(line, &[]), "{line}");
        }
    }

    #[test]
    fn words_of_a_market_are_no_bad_words() {
        for line in [
            "다시 발송해 주세요",
            "시발점이 어디예요?",
            "역시 발효 식품",
            "18,000원이에요",
            "18개 주세요",
            "식빵 있어요?",
            "시금치 발 빠르게",
            "고등어 두 손",
            "병 신선한 걸로",
            "발이 시려요",
            "시 발표 언제예요",
            "조개 새로 들어왔어요",
            "개새우 있나요",
            "존 나이프 세트",
            "ㅋㅋㅋㅋ",
            "ㅠㅠ 품절",
            "미친 가격!",
            "배추 10포기",
            "다시바라봐도 예뻐요",
            "즉시발송 되나요",
            "3시발송 맞죠",
            "몇시발송이에요",
            "다시발송해 주세요",
            "역시발효식품",
            "서울시발행 상품권",
            "오늘 두 시 발 빠르게",
            "화면이 꺼져요",
            "12시8분 배송",
            "혹시팔아요",
            "한 손 두 손",
            "강아지 랄라 옷",
            "class",
            "shitake 말고 표고",
            "2026년 11월 26일",
        ] {
            let known_hit = line.starts_with("shitake");
            assert_eq!(is_bad(line, &[]), known_hit, "{line}");
        }
    }

    #[test]
    fn a_store_has_words_of_its_own() {
        let own = ["옆집".to_owned(), "카톡 주세요".to_owned()];
        assert!(is_bad("옆집이 더 싸요", &own));
        assert!(is_bad("카톡 주세요", &own) && is_bad("카톡주세요!", &own));
        assert!(!is_bad("카톡은 안 해요", &own));
        assert!(!is_bad("집 옆에 있어요", &own));
    }

    #[test]
    fn phone_numbers_are_found_and_prices_are_not() {
        for line in [
            "010-1234-5678",
            "제 번호 010 1234 5678이요",
            "０１０．１２３４．５６７８",
            "011-123-4567로요",
            "010/1234/5678",
            "(010)1234-5678",
            "+82 10-1234-5678",
            "공일공 1234 5678",
        ] {
            assert!(holds_phone_number(line), "{line}");
        }
        for line in ["10,000원", "101동 1201호", "01번 상품 2개", "2026-11-26", "100120원"] {
            assert!(!holds_phone_number(line), "{line}");
        }
    }
}
