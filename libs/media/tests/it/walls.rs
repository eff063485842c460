//! Networks that let no UDP out: everything by one TCP connection.

use std::net::SocketAddr;
use std::time::Duration;

use media::{Config, State};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::bench::{Bench, complaints, quick, until};
use crate::publisher::{Phone, Scene};

/// A bench that listens by TCP as well, as the market does on its one port.
async fn bench() -> (Bench, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let bench = Bench::start(Config { tcp_port: Some(at.port()), ..quick() }).await;
    let origin = bench.origin.clone();
    tokio::spawn(async move {
        while let Ok((stream, from)) = listener.accept().await {
            let origin = origin.clone();
            tokio::spawn(async move { origin.take_tcp(stream, from).await });
        }
    });
    (bench, at)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_goes_live_where_udp_is_blocked() {
    let (bench, at) = bench().await;
    let stream = bench.origin.open("show").await.unwrap();
    let phone = Phone::behind_a_wall(at).await;
    let answer = stream.publish(&phone.offer).await.unwrap();
    let priority = |way: &str| {
        let line = answer.sdp.lines().find(|line| line.starts_with("a=candidate:") && line.contains(way));
        line.unwrap().split(' ').nth(3).unwrap().parse::<u32>().unwrap()
    };
    assert!(answer.sdp.contains(&format!("127.0.0.1 {} typ host tcptype passive", at.port())));
    assert!(priority(" tcp ") < priority(" udp "), "{}", answer.sdp);
    let scene = Scene::new("320x180");
    let sending = phone.send(&answer.sdp, scene.clone());
    until(&stream, |state| state == State::Live).await;
    bench.playlist_at("show", 3).await;
    let stats = stream.stats();
    assert!(stats.fps >= 10 && stats.kbps > 50, "{stats:?}");
    stream.end().await.unwrap();
    let recorded = bench.folder.path().join("show/vod.m3u8");
    assert_eq!(complaints(&recorded.to_string_lossy()), "");
    scene.order(|orders| orders.gone = true);
    sending.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_is_answered_with_the_way_by_tcp_too() {
    let (bench, at) = bench().await;
    let stream = bench.origin.open("show").await.unwrap();
    let phone = Phone::new().await;
    let answer = stream.publish(&phone.offer).await.unwrap();
    let _sending = phone.send(&answer.sdp, Scene::new("320x180"));
    until(&stream, |state| state == State::Live).await;
    let viewer = phone_offer_to_receive(&Phone::new().await.offer);
    let answer = stream.view(&viewer).await.unwrap();
    assert!(answer.sdp.contains(&format!("127.0.0.1 {} typ host tcptype passive", at.port())));
}

fn phone_offer_to_receive(offer: &str) -> String {
    offer.replace("a=sendonly", "a=recvonly")
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_get_nowhere_by_tcp() {
    let (bench, at) = bench().await;
    let stream = bench.origin.open("show").await.unwrap();
    let phone = Phone::new().await;
    let answer = stream.publish(&phone.offer).await.unwrap();
    let fragment = answer.sdp.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).unwrap();

    for words in
        [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 100], &[0, 5, 1, 2, 3, 4, 5], &framed(&check("no:body"))]
    {
        assert!(is_let_go(at, words).await, "{words:?}");
    }
    // Who names the session, but sends nonsense after it, is heard no more than over UDP…
    let mut talker = TcpStream::connect(at).await.unwrap();
    talker.write_all(&framed(&check(&format!("{fragment}:x")))).await.unwrap();
    for size in [1_u16, 100, 2048] {
        talker.write_all(&framed(&vec![0x80; size.into()])).await.unwrap();
    }
    // …and let go at a packet that is none.
    talker.write_all(&60_000_u16.to_be_bytes()).await.unwrap();
    assert!(is_closed(&mut talker).await);

    // Only so many connections at once belong to one session, and they end with it.
    let mut crowd = Vec::new();
    for _ in 0..6 {
        let mut one = TcpStream::connect(at).await.unwrap();
        one.write_all(&framed(&check(&format!("{fragment}:x")))).await.unwrap();
        tokio::time::sleep(Duration::from_millis(30)).await;
        crowd.push(one);
    }
    assert!(is_closed(&mut crowd[0]).await && is_closed(&mut crowd[1]).await);
    let mut last = crowd.pop().unwrap();
    assert!(!is_closed(&mut last).await, "the newest stay");
    let sending = phone.send(&answer.sdp, Scene::new("320x180"));
    until(&stream, |state| state == State::Live).await;
    stream.end().await.unwrap();
    assert!(is_closed(&mut last).await, "it ended with its session");
    sending.abort();
}

/// Whether the other side hangs up on these first words.
async fn is_let_go(at: SocketAddr, words: &[u8]) -> bool {
    let mut stranger = TcpStream::connect(at).await.unwrap();
    stranger.write_all(words).await.unwrap();
    is_closed(&mut stranger).await
}

/// Whether the connection ends within a moment; what is sent on it before counts as nothing.
async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 4096];
    let ended = async { while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {} };
    timeout(Duration::from_millis(1500), ended).await.is_ok()
}

fn framed(packet: &[u8]) -> Vec<u8> {
    [&(packet.len() as u16).to_be_bytes()[..], packet].concat()
}

/// A check for connectivity that nobody signed.
fn check(user: &str) -> Vec<u8> {
    let padded = user.len().next_multiple_of(4);
    let mut data = vec![0, 1, 0, padded as u8 + 4, 0x21, 0x12, 0xa4, 0x42];
    data.extend([7; 12]);
    data.extend([0, 6, 0, user.len() as u8]);
    data.extend(user.as_bytes());
    data.resize(24 + padded, 0);
    data
}
