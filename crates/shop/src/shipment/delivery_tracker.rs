//! Delivery Tracker, spoken as documented: GraphQL over HTTPS, `TRACKQL-API-KEY id:secret`. A question that cannot
//! be answered is a 200 with `errors`, whose `extensions.code` says why.

use base::{Secret, clock};
use jiff::Timestamp;
use serde_json::{Value, json};
use tracing::{error, warn};

use super::tracker::{Client, Seen, place, said};
use crate::carrier::Carrier;

/// Where it speaks.
const URL: &str = "https://apis.tracker.delivery";

const TRACK: &str = "query Track($carrierId: ID!, $trackingNumber: String!) {
  track(carrierId: $carrierId, trackingNumber: $trackingNumber) {
    lastEvent { time status { code } location { name } }
  }
}";
const REGISTER: &str =
    "mutation Register($input: RegisterTrackWebhookInput!) { registerTrackWebhook(input: $input) }";

/// The market's account there.
#[derive(Clone, Debug)]
pub struct DeliveryTracker {
    client: Client,
    url: String,
    key: Secret,
}

impl DeliveryTracker {
    pub(super) fn new(client: Client, url: Option<String>, id: &str, secret: Secret) -> DeliveryTracker {
        let url = format!("{}/graphql", url.as_deref().unwrap_or(URL));
        let key = Secret::new(format!("TRACKQL-API-KEY {id}:{}", secret.reveal()));
        DeliveryTracker { client, url, key }
    }

    pub(super) async fn look(&self, carrier: &Carrier, number: &str) -> Seen {
        let variables = json!({ "carrierId": carrier.delivery_tracker, "trackingNumber": number });
        let Some(answer) = self.ask(TRACK, variables).await else { return Seen::Away };
        seen(&answer)
    }

    pub(super) async fn register(
        &self,
        carrier: &Carrier,
        number: &str,
        callback: &str,
        until_ms: i64,
    ) -> bool {
        let input = json!({
            "carrierId": carrier.delivery_tracker, "trackingNumber": number, "callbackUrl": callback,
            "expirationTime": clock::at(until_ms).to_string(),
        });
        let answer = self.ask(REGISTER, json!({ "input": input })).await;
        answer.is_some_and(|answer| answer["data"]["registerTrackWebhook"] == true)
    }

    async fn ask(&self, query: &str, variables: Value) -> Option<Value> {
        let question = self.client.post(&self.url, &json!({ "query": query, "variables": variables }));
        said(question.header("authorization", self.key.reveal())).await
    }
}

fn seen(answer: &Value) -> Seen {
    match answer["errors"][0]["extensions"]["code"].as_str() {
        None => {}
        Some("NOT_FOUND" | "BAD_REQUEST") => return Seen::NotFound,
        Some(code @ ("UNAUTHENTICATED" | "FORBIDDEN")) => {
            error!(code, "The tracking service does not take our key: {code}");
            return Seen::Away;
        }
        Some(code) => {
            warn!(code, "The tracking service is in trouble: {code}");
            return Seen::Away;
        }
    }
    let track = &answer["data"]["track"];
    if track.is_null() {
        return Seen::Away;
    }
    let last = &track["lastEvent"];
    let time: Option<Timestamp> = last["time"].as_str().and_then(|time| time.parse().ok());
    Seen::At {
        level: last["status"]["code"].as_str().map_or(0, level),
        at_ms: time.map(Timestamp::as_millisecond),
        place: place(last["location"]["name"].as_str()),
    }
}

/// Its words as levels; one we do not know says nothing.
fn level(code: &str) -> i64 {
    match code {
        "INFORMATION_RECEIVED" => 1,
        "AT_PICKUP" => 2,
        "IN_TRANSIT" => 3,
        "OUT_FOR_DELIVERY" | "ATTEMPT_FAIL" | "AVAILABLE_FOR_PICKUP" => 5,
        "DELIVERED" => 6,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_by_its_codes_and_never_by_its_text() {
        let event = |code: &str| {
            json!({ "data": { "track": { "lastEvent": {
                "time": "2026-11-24T07:00:00+09:00", "status": { "code": code, "name": "배송완료" },
                "location": { "name": "옥천HUB" } } } } })
        };
        let at = |level| Seen::At { level, at_ms: Some(1_795_471_200_000), place: "옥천HUB".to_owned() };
        for (code, level) in
            [("IN_TRANSIT", 3), ("ATTEMPT_FAIL", 5), ("DELIVERED", 6), ("EXCEPTION", 0), ("NEW", 0)]
        {
            assert_eq!(seen(&event(code)), at(level), "{code}");
        }
        let refused = |code: &str| json!({ "errors": [{ "extensions": { "code": code } }], "data": null });
        assert_eq!(seen(&refused("NOT_FOUND")), Seen::NotFound);
        assert_eq!(seen(&refused("INTERNAL")), Seen::Away);
        assert_eq!(seen(&refused("UNAUTHENTICATED")), Seen::Away);
        let unscanned = json!({ "data": { "track": { "lastEvent": null } } });
        assert_eq!(seen(&unscanned), Seen::At { level: 0, at_ms: None, place: String::new() });
        assert_eq!(seen(&json!([])), Seen::Away);
    }
}
