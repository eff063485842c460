//! Askers: what a request tells of whoever stands at the door, before anybody is signed in.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use base::Secret;

use crate::{cookies, device};

/// A token as text: 32 bytes in hexadecimal.
const TOKEN_LENGTH: usize = 64;

/// Somebody at the door.
pub(crate) struct Asker {
    /// The network address, as precise as a household; `None` for a program on this machine.
    pub(crate) client: Option<String>,
    /// The secret of the browser, if it has one of ours.
    pub(crate) browser: Option<Secret>,
    /// The device in words.
    pub(crate) device: String,
    pub(crate) headers: HeaderMap,
}

impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Asker, Infallible> {
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Ok(Asker {
            client: client(&parts.extensions, &parts.headers),
            browser: cookies::read(&parts.headers, cookies::ASKED).and_then(token),
            device: device::words(agent.unwrap_or_default()),
            headers: parts.headers.clone(),
        })
    }
}

/// A token that could be ours; anything else is not looked up.
pub(crate) fn token(text: &str) -> Option<Secret> {
    let fits = text.len() == TOKEN_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| Secret::new(text))
}

/// The address limits are counted by. A proxy on this machine is believed when it says for whom it
/// asks; nobody else is, for the header can be written by anybody.
pub fn client(extensions: &Extensions, headers: &HeaderMap) -> Option<String> {
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    let peer = peer.ip().to_canonical();
    if !peer.is_loopback() {
        return Some(household(peer));
    }
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    let nearest = forwarded.rsplit(',').next()?.trim();
    nearest.parse().ok().map(|address: IpAddr| household(address.to_canonical()))
}

/// An IPv6 household has a whole /64 to choose addresses from.
fn household(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(peer: &str, forwarded: Option<&str>) -> Option<String> {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 5000)));
        let mut headers = HeaderMap::new();
        if let Some(forwarded) = forwarded {
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        }
        client(&extensions, &headers)
    }

    #[test]
    fn a_stranger_cannot_claim_another_address() {
        assert_eq!(from("203.0.113.7", Some("198.51.100.1")).as_deref(), Some("203.0.113.7"));
        assert_eq!(from("::ffff:203.0.113.7", None).as_deref(), Some("203.0.113.7"));
    }

    #[test]
    fn a_proxy_on_this_machine_says_for_whom_it_asks() {
        assert_eq!(from("127.0.0.1", Some("6.6.6.6, 198.51.100.1")).as_deref(), Some("198.51.100.1"));
        assert_eq!(from("127.0.0.1", None), None);
    }

    #[test]
    fn a_household_is_one_client() {
        assert_eq!(from("2001:db8:1:2:3::4", None), from("2001:db8:1:2:ffff::9", None));
    }
}
