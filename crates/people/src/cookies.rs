//! Our cookies, by the way a request came.
//!
//! Over HTTPS they carry the `__Host-` prefix, which a browser takes only with `Secure` and from this
//! host alone, so that no neighbouring host can plant one. Over plain HTTP on this machine or in the
//! house network there is no such promise to be had, and not every browser takes a `Secure` cookie
//! there; those addresses, and only those, use the same name without the prefix.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::http::HeaderMap;
use axum::http::header::{self, HeaderValue};
use web::extract::cookie;

/// The session's token.
pub(crate) const SESSION: &str = "session";
/// The browser that asked for a code.
pub(crate) const ASKED: &str = "asked";

/// A cookie of the request, under the name its way allows.
pub fn read<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    cookie(headers, &format!("__Host-{name}"))
        .or_else(|| if is_near(headers) { cookie(headers, name) } else { None })
}

/// Sets a cookie that scripts cannot read.
pub fn set(headers: &HeaderMap, name: &str, value: &str, lasts_s: i64) -> HeaderValue {
    let (prefix, secure) = if is_plain(headers) { ("", "") } else { ("__Host-", "; Secure") };
    let line = format!("{prefix}{name}={value}; Path=/; Max-Age={lasts_s}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&line).expect("names and tokens are plain ASCII")
}

/// Takes a cookie back.
pub fn clear(headers: &HeaderMap, name: &str) -> HeaderValue {
    set(headers, name, "", 0)
}

/// Whether a browser came over plain HTTP to a machine nearby. Browsers say so in `Origin` with
/// every form; without one the address decides.
fn is_plain(headers: &HeaderMap) -> bool {
    let origin = text(headers, header::ORIGIN).or_else(|| text(headers, header::REFERER));
    is_near(headers) && !origin.is_some_and(|origin| origin.starts_with("https://"))
}

/// Whether the address is this machine, or a bare number, which no certificate authority names.
fn is_near(headers: &HeaderMap) -> bool {
    let host = text(headers, header::HOST).unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<Ipv4Addr>().is_ok() || name.parse::<Ipv6Addr>().is_ok()
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
