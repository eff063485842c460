//! Structured data: what a page tells search engines in the words of schema.org.

use serde_json::{Value, json};

use crate::Ui;

const CONTEXT: &str = "https://schema.org";

/// Things as the text of a script. Nothing in it can end the script or begin another.
pub fn script(things: Vec<Value>) -> String {
    let named = things.into_iter().map(|mut thing| {
        thing["@context"] = CONTEXT.into();
        thing
    });
    Value::from_iter(named).to_string().replace('<', "\\u003c")
}

/// The way to a page, from the market's door on: names and paths.
pub fn crumbs(ui: &Ui, way: &[(&str, &str)]) -> Value {
    let door = [(ui.market_name(), "/")];
    let steps = door.iter().chain(way).enumerate().map(|(at, (name, path))| {
        json!({ "@type": "ListItem", "position": at + 1, "name": name, "item": ui.absolute(path) })
    });
    json!({ "@type": "BreadcrumbList", "itemListElement": Value::from_iter(steps) })
}

/// A length as ISO 8601 writes it: `PT1M5S`.
pub fn length(ms: i64) -> String {
    let seconds = (ms / 1000).max(1);
    format!("PT{}M{}S", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_the_script() {
        let text = script(vec![json!({ "@type": "Thing", "name": "</script><script>alert(1)<!--" })]);
        assert!(!text.contains('<'));
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read[0]["name"], "</script><script>alert(1)<!--");
        assert_eq!(read[0]["@context"], CONTEXT);
        assert_eq!((length(65_400), length(0)), ("PT1M5S".to_owned(), "PT0M1S".to_owned()));
    }
}
