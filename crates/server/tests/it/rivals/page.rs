//! Links and forms of a page, as far as our own templates write them.

/// A form that is posted.
#[derive(Clone, Debug)]
pub(super) struct Form {
    pub(super) action: String,
    pub(super) fields: Vec<(String, String)>,
    /// Whether it carries files.
    pub(super) is_multipart: bool,
}

impl Form {
    /// One answer to each question: of buttons and choices of one name the first.
    fn put(&mut self, name: String, value: String) {
        if self.fields.iter().all(|(known, _)| *known != name) {
            self.fields.push((name, value));
        }
    }
}

/// The tags of a page in their order, without text and scripts.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<').skip(1).filter_map(|piece| piece.split_once('>').map(|(tag, _)| tag))
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let at = tag.find(&format!(" {name}=\"")).map(|at| at + name.len() + 3).or_else(|| {
        // On a line of its own, as long tags have it.
        tag.find(&format!("\n{name}=\"")).map(|at| at + name.len() + 3)
    })?;
    let value = tag.get(at..)?.split('"').next()?;
    Some(value.replace("&amp;", "&").replace("&#38;", "&").replace("&#34;", "\"").replace("&#39;", "'"))
}

/// Where a page leads, without fragments and other servers.
pub(super) fn links(html: &str) -> Vec<String> {
    tags(html)
        .filter(|tag| tag.starts_with("a "))
        .filter_map(|tag| attribute(tag, "href"))
        .map(|link| link.split('#').next().unwrap_or_default().to_owned())
        .filter(|link| link.starts_with('/') && !link.starts_with("//"))
        .collect()
}

/// The forms that post, with what a browser would send: what stands in them, and something for what is empty.
pub(super) fn forms(html: &str, page: &str) -> Vec<Form> {
    let mut all = Vec::new();
    let mut open: Option<Form> = None;
    let mut choosing: Option<String> = None;
    for tag in tags(html) {
        if tag.starts_with("form") {
            let posts = attribute(tag, "method").is_some_and(|method| method.eq_ignore_ascii_case("post"));
            let action = attribute(tag, "action").unwrap_or_else(|| page.to_owned());
            let action = action.split(['?', '#']).next().unwrap_or_default().to_owned();
            let is_multipart = attribute(tag, "enctype").is_some();
            open = posts.then_some(Form { action, fields: Vec::new(), is_multipart });
        } else if tag.starts_with("/form") {
            all.extend(open.take());
        }
        let Some(form) = &mut open else { continue };
        let name = attribute(tag, "name");
        if tag.starts_with("input") {
            let (Some(name), kind) = (name, attribute(tag, "type").unwrap_or_default()) else { continue };
            let value = attribute(tag, "value").unwrap_or_default();
            let value = match (kind.as_str(), value.is_empty()) {
                ("file", _) => continue,
                ("number", true) => "1".to_owned(),
                ("date", true) => "2026-12-24".to_owned(),
                (_, true) if attribute(tag, "inputmode").is_some() => "600000000002".to_owned(),
                (_, true) => "가".to_owned(),
                _ => value,
            };
            form.put(name, value);
        } else if tag.starts_with("button") {
            if let Some(name) = name {
                form.put(name, attribute(tag, "value").unwrap_or_default());
            }
        } else if tag.starts_with("textarea") {
            if let Some(name) = name {
                form.put(name, "가나다라마바사".to_owned());
            }
        } else if tag.starts_with("select") {
            choosing = name;
        } else if tag.starts_with("option")
            && let Some(name) = choosing.take()
        {
            form.put(name, attribute(tag, "value").unwrap_or_default());
        }
    }
    all
}

#[test]
fn a_form_is_read_as_a_browser_would_send_it() {
    let page = r#"<a href="/a?b=1&amp;c=2#d">x</a><form method="get" action="/no"><input name="q"></form>
        <form method="post" action="/yes?x=1"><input type="hidden" name="id" value="7"><input name="words">
        <select name="of"><option value="a">A</option><option value="b">B</option></select><button name="do" value="it"></form>"#;
    assert_eq!(links(page), ["/a?b=1&c=2"]);
    let forms = forms(page, "/here");
    assert_eq!(forms.len(), 1);
    let fields: Vec<(&str, &str)> = forms[0].fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(forms[0].action, "/yes");
    assert_eq!(fields, [("id", "7"), ("words", "가"), ("of", "a"), ("do", "it")]);
}
