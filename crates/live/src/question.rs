//! Questions: what customers ask in the talk, gathered for the seller. The same question asked again is one question,
//! asked twice. "Answered" marks the moment, for the replay.

use base::{Db, Id, Tx, events, sql};
use serde::Serialize;
use serde_json::{Value, json};

use crate::broadcast::{Broadcast, BroadcastId};
use crate::{Error, Live, Result};

pub mod api;
pub mod pages;

/// Names questions.
pub enum QuestionMark {}
/// A question's id.
pub type QuestionId = Id<QuestionMark>;

/// Open questions of one show that a new one is compared with, and that a studio lists.
const OPEN: i64 = 50;
/// How alike two questions are that are one (Sørensen–Dice coefficient of their letter pairs).
const ALIKE: f64 = 0.6;
/// Shorter than this is no question, whatever its end.
const SHORTEST: usize = 2;

/// What makes a line a question without its sign.
const ASKS: [&str; 12] =
    ["얼마", "언제", "어디", "어떻게", "어떤", "며칠", "무슨", "왜", "누구", "몇", "어때", "가격"];
/// How questions end.
const ENDS: [&str; 19] = [
    "나요",
    "까요",
    "가요",
    "인가",
    "은가",
    "는지",
    "되나",
    "돼나",
    "될까",
    "있나",
    "없나",
    "맞나",
    "니까",
    "을까",
    "할까",
    "죠",
    "냐",
    "는지요",
    "되요",
];
/// What a question is asked with, not what it is about.
const CHAFF: [&str; 16] = [
    "사장님",
    "혹시",
    "이거",
    "저거",
    "그거",
    "이건",
    "그건",
    "저기요",
    "정말",
    "진짜",
    "안녕하세요",
    "궁금해요",
    "질문",
    "예요",
    "에요",
    "이에요",
];

/// A question, and how often it was asked.
#[derive(Clone, Debug, Serialize, sqlx::FromRow, utoipa::ToSchema)]
#[schema(as = ShowQuestion)]
pub struct Question {
    #[schema(value_type = String)]
    pub id: QuestionId,
    /// As it was first asked.
    pub said: String,
    pub asked: i64,
    /// On the media clock.
    pub first_at_ms: i64,
    /// When the seller began to answer it, on the media clock.
    pub answered_at_ms: Option<i64>,
    pub dismissed_at_ms: Option<i64>,
    /// The line that asked it was taken out of the room.
    #[serde(skip)]
    pub hidden: bool,
}

impl Question {
    /// What the studio hears.
    pub fn frame(&self) -> Value {
        let open = !self.hidden && self.answered_at_ms.is_none() && self.dismissed_at_ms.is_none();
        json!({ "type": "question", "id": self.id, "said": self.said, "asked": self.asked, "open": open,
                "answered_at_ms": self.answered_at_ms })
    }
}

/// Where a question goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = QuestionStanding)]
pub enum Standing {
    /// Back among those that wait.
    Open,
    Answered,
    Dismissed,
}

/// Whether a line asks something.
pub fn is_question(line: &str) -> bool {
    let line = line.trim();
    if line.chars().count() < SHORTEST || line.chars().all(|letter| !letter.is_alphanumeric()) {
        return false;
    }
    if line.ends_with(['?', '？']) || line.contains("? ") {
        return line.chars().any(char::is_alphabetic);
    }
    let end =
        line.trim_end_matches(|letter: char| !letter.is_alphanumeric() || matches!(letter, 'ㄱ'..='ㅣ'));
    let word = end.rsplit(' ').next().unwrap_or_default();
    let ends = ENDS.iter().any(|with| word.ends_with(with) && word.chars().count() > with.chars().count());
    let asks = line.split_whitespace().any(|word| ASKS.iter().any(|asks| word.starts_with(asks)));
    ends || (asks && ["요", "지", "데", "가", "까", "니"].iter().any(|with| end.ends_with(with)))
}

/// What a question comes down to: its letters without signs, endings and what it is asked with.
pub fn gist(line: &str) -> String {
    let mut gist = String::new();
    for word in line.split_whitespace() {
        let mut word: String = word.chars().filter(|letter| letter.is_alphanumeric()).collect();
        for chaff in CHAFF {
            word = word.replace(chaff, "");
        }
        for end in ENDS.iter().chain(&["요", "은", "는", "을", "를", "이", "가", "도"]) {
            if let Some(stem) = word.strip_suffix(end).filter(|stem| !stem.is_empty()) {
                word = stem.to_owned();
                break;
            }
        }
        gist.push_str(&word.to_lowercase());
    }
    gist
}

