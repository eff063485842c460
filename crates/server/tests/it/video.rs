//! The video's door as it is listened at: parts at the socket, everything else by hyper, on one connection.

use std::sync::Arc;
use std::time::Duration;

use media::Clip;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::App;
use crate::sale::open_stall;

/// A film of a few seconds.
const FILM: &[u8] = include_bytes!("../../../../demo/clip/market.mp4");
/// Anything slower is stuck.
const PATIENCE: Duration = Duration::from_secs(20);

/// An app with a show on air, and the show's address.
async fn on_air() -> (App, String) {
    let app = App::start().await;
    let seller = app.shopper("한파도").await;
    let (store, product) = open_stall(&seller, 5).await;
    let wanted = json!({ "title": "이른 아침", "products": [product["id"]] });
    let show = seller.post(&format!("/api/v1/stores/{store}/broadcasts"), &wanted).await;
    let show: Value = show.json().await.unwrap();
    let id = show["id"].as_str().unwrap().to_owned();
    let film = Arc::new(Clip::read(FILM.into()).unwrap());
    live::stream::publish_film(&app.app.live, &id.parse().unwrap(), film).await.unwrap();
    (app, format!("/media/{id}"))
}

/// One answer: its head, and its body of the length the head tells.
async fn answer(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let read = async {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body).await.unwrap();
        (head, body)
    };
    tokio::time::timeout(PATIENCE, read).await.unwrap()
}

#[tokio::test]
async fn parts_come_one_after_the_other_and_pages_on_the_same_connection() {
    let (app, media) = on_air().await;
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let ask = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{more}\r\n");
    // Two at once, as a player that lags behind may ask; the first is held until it exists.
    let two =
        ask(&format!("{media}/n0.m4s"), "") + &ask(&format!("{media}/n1.m4s"), "connection: keep-alive\r\n");
    stream.write_all(two.as_bytes()).await.unwrap();
    let (head, first) = answer(&mut stream).await;
    assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
    for line in [
        "content-type: video/mp4",
        "cache-control: public, max-age=31536000, immutable",
        "x-init: 0",
        "date: ",
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
    let (_, second) = answer(&mut stream).await;
    assert!(first != second && first[4..8] == *b"moof" && second[4..8] == *b"moof");
    // The same bytes as through every other door.
    let through_hyper = app.stranger().get(&format!("{media}/n1.m4s?anew")).await.bytes().await.unwrap();
    assert_eq!(through_hyper, second);
    stream.write_all(ask(&format!("{media}/n1.m4s"), "range: bytes=0-99\r\n").as_bytes()).await.unwrap();
    let (head, body) = answer(&mut stream).await;
    assert!(head.starts_with("http/1.1 206 ") && body == second[..100], "{head}");
    stream.write_all(ask("/health/live", "").as_bytes()).await.unwrap();
    assert_eq!(answer(&mut stream).await.1, b"ok");
    stream.write_all(ask(&format!("{media}/n0.m4s"), "connection: close\r\n").as_bytes()).await.unwrap();
    assert_eq!(answer(&mut stream).await.1, first);
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0, "closed as asked");
}

#[tokio::test]
async fn what_is_no_part_is_refused_as_ever() {
    let (app, media) = on_air().await;
    for (path, status) in
        [(format!("{media}/n99999.m4s"), "http/1.1 4"), ("/media/nobody/n0.m4s".to_owned(), "http/1.1 404 ")]
    {
        let mut stream = TcpStream::connect(app.address()).await.unwrap();
        let said = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\naccept-language: en\r\n\r\n");
        stream.write_all(said.as_bytes()).await.unwrap();
        let (head, body) = answer(&mut stream).await;
        assert!(head.starts_with(status) && head.contains("application/problem+json"), "{head}");
        assert!(serde_json::from_slice::<Value>(&body).unwrap()["detail"].is_string());
    }
}

#[tokio::test]
async fn half_a_request_waits_for_its_other_half() {
    let (app, media) = on_air().await;
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let said = format!("GET {media}/n0.m4s HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let (one, other) = said.split_at(20);
    stream.write_all(one.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    tokio::task::yield_now().await;
    stream.write_all(other.as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.0.starts_with("http/1.1 200 "));
}
