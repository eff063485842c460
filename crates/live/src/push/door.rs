//! The way to push services. Where they are a stranger says, so nothing is asked that is not public: only HTTPS, only
//! names, only addresses of the open network, no redirects.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// How long a service may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest address of a subscription.
const MAX_ENDPOINT: usize = 1_024;

/// Which services may be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Those of the open network: what a market is for.
    #[default]
    Public,
    /// Any, this machine's own too: for tests.
    Anywhere,
}

/// Reads where a browser's service is; `None`: we do not go there.
pub(super) fn read(endpoint: &str, reach: Reach) -> Option<Url> {
    if endpoint.len() > MAX_ENDPOINT {
        return None;
    }
    let url = Url::parse(endpoint).ok()?;
    if reach == Reach::Anywhere {
        return Some(url);
    }
    let is_named = matches!(url.host()?, Host::Domain(name) if name.contains('.'));
    let is_plain = url.username().is_empty() && url.password().is_none() && url.port().is_none();
    (url.scheme() == "https" && is_named && is_plain).then_some(url)
}

pub(super) fn client(reach: Reach) -> reqwest::Result<reqwest::Client> {
    let client =
        reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).no_proxy();
    match reach {
        Reach::Public => client.https_only(true).dns_resolver(Arc::new(PublicOnly)).build(),
        Reach::Anywhere => client.build(),
    }
}

/// Names lead to public addresses or nowhere: looked at where the connection is made, so that a name which
/// changes its mind in between changes nothing.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match embedded(ip) {
            Some(ip) => is_public_v4(ip),
            // Only what is handed out to the open network, without documentation and tunnels.
            None => {
                let [first, second, ..] = ip.segments();
                first & 0xe000 == 0x2000
                    && !(first == 0x2001 && (second < 0x200 || second == 0xdb8))
                    && first != 0x2002
            }
        },
    }
}

/// The older address that a newer one stands for.
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = ip.segments();
    let is_translated = [a, b, c, d, e, f] == [0x64, 0xff9b, 0, 0, 0, 0];
    let [one, two] = [g, h].map(u16::to_be_bytes);
    ip.to_ipv4_mapped().or_else(|| is_translated.then(|| Ipv4Addr::new(one[0], one[1], two[0], two[1])))
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_services_over_https_are_asked() {
        let good = ["https://push.example.com/send/abc", "https://fcm.example.com/x?y=1"];
        for endpoint in good {
            assert!(read(endpoint, Reach::Public).is_some(), "{endpoint}");
        }
        for endpoint in [
            "http://push.example.com/x",
            "https://127.0.0.1/x",
            "https://2130706433/x",
            "https://[::1]/x",
            "https://localhost/x",
            "https://push.example.com:8443/x",
            "https://a:b@push.example.com/x",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "",
        ] {
            assert!(read(endpoint, Reach::Public).is_none(), "{endpoint}");
        }
        assert!(read(&format!("https://push.example.com/{}", "a".repeat(2_000)), Reach::Public).is_none());
    }

    #[test]
    fn addresses_of_the_house_are_not_public() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2001:db8::1",
            "2002:7f00:1::",
            "ff02::1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["8.8.8.8", "142.250.1.1", "2404:6800:4004:80a::200e", "64:ff9b::808:808"] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_home_leads_nowhere() {
        let answer = client(Reach::Public).unwrap().post("https://localhost/x").send().await;
        assert!(answer.is_err_and(|error| error.is_connect()));
    }
}
