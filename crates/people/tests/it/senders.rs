//! Real letters to real servers of the test's own: one speaks SMTP, one takes JSON.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base::Secret;
use people::sender::{Sender, Settings};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::app::App;

pub(crate) type Box_ = Arc<Mutex<Vec<String>>>;

pub(crate) async fn mail_server() -> (String, Box_) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let got = Box_::default();
    let kept = got.clone();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (read, mut write) = socket.into_split();
            let mut lines = BufReader::new(read).lines();
            write.write_all(b"220 test\r\n").await.unwrap();
            let mut letter = None::<String>;
            while let Ok(Some(line)) = lines.next_line().await {
                let answer = match (&mut letter, line.as_str()) {
                    (Some(text), ".") => {
                        kept.lock().unwrap().push(std::mem::take(text));
                        letter = None;
                        "250 kept"
                    }
                    (Some(text), line) => {
                        text.push_str(line);
                        text.push('\n');
                        continue;
                    }
                    (None, "DATA") => {
                        letter = Some(String::new());
                        "354 go on"
                    }
                    (None, "QUIT") => "221 bye",
                    (None, _) => "250 ok",
                };
                write.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
            }
        }
    });
    (format!("smtp://{address}"), got)
}

pub(crate) async fn text_provider() -> (String, Box_) {
    let got = Box_::default();
    let app = Router::new()
        .route(
            "/send",
            post(|State(got): State<Box_>, headers: HeaderMap, body: String| async move {
                let mut got = got.lock().unwrap();
                got.push(format!("{} {body}", headers["authorization"].to_str().unwrap()));
                // The first try fails, as providers do.
                if got.len() == 1 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
            }),
        )
        .with_state(got.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (format!("http://{address}/send"), got)
}

#[tokio::test]
async fn a_code_goes_out_by_mail() {
    let (url, got) = mail_server().await;
    let settings = Settings {
        smtp_url: Some(Secret::new(url)),
        mail_from: Some("시장 <market@market.example>".into()),
        ..Settings::default()
    };
    let sender = Sender::of(settings).unwrap();
    for app in App::each_with(sender).await {
        got.lock().unwrap().clear();
        let mut browser = app.browser();
        assert_eq!(browser.ask("new@market.example").await.status, 303);
        app.work().await;
        let letter = got.lock().unwrap().first().cloned().unwrap();
        assert!(letter.contains("To: new@market.example"), "{letter}");
        assert_eq!((app.count("jobs").await, app.count("outbox").await), (0, 0));
        let refused = browser.ask("010-0000-0001").await;
        assert_eq!(refused.status, 422, "no way to a phone is set up");
        assert!(refused.text.contains("이메일로"));
    }
}

#[tokio::test]
async fn a_code_goes_out_as_a_text_message_and_a_failure_is_tried_again() {
    let (url, got) = text_provider().await;
    let settings = Settings {
        sms_url: Some(url),
        sms_header: Some(Secret::new("Authorization: Bearer key")),
        sms_body: Some(r#"{"messages":[{"to":"{to}","text":"{text}","from":"0200000000"}]}"#.into()),
        ..Settings::default()
    };
    let sender = Sender::of(settings).unwrap();
    for app in App::each_with(sender).await {
        got.lock().unwrap().clear();
        let mut browser = app.browser();
        browser.ask("010-0000-0001").await;
        app.work().await;
        assert_eq!(app.count("jobs").await, 1, "refused, and kept for later");
        app.later(Duration::from_secs(5));
        app.work().await;
        assert_eq!(app.count("jobs").await, 0);
        let sent = got.lock().unwrap().last().cloned().unwrap();
        assert!(
            sent.starts_with(r#"Bearer key {"messages":[{"from":"0200000000","text":"[시험 시장]"#),
            "{sent}"
        );
        assert!(sent.ends_with(r#""to":"01000000001"}]}"#), "{sent}");
    }
}

#[tokio::test]
async fn a_code_that_comes_too_late_is_dropped() {
    for app in App::each().await {
        app.browser().ask("010-0000-0001").await;
        app.later(Duration::from_secs(300));
        app.work().await;
        assert_eq!((app.count("jobs").await, app.count("outbox").await), (0, 0));
    }
}