/// How alike two gists are, 0 to 1.
pub fn alike(one: &str, other: &str) -> f64 {
    if one == other {
        return if one.is_empty() { 0.0 } else { 1.0 };
    }
    // Number two is not number one, and what grew here is not what was brought in: figures and the beginning must agree.
    let figures = |gist: &str| gist.chars().filter(char::is_ascii_digit).collect::<String>();
    if figures(one) != figures(other) || one.chars().next() != other.chars().next() {
        return 0.0;
    }
    let pairs = |gist: &str| {
        let letters: Vec<char> = gist.chars().collect();
        let mut pairs: Vec<(char, char)> = letters.windows(2).map(|pair| (pair[0], pair[1])).collect();
        pairs.sort_unstable();
        pairs
    };
    let (one, mut other) = (pairs(one), pairs(other));
    let total = one.len() + other.len();
    let shared = one
        .iter()
        .filter(|pair| other.iter().position(|had| had == *pair).map(|at| other.swap_remove(at)).is_some())
        .count();
    if total == 0 { 0.0 } else { 2.0 * shared as f64 / total as f64 }
}

/// A line that was just written.
pub(crate) struct Heard<'a> {
    pub broadcast: BroadcastId,
    pub line: &'a str,
    pub said: &'a str,
    pub at_ms: i64,
}

