//! Letters that other features put: each goes out once, to servers of the test's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base::Secret;
use people::letter::{self, Letter};
use people::sender::{Sender, Settings};
use people::{Person, PersonId};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::app::{App, NOW_MS};
use crate::senders::{mail_server, text_provider};

fn letter(person: &PersonId) -> Letter {
    Letter {
        id: "notice:1".into(),
        person: person.clone(),
        subject: "방송이 시작됐어요".into(),
        text: "파도네 생선 https://market.example/live/1".into(),
        stop: "https://market.example/notices/abc".into(),
        until_ms: NOW_MS + 600_000,
    }
}

async fn put(app: &App, person: &Person, times: usize) {
    let mut tx = app.base.db.begin().await.unwrap();
    for _ in 0..times {
        letter::put(&mut tx, &letter(&person.id)).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn texts(url: String) -> Sender {
    let header = Some(Secret::new("Authorization: Bearer key"));
    Sender::of(Settings { sms_url: Some(url), sms_header: header, ..Settings::default() }).unwrap()
}

#[tokio::test]
async fn a_letter_goes_out_by_mail_once_and_says_how_to_stop() {
    let (url, got) = mail_server().await;
    let settings = Settings {
        smtp_url: Some(Secret::new(url)),
        mail_from: Some("시장 <market@market.example>".into()),
        ..Settings::default()
    };
    for app in App::each_with(Sender::of(settings).unwrap()).await {
        got.lock().unwrap().clear();
        let person = app.person("영희", "younghee@market.example").await;
        put(&app, &person, 2).await;
        app.work().await;
        put(&app, &person, 1).await;
        app.work().await;
        let letters = got.lock().unwrap().clone();
        assert_eq!(letters.len(), 1, "{letters:?}");
        for line in [
            "To: younghee@market.example",
            "List-Unsubscribe: <https://market.example/notices/abc>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        ] {
            assert!(letters[0].contains(line), "{line} is missing in {}", letters[0]);
        }
        assert_eq!((app.count("jobs").await, app.count("outbox").await), (0, 0));
    }
}

#[tokio::test]
async fn a_letter_that_was_refused_goes_out_later() {
    let (url, got) = text_provider().await;
    for app in App::each_with(texts(url)).await {
        got.lock().unwrap().clear();
        let person = app.person("영희", "010-0000-0001").await;
        put(&app, &person, 1).await;
        app.work().await;
        assert_eq!((app.count("jobs").await, got.lock().unwrap().len()), (1, 1), "refused, and kept");
        for _ in 0..2 {
            app.later(Duration::from_secs(5));
            app.work().await;
            assert_eq!((app.count("jobs").await, got.lock().unwrap().len()), (0, 2));
        }
    }
}

#[tokio::test]
async fn a_letter_that_may_have_arrived_is_not_sent_again() {
    let tries = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let counted = tries.clone();
    tokio::spawn(async move {
        // It takes the letter and hangs up without a word.
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.read(&mut [0; 4096]).await;
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    for app in App::each_with(texts(format!("http://{address}/send"))).await {
        tries.store(0, Ordering::SeqCst);
        let person = app.person("영희", "010-0000-0001").await;
        put(&app, &person, 1).await;
        for _ in 0..3 {
            app.work().await;
            app.later(Duration::from_secs(60));
        }
        assert_eq!((tries.load(Ordering::SeqCst), app.count("jobs").await), (1, 0));
    }
}

#[tokio::test]
async fn a_letter_with_nowhere_to_go_or_too_late_is_dropped() {
    for app in App::each().await {
        let person = app.person("영희", "010-0000-0001").await;
        put(&app, &person, 1).await;
        app.later(Duration::from_secs(600));
        app.work().await;
        let nobody = Person { id: PersonId::new(NOW_MS), ..person };
        put(&app, &nobody, 1).await;
        app.work().await;
        assert_eq!((app.count("jobs").await, app.count("outbox").await), (0, 0));
    }
}
