//! The room over a real WebSocket on real TCP.

use std::net::SocketAddr;
use std::time::Duration;

use axum::http::StatusCode;
use futures::{SinkExt, StreamExt};
use live::broadcast;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::market::{Market, running_market, until};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn listen(address: SocketAddr, path: &str) -> Socket {
    connect_async(format!("ws://{address}{path}")).await.unwrap().0
}

/// The next frame of a type; others are passed over.
async fn next(socket: &mut Socket, wanted: &str) -> Value {
    let heard = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            match socket.next().await.unwrap().unwrap() {
                Message::Text(text) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    if frame["type"] == wanted {
                        return frame;
                    }
                }
                Message::Ping(data) => socket.send(Message::Pong(data)).await.unwrap(),
                _ => {}
            }
        }
    });
    heard.await.unwrap_or_else(|_| panic!("no {wanted} frame"))
}

async fn say(market: &Market, id: &live::BroadcastId, text: &str) {
    let said = market.form(&market.shopper, &format!("/live/{id}/chat"), &[("text", text)]).await;
    assert_eq!(said.status, StatusCode::OK, "{}", said.text());
}

#[tokio::test]
async fn a_crowd_waits_in_line_and_keeps_its_place() {
    let market = crate::market::running_market().await;
    let show = market.on_air().await;
    let page = format!("/live/{}", show.id);
    assert_eq!(market.get(&page).await.status, StatusCode::OK);
    market.live.door().shut(true);
    let first = market.get(&page).await;
    assert_eq!(first.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((first.header("retry-after"), first.header("cache-control")), ("5", "no-store"));
    let place = first.header("set-cookie").split(';').next().unwrap().to_owned();
    let second = market.get(&page).await;
    assert!(second.text().contains("앞에 1명"), "{}", second.text());
    let ask = |cookie: &str| {
        axum::http::Request::get(&page).header("cookie", cookie).body(axum::body::Body::empty()).unwrap()
    };
    let again = market.ask(ask(&place)).await;
    assert!(again.header("set-cookie").is_empty() && again.text().contains("앞에 0명"), "{}", again.text());
    // What is announced or over is read by everybody.
    assert_eq!(market.get("/live").await.status, StatusCode::OK);
    market.live.door().shut(false);
    market.live.door().second(tokio::time::Instant::now());
    assert_eq!(market.ask(ask(&place)).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_hears_the_state_and_then_what_changes() {
    let market = running_market().await;
    let address = market.serve().await;
    let show = market.on_air().await;
    say(&market, &show.id, "먼저 한 말").await;
    let pin = format!("/live/{}/pin", show.id);
    market.form(&market.seller, &pin, &[("product", market.mackerel.as_str())]).await;

    let path = format!("/live/{}/socket", show.id);
    let mut viewer = listen(address, &path).await;
    let hello = next(&mut viewer, "hello").await;
    assert_eq!(hello["stage"], "live");
    assert_eq!(hello["chat"][0]["text"], "먼저 한 말");
    assert_eq!(hello["pinned"]["product"]["id"], json!(market.mackerel));
    assert!(hello["pinned"]["at_ms"].as_i64().unwrap() > 0);

    let mut studio = listen(address, &format!("{path}?quiet")).await;
    next(&mut studio, "hello").await;
    say(&market, &show.id, "두 손 주세요").await;
    for socket in [&mut viewer, &mut studio] {
        let line = next(socket, "chat").await;
        assert_eq!(
            (&line["text"], &line["name"], &line["from"]),
            (&json!("두 손 주세요"), &json!("영희"), &json!("shopper"))
        );
    }
    market.form(&market.seller, &pin, &[("product", market.hairtail.as_str())]).await;
    assert_eq!(next(&mut viewer, "pin").await["product"]["name"], "은갈치");
    market.form(&market.shopper, &format!("/live/{}/reactions", show.id), &[("kind", "heart")]).await;
    assert_eq!(next(&mut viewer, "reactions").await["counts"], json!({ "heart": 1 }));

    let mut second = listen(address, &path).await;
    next(&mut second, "hello").await;
    loop {
        // The studio is not counted.
        let count = next(&mut viewer, "viewers").await["count"].as_i64().unwrap();
        assert!(count <= 2);
        if count == 2 {
            break;
        }
    }
    drop(second);
    assert_eq!(next(&mut viewer, "viewers").await["count"], 1);

    market.form(&market.seller, &format!("/live/{}/ending", show.id), &[]).await;
    for socket in [&mut viewer, &mut studio] {
        assert_eq!(next(socket, "stage").await["stage"], "ended");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_with_several_tabs_is_one_viewer() {
    let market = running_market().await;
    let address = market.serve().await;
    let show = market.on_air().await;
    let path = format!("/live/{}/socket", show.id);
    let tab = format!("{path}?browser=0123456789abcdef");
    let mut one = listen(address, &tab).await;
    let mut two = listen(address, &tab).await;
    let mut other = listen(address, &format!("{path}?browser=fedcba9876543210")).await;
    // Somebody who gives no name, or none that can be one, is somebody all the same.
    let mut stranger = listen(address, &format!("{path}?browser=x")).await;
    for socket in [&mut one, &mut two, &mut other, &mut stranger] {
        next(socket, "hello").await;
    }
    until("three are counted", async || market.live.viewers(&show.id) == 3).await;
    drop(one);
    drop(stranger);
    until("the second tab still counts", async || market.live.viewers(&show.id) == 2).await;
    drop(two);
    until("both tabs are closed", async || market.live.viewers(&show.id) == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_room_is_refused_in_words() {
    let market = running_market().await;
    let address = market.serve().await;
    let refused =
        connect_async(format!("ws://{address}/live/00000000-0000-7000-8000-000000000000/socket")).await;
    let Err(tokio_tungstenite::tungstenite::Error::Http(answer)) = refused else { panic!("{refused:?}") };
    assert_eq!(answer.status(), 404);
    let show = market.show().await;
    let plain = market.get(&format!("/live/{}/socket", show.id)).await;
    assert_eq!(plain.status, StatusCode::UPGRADE_REQUIRED);
    assert_eq!(plain.json()["type"], "/problems/socket");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crawler_is_no_viewer() {
    let market = running_market().await;
    let address = market.serve().await;
    let show = market.on_air().await;
    let mut request = format!("ws://{address}/live/{}/socket", show.id).into_client_request().unwrap();
    request.headers_mut().insert("user-agent", "ExampleBot/2.0".parse().unwrap());
    let (mut crawler, _) = connect_async(request).await.unwrap();
    next(&mut crawler, "hello").await;
    let mut viewer = listen(address, &format!("/live/{}/socket", show.id)).await;
    next(&mut viewer, "hello").await;
    assert_eq!(next(&mut viewer, "viewers").await["count"], 1);
}

/// A browser on a phone in a tunnel: connected, and reading nothing.
async fn stuck(address: SocketAddr, path: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
    stream
}

/// More than the kernel and the room keep for one listener together.
async fn flood(market: &Market, show: &live::Broadcast, frames: usize) {
    let frame = json!({ "type": "flood", "text": "x".repeat(60_000) }).to_string();
    for _ in 0..frames {
        market.live.base.bus.publish(&show.topic(), frame.clone().into()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_listener_is_told_to_catch_up_and_nobody_else_waits() {
    let market = running_market().await;
    let address = market.serve().await;
    let show = market.on_air().await;
    let path = format!("/live/{}/socket", show.id);
    let mut slow = stuck(address, &path).await;
    let mut quick = listen(address, &path).await;
    next(&mut quick, "hello").await;
    let reading = tokio::spawn(async move {
        next(&mut quick, "stage").await;
    });
    flood(&market, &show, 200).await;
    broadcast::wait(&market.live.base.db, &show.id, market.clock.now_ms()).await.unwrap();
    reading.await.unwrap();

    // Out of the tunnel: what was missed is not sent again, but said to be missing.
    let mut heard = Vec::new();
    let caught_up = tokio::time::timeout(Duration::from_secs(9), async {
        let mut some = vec![0_u8; 65_536];
        loop {
            let read = slow.read(&mut some).await.unwrap();
            assert!(read > 0, "closed instead");
            heard.extend_from_slice(&some[..read]);
            let tail = &heard[heard.len().saturating_sub(70_000)..];
            if tail.windows(17).any(|bytes| bytes == br#"{"type":"resync"}"#) {
                return;
            }
        }
    });
    assert!(caught_up.await.is_ok(), "no resync");
    assert!(heard.len() < 200 * 60_000, "some of it was dropped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_who_stays_behind_is_sent_away() {
    let market = running_market().await;
    let address = market.serve().await;
    let show = market.on_air().await;
    let mut slow = stuck(address, &format!("/live/{}/socket", show.id)).await;
    flood(&market, &show, 200).await;
    let gone = tokio::time::timeout(Duration::from_secs(25), async {
        // Talk goes on; after ten seconds of silence the room lets go.
        while market.live.viewers(&show.id) > 0 {
            flood(&market, &show, 1).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    assert!(gone.await.is_ok(), "still there");
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(5), slow.read_to_end(&mut rest)).await;
    assert!(closed.is_ok(), "the connection is still open");
    assert!(rest.ends_with(b"\x88\x02\x03\xf5"), "1013 is the last that is said");
}
