//! A helper's right, and an encoder's key: what they open, and what they do not.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use live::{Broadcast, Stage, broadcast};

use crate::market::{Answer, Market, markets, until};

/// The invitation in the seller's page.
async fn invite(market: &Market, show: &Broadcast) -> String {
    let page = market.page(&market.seller, &format!("{}/helpers", show.studio_path())).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    let text = page.text();
    let after = text.split("helping?invite=").nth(1).unwrap();
    after.chars().take_while(char::is_ascii_hexdigit).collect()
}

/// Takes an invitation; the cookie, when it was good.
async fn join(market: &Market, show: &Broadcast, invite: &str, name: &str) -> Result<String, Answer> {
    let path = format!("/live/{}/helping", show.id);
    let answer = market.plain_form(None, &path, &[("invite", invite), ("name", name)]).await;
    if answer.status != StatusCode::SEE_OTHER {
        return Err(answer);
    }
    assert_eq!(answer.header("location"), format!("/live/{}/desk", show.id));
    let cookie = answer.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    Ok(cookie.split(';').next().unwrap().to_owned())
}

/// A form by whoever holds the cookie.
async fn post(market: &Market, cookie: &str, path: &str, form: &[(&str, &str)]) -> Answer {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    let request = Request::post(path)
        .header("accept", "application/json")
        .header("sec-fetch-site", "same-origin")
        .header("cookie", cookie)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    market.ask(request.body(Body::from(body.finish())).unwrap()).await
}

