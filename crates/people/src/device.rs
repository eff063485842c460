//! Devices in words: "Android · Samsung Internet" rather than what browsers call themselves.

/// What a description may be at the most.
const MAX: usize = 60;

const SYSTEMS: [(&str, &str); 8] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "Chromebook"),
    ("Tizen", "Tizen"),
    ("Linux", "Linux"),
];

/// In this order, because every browser also claims to be the ones below it.
const BROWSERS: [(&str, &str); 13] = [
    ("KAKAOTALK", "KakaoTalk"),
    ("NAVER(inapp", "NAVER"),
    ("Instagram", "Instagram"),
    ("Whale/", "Whale"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// A User-Agent in words; nothing when it says nothing. Names of makers are the same in every language.
pub(crate) fn words(agent: &str) -> String {
    let find = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    match (find(&SYSTEMS), find(&BROWSERS)) {
        (Some(system), Some(browser)) => format!("{system} · {browser}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        // A program: its own name, up to the version.
        (None, None) => {
            let name = agent.split(['/', ' ', '(']).next().unwrap_or_default();
            name.chars().filter(|letter| !letter.is_control()).take(MAX).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_phone_is_told_from_a_computer() {
        let samsung = "Mozilla/5.0 (Linux; Android 9; SM-G960N) AppleWebKit/537.36 (KHTML, like Gecko) \
                       SamsungBrowser/14.0 Chrome/87.0.4280.141 Mobile Safari/537.36";
        let talk =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 KAKAOTALK 10.4.5";
        let desk = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0";
        assert_eq!(words(samsung), "Android · Samsung Internet");
        assert_eq!(words(talk), "iPhone · KakaoTalk");
        assert_eq!(words(desk), "Windows · Edge");
        assert_eq!(words("curl/8.5.0"), "curl");
        assert_eq!(words(""), "");
        assert!(words(&"x".repeat(10_000)).len() <= 60);
    }
}
