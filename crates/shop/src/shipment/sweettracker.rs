//! Sweettracker (스마트택배), spoken as documented: one GET with the key in its query. A refusal is a 200 with
//! `status: false`, a code and words; which code is a wrong number we take from 104, all others are no news.

use base::{Secret, clock};
use jiff::civil::DateTime;
use serde_json::Value;
use tracing::warn;

use super::tracker::{Client, Seen, place, said};
use crate::carrier::Carrier;

/// Where it speaks.
const URL: &str = "https://info.sweettracker.co.kr";
/// Its code for a number that the carrier does not know.
const NOT_FOUND: &str = "104";

/// The market's account there.
#[derive(Clone, Debug)]
pub struct Sweettracker {
    client: Client,
    url: String,
    key: Secret,
}

impl Sweettracker {
    pub(super) fn new(client: Client, url: Option<String>, key: Secret) -> Sweettracker {
        Sweettracker { client, url: url.unwrap_or_else(|| URL.to_owned()), key }
    }

    pub(super) async fn look(&self, carrier: &Carrier, number: &str) -> Seen {
        // Code and number are digits; the key is what the operator wrote into the secret file.
        let url = format!(
            "{}/api/v1/trackingInfo?t_key={}&t_code={}&t_invoice={number}",
            self.url,
            self.key.reveal(),
            carrier.sweettracker
        );
        said(self.client.get(&url)).await.map_or(Seen::Away, |answer| seen(&answer))
    }
}

fn seen(answer: &Value) -> Seen {
    if answer["status"] == false {
        let code = answer["code"].as_str().unwrap_or_default();
        warn!(code, "The tracking service says no: {code}");
        return if code == NOT_FOUND { Seen::NotFound } else { Seen::Away };
    }
    let scans = answer["trackingDetails"].as_array().map(Vec::as_slice).unwrap_or_default();
    let level = scans.iter().chain([answer]).filter_map(|scan| scan["level"].as_i64()).max();
    let Some(level) = level.filter(|level| (0..=6).contains(level)) else { return Seen::Away };
    let last = scans.last().unwrap_or(&Value::Null);
    Seen::At {
        level,
        at_ms: last["timeString"].as_str().and_then(moment),
        place: place(last["where"].as_str()),
    }
}

/// `2026-11-24 07:00:00`, as clocks in Seoul show it.
fn moment(text: &str) -> Option<i64> {
    let local: DateTime = text.replacen(' ', "T", 1).parse().ok()?;
    Some(local.to_zoned(clock::seoul()).ok()?.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_furthest_level_counts_wherever_it_stands() {
        let answer = json!({
            "result": "Y", "level": 3, "complete": false, "trackingDetails": [
                { "timeString": "2026-11-24 06:00:00", "where": "부산", "kind": "배송출발", "level": 5 },
                { "timeString": "2026-11-24 07:00:00", "where": "서울", "kind": "간선상차", "level": 3 },
            ],
        });
        let at = Seen::At { level: 5, at_ms: Some(1_795_471_200_000), place: "서울".to_owned() };
        assert_eq!(seen(&answer), at);
    }

    #[test]
    fn a_refusal_is_a_wrong_number_or_no_news() {
        let refused = |code: &str| json!({ "status": false, "code": code, "msg": "…" });
        assert_eq!(seen(&refused("104")), Seen::NotFound);
        for code in ["101", "106", ""] {
            assert_eq!(seen(&refused(code)), Seen::Away, "{code}");
        }
        assert_eq!(seen(&json!({ "level": 9 })), Seen::Away);
        assert_eq!(seen(&json!({})), Seen::Away);
    }
}
