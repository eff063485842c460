//! A show in the words of schema.org: a broadcast that is announced, a video that is live, a recording to be seen again.

use serde_json::{Value, json};
use shop::store::Store;
use web::{Ui, structured};

use crate::broadcast::pages::poster;
use crate::broadcast::{Broadcast, Stage};

const HOUR_MS: i64 = 3_600_000;

/// Everything a show's page tells search engines, as the text of a script.
pub(crate) fn script(ui: &Ui, show: &Broadcast, store: &Store) -> String {
    let (title, store_path, path) = (show.title_in(ui.language()), store.path(), show.path());
    let way = [(store.name_in(ui.language()), store_path.as_str()), (title, path.as_str())];
    let mut things = vec![structured::crumbs(ui, &way)];
    let seen = show.stage.on_air() || show.public_replay().is_some();
    if show.withdrawn_at_ms.is_none() && !matches!(&show.stage, Stage::Ended { replay: None, .. }) {
        things.push(if seen { video(ui, show, store) } else { event(ui, show, store) });
    }
    structured::script(things)
}

fn organizer(ui: &Ui, store: &Store) -> Value {
    json!({ "@type": "Organization", "name": store.name_in(ui.language()), "url": ui.absolute(&store.path()) })
}

/// The broadcast itself: when it begins, and whether it is live.
fn event(ui: &Ui, show: &Broadcast, store: &Store) -> Value {
    let title = show.title_in(ui.language());
    let mut event = json!({
        "@type": "BroadcastEvent",
        "name": title,
        "description": ui.t2("live-description", "store", store.name_in(ui.language()), "title", title),
        "isLiveBroadcast": !matches!(show.stage, Stage::Ended { .. }),
        "startDate": ui.iso(&since_ms(show)),
        "eventAttendanceMode": "https://schema.org/OnlineEventAttendanceMode",
        "eventStatus": "https://schema.org/EventScheduled",
        "location": { "@type": "VirtualLocation", "url": ui.absolute(&show.path()) },
        "image": [ui.absolute(&poster(ui, show))],
        "organizer": organizer(ui, store),
    });
    event["endDate"] = ui.iso(&until_ms(show, ui.now_ms())).into();
    event
}

/// When it ended, or is expected to: nobody announces that, and an hour is what a show takes.
fn until_ms(show: &Broadcast, now_ms: i64) -> i64 {
    match show.stage {
        Stage::Ended { at_ms, .. } => at_ms,
        Stage::Scheduled { starts_at_ms } => starts_at_ms + HOUR_MS,
        Stage::Live { since_ms } | Stage::Waiting { since_ms } => {
            (since_ms + HOUR_MS).max(now_ms + HOUR_MS / 2)
        }
    }
}

fn since_ms(show: &Broadcast) -> i64 {
    match &show.stage {
        Stage::Live { since_ms } | Stage::Waiting { since_ms } => *since_ms,
        Stage::Ended { replay: Some(replay), .. } => replay.from_ms,
        _ => show.starts_at_ms,
    }
}

fn video(ui: &Ui, show: &Broadcast, store: &Store) -> Value {
    let title = show.title_in(ui.language());
    let mut video = json!({
        "@type": "VideoObject",
        "name": title,
        "description": ui.t2("live-description", "store", store.name_in(ui.language()), "title", title),
        "thumbnailUrl": [ui.absolute(&poster(ui, show))],
        "uploadDate": ui.iso(&since_ms(show)),
        "publisher": organizer(ui, store),
        "publication": event(ui, show, store),
    });
    let playlist = match show.public_replay() {
        Some(replay) => {
            video["duration"] = structured::length(replay.duration_ms).into();
            "vod.m3u8"
        }
        None => "multi.m3u8",
    };
    video["contentUrl"] = ui.absolute(&format!("/media/{}/{playlist}", show.id)).into();
    video
}
