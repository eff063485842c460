//! Where to go on after signing in: a path of this site, or home. Never another site's address, which
//! would let a letter with our link lead people to somebody else's copy of us.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// The longest path that is kept through a sign-in.
const MAX: usize = 2_000;

/// The path if it is one of ours, and `/` otherwise.
pub(crate) fn safe(to: &str) -> &str {
    let ours = to.starts_with('/')
        && !to.starts_with("//")
        && to.len() <= MAX
        // Browsers read a backslash as a slash.
        && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        // Back to the door would be a circle.
        && !["/sign-in", "/join", "/sign-out"].iter().any(|door| to.starts_with(door));
    if ours { to } else { "/" }
}

/// `path` with where to go on after it.
pub(crate) fn with(path: &str, to: &str) -> String {
    match safe(to) {
        "/" => path.to_owned(),
        to => format!("{path}?to={}", utf8_percent_encode(to, NON_ALPHANUMERIC)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_followed() {
        for ours in ["/", "/orders", "/live/1?at=3#chat", "/sell/1/orders"] {
            assert_eq!(safe(ours), ours);
        }
        let long = format!("/{}", "a".repeat(10_000));
        for other in [
            "",
            "orders",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\tx",
            "/a\r\nset-cookie: a=b",
            "/sign-in",
            "/고등어",
            &long,
        ] {
            assert_eq!(safe(other), "/", "{other}");
        }
    }

    #[test]
    fn the_way_on_survives_the_door() {
        assert_eq!(with("/join", "/live/1?at=3"), "/join?to=%2Flive%2F1%3Fat%3D3");
        assert_eq!(with("/join", "//evil.example"), "/join");
    }
}
