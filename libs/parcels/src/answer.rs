//! The two protocols: what each grants, and how each refuses.

use http::StatusCode;
use jiff::Timestamp;
use jiff::tz::{TimeZone, offset};
use serde_json::{Value, json};

use crate::books::{Fault, Scan};
use crate::{Asked, Desk, KEY};

type Answer = (StatusCode, Value);

/// The pairs of a query.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (plain(name), plain(value)))
        .collect()
}

/// Answers one request; `None`: the answer is lost.
pub(crate) fn answer(desk: &Desk, asked: &Asked) -> Option<Answer> {
    match asked.path.as_str() {
        "/graphql" => graphql(desk, asked),
        "/api/v1/trackingInfo" => rest(desk, asked),
        _ => Some((StatusCode::NOT_FOUND, json!({ "message": "Not Found" }))),
    }
}

fn graphql(desk: &Desk, asked: &Asked) -> Option<Answer> {
    let opens = format!("TRACKQL-API-KEY {KEY}:");
    if !asked.authorization.starts_with(&opens) {
        return Some(refusal("UNAUTHENTICATED", "Unauthenticated"));
    }
    let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    let query = body["query"].as_str().unwrap_or_default();
    let now_ms = (desk.now)();
    if query.contains("registerTrackWebhook") {
        let input = &body["variables"]["input"];
        let text = |name: &str| input[name].as_str().unwrap_or_default();
        let until: Option<Timestamp> = text("expirationTime").parse().ok();
        let (carrier, number, callback) = (text("carrierId"), text("trackingNumber"), text("callbackUrl"));
        let Some(until) = until.filter(|_| !carrier.is_empty() && !number.is_empty()) else {
            return Some(refusal("BAD_REQUEST", "Bad Request"));
        };
        desk.books().register(carrier, number, callback, until.as_millisecond());
        return Some((StatusCode::OK, json!({ "data": { "registerTrackWebhook": true } })));
    }
    let number = body["variables"]["trackingNumber"].as_str().unwrap_or_default();
    match desk.books().look(number, now_ms) {
        Ok(scans) => {
            let last = scans.last().map(event).unwrap_or(Value::Null);
            Some((StatusCode::OK, json!({ "data": { "track": { "lastEvent": last } } })))
        }
        Err(Fault::Lost) => None,
        Err(Fault::TooMany) => {
            Some((StatusCode::TOO_MANY_REQUESTS, json!({ "message": "Too Many Requests" })))
        }
        Err(Fault::Broken) => Some(refusal("INTERNAL", "Internal")),
        Err(_) => Some(refusal("NOT_FOUND", "운송장 미등록")),
    }
}

fn refusal(code: &str, message: &str) -> Answer {
    let error = json!({ "message": message, "path": ["track"], "extensions": { "code": code } });
    (StatusCode::OK, json!({ "errors": [error], "data": { "track": null } }))
}

fn event(scan: &Scan) -> Value {
    let time = Timestamp::from_millisecond(scan.at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    json!({
        "time": time.to_zoned(seoul()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        "status": { "code": scan.level.code(), "name": scan.level.kind() },
        "description": scan.level.kind(),
        "location": { "name": "연습터미널" },
    })
}

fn rest(desk: &Desk, asked: &Asked) -> Option<Answer> {
    let refused =
        |code: &str, msg: &str| Some((StatusCode::OK, json!({ "status": false, "code": code, "msg": msg })));
    if asked.query("t_key") != KEY {
        return refused("101", "유효하지 않은 키(KEY) 입니다.");
    }
    match desk.books().look(asked.query("t_invoice"), (desk.now)()) {
        Ok(scans) => {
            let level = scans.last().map_or(0, |scan| scan.level as i64);
            let body = json!({
                "result": "Y", "invoiceNo": asked.query("t_invoice"), "level": level,
                "complete": level == 6, "trackingDetails": scans.iter().map(detail).collect::<Vec<_>>(),
            });
            Some((StatusCode::OK, body))
        }
        Err(Fault::Lost) => None,
        Err(Fault::TooMany) => refused("106", "일일 조회 건수를 초과하였습니다."),
        Err(Fault::Broken) => Some((StatusCode::INTERNAL_SERVER_ERROR, json!({}))),
        Err(_) => refused("104", "유효하지 않은 운송장번호 이거나 택배사 코드 입니다."),
    }
}

fn detail(scan: &Scan) -> Value {
    let time = Timestamp::from_millisecond(scan.at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    json!({
        "timeString": time.to_zoned(seoul()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        "time": scan.at_ms, "where": "연습터미널", "kind": scan.level.kind(), "level": scan.level as i64,
        "telno": "1588-0000",
    })
}

fn seoul() -> TimeZone {
    TimeZone::fixed(offset(9))
}