/// Gathers the questions among lines that were just written.
pub(crate) async fn gather(tx: &mut Tx, lines: &[Heard<'_>], now_ms: i64) -> base::Result<()> {
    let asked: Vec<_> = lines.iter().filter(|heard| is_question(heard.said)).collect();
    let mut rooms: Vec<&BroadcastId> = asked.iter().map(|heard| &heard.broadcast).collect();
    rooms.sort();
    rooms.dedup();
    for room in rooms {
        // One at a time, so that two processes do not make two of the same.
        sql!(run &mut *tx, "update broadcasts set slow_s = slow_s where id = $1", room)?;
        let mut open: Vec<(QuestionId, String, i64)> = sql!(all &mut *tx,
            "select id, gist, asked from questions
             where broadcast_id = $1 and not hidden and answered_at_ms is null and dismissed_at_ms is null
             order by first_at_ms desc, id desc limit $2", room, OPEN)?;
        let mut touched = Vec::new();
        for heard in asked.iter().filter(|heard| heard.broadcast == *room) {
            let gist = gist(heard.said);
            match open.iter_mut().find(|(_, known, _)| alike(known, &gist) >= ALIKE) {
                Some((id, _, count)) => {
                    *count += 1;
                    touched.push(id.clone());
                }
                None => {
                    let id = QuestionId::new(now_ms);
                    sql!(run &mut *tx,
                        "insert into questions (id, broadcast_id, said, gist, asked, first_at_ms, line_id)
                         values ($1, $2, $3, $4, 1, $5, $6)", &id, room, heard.said, &gist, heard.at_ms, heard.line)?;
                    open.push((id.clone(), gist, 1));
                    touched.push(id);
                }
            }
        }
        touched.sort();
        touched.dedup();
        for (id, _, count) in open.iter().filter(|(id, ..)| touched.contains(id)) {
            sql!(run &mut *tx, "update questions set asked = $2 where id = $1", id, *count)?;
            if let Some(question) = by_id(&mut *tx, room, id).await? {
                events::put(&mut *tx, &crate::room::topic(room), &question.frame()).await?;
            }
        }
    }
    Ok(())
}

async fn by_id<'a>(
    on: impl base::db::Run<'a>,
    broadcast: &BroadcastId,
    id: &QuestionId,
) -> base::Result<Option<Question>> {
    sql!(opt on,
        "select id, said, asked, first_at_ms, answered_at_ms, dismissed_at_ms, hidden from questions
         where id = $1 and broadcast_id = $2", id, broadcast)
}

/// Takes a question out of sight with the line that asked it first, or brings it back.
pub(crate) async fn hide(tx: &mut Tx, broadcast: &BroadcastId, line: &str, hidden: bool) -> base::Result<()> {
    let question: Option<QuestionId> = sql!(maybe &mut *tx,
        "update questions set hidden = $3 where line_id = $1 and broadcast_id = $2 returning id",
        line, broadcast, hidden)?;
    if let Some(id) = question
        && let Some(question) = by_id(&mut *tx, broadcast, &id).await?
    {
        events::put(&mut *tx, &crate::room::topic(broadcast), &question.frame()).await?;
    }
    Ok(())
}

/// Marks a question; `Answered` is stamped with the media clock, `Open` takes either mark back.
pub async fn mark(
    live: &Live,
    broadcast: &Broadcast,
    id: &QuestionId,
    standing: Standing,
) -> Result<Question> {
    // A mark is a chapter: it stands at a moment of the show.
    broadcast.must_go_on()?;
    let at_ms = live.media_now_ms(&broadcast.id);
    let mut tx = live.base.db.begin().await?;
    match standing {
        Standing::Open => sql!(run &mut tx,
            "update questions set answered_at_ms = null, dismissed_at_ms = null
             where id = $1 and broadcast_id = $2", id, &broadcast.id)?,
        Standing::Answered => sql!(run &mut tx,
            "update questions set answered_at_ms = coalesce(answered_at_ms, $3), dismissed_at_ms = null
             where id = $1 and broadcast_id = $2", id, &broadcast.id, at_ms)?,
        Standing::Dismissed => sql!(run &mut tx,
            "update questions set dismissed_at_ms = coalesce(dismissed_at_ms, $3), answered_at_ms = null
             where id = $1 and broadcast_id = $2", id, &broadcast.id, at_ms)?,
    };
    let question = by_id(&mut tx, &broadcast.id, id).await?.ok_or(Error::NoQuestion)?;
    events::put(&mut tx, &broadcast.topic(), &question.frame()).await?;
    tx.commit().await?;
    Ok(question)
}

/// What waits for an answer, the most asked first.
pub async fn open(db: &Db, broadcast: &BroadcastId) -> Result<Vec<Question>> {
    Ok(sql!(all db,
        "select id, said, asked, first_at_ms, answered_at_ms, dismissed_at_ms, hidden from questions
         where broadcast_id = $1 and not hidden and answered_at_ms is null and dismissed_at_ms is null
         order by asked desc, first_at_ms, id limit $2", broadcast, OPEN)?)
}

/// What was answered, in the order of the answers: for the replay.
pub async fn answered(db: &Db, broadcast: &BroadcastId, limit: i64) -> Result<Vec<Question>> {
    Ok(sql!(all db,
        "select id, said, asked, first_at_ms, answered_at_ms, dismissed_at_ms, hidden from questions
         where broadcast_id = $1 and not hidden and answered_at_ms is not null order by answered_at_ms, id limit $2",
        broadcast, limit)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_customers_ask_is_found() {
        for line in [
            "이거 얼마예요?",
            "얼마에요",
            "택배 되나요",
            "내일 받을 수 있을까요",
            "원산지가 어디예요",
            "몇 마리 들어 있어요",
            "언제 도착해요",
            "손질해서 보내 주시나요??",
            "배송비 있나요 ㅎㅎ",
            "국산 맞나요",
            "유통기한이 어떻게 되나요",
            "아이스박스에 오나요?",
            "주차되나요",
            "이거 매운가요",
            "두 손이면 몇 마리예요",
            "현금 되나요~",
            "무료 배송인가요",
            "가격이 어떻게 돼요",
            "김치 안 매울까요",
            "선물 포장 가능한가요",
            "얼려서 오나요",
            "어떤 게 더 맛있어요",
            "왜 이렇게 싸요?",
            "다시 들어오나요",
            "카드 되죠",
            "맛있나요!",
            "며칠 걸려요",
            "무슨 생선이에요",
            "오늘 출발하나요",
            "비린내 안 나요?",
        ] {
            assert!(is_question(line), "{line}");
        }
    }

    #[test]
    fn what_they_only_say_is_none() {
        for line in [
            "맛있어 보여요",
            "두 손 주세요",
            "안녕하세요",
            "ㅋㅋㅋㅋ",
            "???",
            "최고예요",
            "방금 샀어요",
            "사장님 파이팅",
            "고등어 사랑해요",
            "저도 하나요",
            "와 크다",
            "감사합니다",
            "잘 먹을게요",
            "어제 받았어요",
            "싱싱하네요",
            "굿굿",
            "언니 예뻐요",
            "품절이네 ㅠㅠ",
            "배송 빨라요",
            "또 왔어요",
            "지난번에 맛있었어요",
            "하나 더 살게요",
            "?",
            "1번이요",
            "김치 두 포기요",
            "네",
            "오 신기해요",
            "엄마가 좋아해요",
            "다음에 또 올게요",
            "구이용으로 살래요",
        ] {
            // "저도 하나요" ("one for me, too") is written as a question is.
            assert_eq!(is_question(line), line == "저도 하나요", "{line}");
        }
    }

    #[test]
    fn the_same_question_is_one() {
        for (one, other) in [
            ("이거 얼마예요?", "얼마에요"),
            ("택배 되나요", "혹시 택배도 되나요?"),
            ("원산지가 어디예요", "사장님 원산지 어디에요??"),
            ("배송비 있나요", "배송비는 있나요"),
            ("유통기한이 어떻게 되나요", "유통기한 어떻게 돼요"),
        ] {
            assert!(
                alike(&gist(one), &gist(other)) >= ALIKE,
                "{one} / {other}: {}",
                alike(&gist(one), &gist(other))
            );
        }
        for (one, other) in [
            ("택배 되나요", "카드 되나요"),
            ("고등어 얼마예요", "갈치 얼마예요"),
            ("언제 도착해요", "언제 또 방송해요"),
            ("몇 마리예요", "며칠 걸려요"),
            ("1번 얼마예요", "2번 얼마예요"),
            ("10kg 얼마예요", "20kg 얼마예요"),
            ("3만원짜리 있나요", "5만원짜리 있나요"),
            ("국산 고춧가루 있나요", "중국산 고춧가루 있나요"),
            ("오늘 배송 되나요", "내일 배송 되나요"),
            ("진짜?", "이거?"),
        ] {
            assert!(
                alike(&gist(one), &gist(other)) < ALIKE,
                "{one} / {other}: {}",
                alike(&gist(one), &gist(other))
            );
        }
    }
}
