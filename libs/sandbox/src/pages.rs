//! The window a buyer is sent to: what is to be paid, and two honest buttons.

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::books::{Payment, Status};
use crate::cards::Card;
use crate::{Asked, Desk};

/// `a=b&c=d`, decoded.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    let decoded = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// The window, if that is what was asked for.
pub(crate) fn answer(desk: &Desk, asked: &Asked) -> Option<Response<Full<Bytes>>> {
    let key = asked.path.strip_prefix("/checkout/")?;
    let mut books = desk.books();
    let payment = books.anybody(key).cloned();
    let Some(payment) = payment.filter(|payment| payment.status == Status::Ready) else {
        return Some(page(StatusCode::NOT_FOUND, "<p>이 결제는 끝났어요.</p>"));
    };
    if asked.method != Method::POST {
        return Some(page(StatusCode::OK, &form(&payment)));
    }
    let text = String::from_utf8_lossy(&asked.body).into_owned();
    let pressed = pairs(&text).into_iter().find(|(name, _)| name == "answer").map(|(_, value)| value);
    if pressed.as_deref() == Some("leave") {
        let message = utf8_percent_encode("사용자가 결제를 취소했습니다", NON_ALPHANUMERIC);
        let join = if payment.fail_url.contains('?') { '&' } else { '?' };
        let to = format!(
            "{}{join}code=PAY_PROCESS_CANCELED&message={message}&orderId={}",
            payment.fail_url, payment.order_id
        );
        return Some(away(&to));
    }
    let card = pressed
        .and_then(|name| serde_json::from_value::<Card>(serde_json::Value::String(name)).ok())
        .unwrap_or_default();
    let join = if payment.success_url.contains('?') { '&' } else { '?' };
    let to = format!(
        "{}{join}paymentType=NORMAL&paymentKey={}&orderId={}&amount={}",
        payment.success_url, payment.payment_key, payment.order_id, payment.amount
    );
    books.keep(Payment { status: Status::InProgress, card, ..payment });
    Some(away(&to))
}

fn form(payment: &Payment) -> String {
    let name = payment.order_name.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<h1>연습 결제창</h1><p>{name}</p><p>{} KRW</p><form method=\"post\">\
         <button name=\"answer\" value=\"approve\">결제하기</button>\
         <button name=\"answer\" value=\"decline\">거절되는 카드로</button>\
         <button name=\"answer\" value=\"leave\">그만두기</button></form>",
        payment.amount
    )
}

fn page(status: StatusCode, body: &str) -> Response<Full<Bytes>> {
    let html =
        format!("<!doctype html><html lang=\"ko\"><meta charset=\"utf-8\"><title>연습 결제창</title>{body}");
    let mut response = Response::new(Full::from(html));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

fn away(to: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}