async fn get(market: &Market, cookie: &str, path: &str) -> Answer {
    let request = Request::get(path).header("accept", "text/html").header("cookie", cookie);
    market.ask(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn an_invitation_is_good_once_and_for_ten_minutes() {
    for market in markets().await {
        let show = market.on_air().await;
        let stranger = market.page(&market.stranger, &format!("{}/helpers", show.studio_path())).await;
        assert_ne!(stranger.status, StatusCode::OK);

        let asked = invite(&market, &show).await;
        let path = format!("/live/{}/helping?invite={asked}", show.id);
        assert!(market.get(&path).await.text().contains("도와주시겠어요"));
        let unnamed = join(&market, &show, &asked, "  ").await.unwrap_err();
        assert_eq!(unnamed.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(unnamed.text().contains("20자까지"), "{}", unnamed.text());
        let (one, other) =
            tokio::join!(join(&market, &show, &asked, "조카"), join(&market, &show, &asked, "손님"));
        assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1, "{}", market.engine);
        let late = one.err().or(other.err()).unwrap();
        assert_eq!(late.status, StatusCode::GONE);
        assert_eq!(market.get(&path).await.status, StatusCode::GONE);

        let asked = invite(&market, &show).await;
        market.clock.advance(std::time::Duration::from_secs(601));
        assert_eq!(join(&market, &show, &asked, "조카").await.unwrap_err().status, StatusCode::GONE);
        // Another show's invitation opens nothing here.
        let asked = invite(&market, &show).await;
        let other = market.show().await;
        assert_eq!(join(&market, &other, &asked, "조카").await.unwrap_err().status, StatusCode::GONE);
    }
}

#[tokio::test]
async fn a_helper_keeps_the_room_and_nothing_else() {
    for market in markets().await {
        let show = market.on_air().await;
        let asked = invite(&market, &show).await;
        let cookie = join(&market, &show, &asked, "조카").await.ok().unwrap();
        let at = |what: &str| format!("/live/{}/{what}", show.id);
        let said = market.form(&market.shopper, &at("chat"), &[("text", "이거 얼마예요?")]).await.json();
        let line = said["id"].as_str().unwrap().to_owned();
        let product = market.mackerel.to_string();

        let desk = get(&market, &cookie, &at("desk")).await;
        assert!(desk.status.is_success() && desk.text().contains("조카"), "{}", desk.text());
        for money in ["/interactions", "/ending", "order-bell", "/words"] {
            assert!(!desk.text().contains(money), "{money} is the seller's");
        }
        assert!(get(&market, &cookie, &at("camera")).await.text().contains("data-key"));
        for (what, form) in [
            ("pin", ("product", product.as_str())),
            ("hiding", ("line", line.as_str())),
            ("showing", ("line", line.as_str())),
            ("muting", ("line", line.as_str())),
            ("slow", ("seconds", "10")),
        ] {
            let done = post(&market, &cookie, &at(what), &[form]).await;
            assert_eq!(done.status, StatusCode::OK, "{} {what}: {}", market.engine, done.text());
        }
        for (what, form) in [
            ("words", ("words", "옆집")),
            ("ending", ("now", "1")),
            ("interactions", ("kind", "announcement")),
            ("helpers/x/removal", ("now", "1")),
        ] {
            let done = post(&market, &cookie, &at(what), &[form]).await;
            assert!(matches!(done.status.as_u16(), 401 | 403 | 404), "{what}: {}", done.status);
        }
        // In another show the right is worth nothing.
        let other = market.show().await;
        let there =
            post(&market, &cookie, &format!("/live/{}/pin", other.id), &[("product", &product)]).await;
        assert_eq!(there.status, StatusCode::UNAUTHORIZED);

        // Taken back, it is gone with the next tap, and so is the camera's key.
        let page = market.page(&market.seller, &format!("{}/helpers", show.studio_path())).await.text();
        let helper = page.split("/helpers/").nth(1).unwrap().split('/').next().unwrap();
        let removed = market.form(&market.seller, &at(&format!("helpers/{helper}/removal")), &[]).await;
        assert_eq!(removed.status, StatusCode::OK);
        let done = post(&market, &cookie, &at("pin"), &[("product", &product)]).await;
        assert_eq!(done.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn the_right_ends_with_the_show() {
    for market in markets().await {
        let show = market.on_air().await;
        let asked = invite(&market, &show).await;
        let cookie = join(&market, &show, &asked, "조카").await.ok().unwrap();
        broadcast::end(&market.live.base.db, &show.id, market.clock.now_ms()).await.unwrap();
        let done = post(&market, &cookie, &format!("/live/{}/slow", show.id), &[("seconds", "10")]).await;
        assert_eq!(done.status, StatusCode::UNAUTHORIZED);
        let again = market.page(&market.seller, &format!("{}/helpers", show.studio_path())).await;
        assert_eq!(again.status, StatusCode::GONE);
    }
}

#[tokio::test]
async fn five_help_and_a_sixth_is_told_so() {
    for market in markets().await {
        let show = market.on_air().await;
        for n in 0..5 {
            let asked = invite(&market, &show).await;
            assert!(join(&market, &show, &asked, &format!("조카{n}")).await.is_ok());
        }
        let asked = invite(&market, &show).await;
        let sixth = join(&market, &show, &asked, "이모").await.unwrap_err();
        assert_eq!(sixth.status, StatusCode::CONFLICT);
        // The invitation was not used up by it.
        assert_eq!(
            market.get(&format!("/live/{}/helping?invite={asked}", show.id)).await.status,
            StatusCode::OK
        );
    }
}

/// The port for encoders of a market.
async fn door(market: &Market) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let door = market.live.encoder_door();
    tokio::spawn(async move {
        while let Ok((socket, from)) = listener.accept().await {
            let door = door.clone();
            tokio::spawn(async move { door.take(socket, from).await });
        }
    });
    at
}

struct Sender(Child);

impl Drop for Sender {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn send(to: SocketAddr, app: &str, key: &str) -> Sender {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=30"]);
    ffmpeg.args([
        "-f",
        "lavfi",
        "-i",
        "sine=440:r=48000",
        "-t",
        "60",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
    ]);
    ffmpeg.args(["-g", "30", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "flv"]);
    ffmpeg.arg(format!("rtmp://{to}/{app}/{key}")).stdin(Stdio::null()).stderr(Stdio::piped());
    Sender(ffmpeg.spawn().unwrap())
}

impl Sender {
    fn refused(mut self) -> String {
        assert!(!self.0.wait().unwrap().success());
        let mut said = String::new();
        std::io::Read::read_to_string(self.0.stderr.as_mut().unwrap(), &mut said).unwrap();
        said
    }
}

/// The key that the page shows once.
async fn stream_key(market: &Market, show: &Broadcast) -> String {
    let path = format!("{}/encoder", show.studio_path());
    let page = market.plain_form(Some(&market.seller), &path, &[]).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    let text = page.text();
    let key = text.split("<code>").nth(2).unwrap().split('<').next().unwrap().to_owned();
    assert!(!market.page(&market.seller, &path).await.text().contains(&key), "it is not shown again");
    key
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_puts_a_show_on_air_with_its_key() {
    for market in markets().await {
        let show = market.show().await;
        let to = door(&market).await;
        let path = format!("{}/encoder", show.studio_path());
        assert_ne!(market.plain_form(Some(&market.stranger), &path, &[]).await.status, StatusCode::OK);
        let old = stream_key(&market, &show).await;
        let key = stream_key(&market, &show).await;
        for (app, key) in [("live", old.as_str()), ("other", key.as_str()), ("live", "nothing")] {
            let said = tokio::task::spawn_blocking({
                let sender = send(to, app, key);
                move || sender.refused()
            });
            let said = said.await.unwrap();
            assert!(said.contains("publish key is wrong"), "{} {app}: {said}", market.engine);
        }

        let sender = send(to, "live", &key);
        until("it is on air", async || matches!(market.find(&show.id).await.stage, Stage::Live { .. })).await;
        let join = format!("/media/{}/join", show.id);
        until("its picture is there", async || market.get(&join).await.json()["width"] == 320).await;
        until("the page says what comes", async || {
            market.page(&market.seller, &path).await.text().contains("320×180")
        })
        .await;
        // The studio's pages that were opened since leave the encoder's key alone.
        for _ in 0..10 {
            market.page(&market.seller, &show.studio_path()).await;
        }
        drop(sender);
        until("it waits", async || matches!(market.find(&show.id).await.stage, Stage::Waiting { .. })).await;
        let _sender = send(to, "live", &key);
        until("it goes on", async || matches!(market.find(&show.id).await.stage, Stage::Live { .. })).await;
        let ended = market.form(&market.seller, &format!("/live/{}/ending", show.id), &[]).await;
        assert_eq!(ended.status, StatusCode::OK);
        let said = tokio::task::spawn_blocking({
            let sender = send(to, "live", &key);
            move || sender.refused()
        });
        assert!(said.await.unwrap().contains("has ended"));
    }
}
