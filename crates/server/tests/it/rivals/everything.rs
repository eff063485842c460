//! Every route there is: those in the sources, and those in `openapi.json`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Map, Value, json};

/// A route as it is written, with its parameters in braces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern(pub(super) String);

/// A method of a route of the API, with a body that its schema takes.
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) pattern: Pattern,
    pub(super) body: Option<Value>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn document() -> Value {
    let text = std::fs::read_to_string(root().join("docs/api/openapi.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Every operation of `openapi.json`.
pub(super) fn operations() -> Vec<Operation> {
    let document = document();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let body =
                (!schema.is_null()).then(|| whole(path).unwrap_or_else(|| example(&document, schema, 0)));
            all.push(Operation { method, pattern: Pattern(path.clone()), body });
        }
    }
    all
}

/// A body where more than its shape is looked at before the row is.
fn whole(path: &str) -> Option<Value> {
    match path.rsplit_once("/{store}/")?.1 {
        "coupons/{coupon}" => Some(json!({ "gives": "percentage", "percent": 10, "quantity": 5 })),
        "promotions/{promotion}" => Some(json!({ "gives": "amount", "amount_won": 500 })),
        "products/{product}" => Some(json!({
            "name": { "ko": "갈치" }, "category": "other", "attributes": { "certificate": ["none"] },
            "origin": { "ko": "국내산" }, "variants": [{ "pick": [], "price_won": 1_000, "stock": 1 }], "pickup": true,
        })),
        "orders/{order}/shipments" | "returns/{return}/shipments" => {
            Some(json!({ "carrier": "cj", "number": "600000000002" }))
        }
        _ => None,
    }
}

/// Every route of the program's sources and of `openapi.json`.
pub(super) fn patterns() -> Vec<Pattern> {
    let mut all: BTreeSet<Pattern> = operations().into_iter().map(|one| one.pattern).collect();
    let mut folders = vec![root().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !["tests", "target", "fuzz"].contains(&name.as_str()) {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                all.extend(routes(&std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    all.into_iter().collect()
}

/// The routes that a source file adds.
fn routes(source: &str) -> Vec<Pattern> {
    source
        .split(".route(")
        .skip(1)
        .filter_map(|rest| rest.trim_start().strip_prefix('"'))
        .filter_map(|rest| rest.split('"').next())
        .filter(|route| route.starts_with('/'))
        .map(|route| Pattern(route.to_owned()))
        .collect()
}

/// The route that answers an address; a route without parameters goes first.
pub(super) fn pattern_of(patterns: &[Pattern], address: &str) -> Option<String> {
    let fits = |pattern: &&Pattern| {
        let mut pieces = pattern.0.split('/');
        let mut given = address.split('/');
        loop {
            match (pieces.next(), given.next()) {
                (None, None) => return true,
                (Some(piece), Some(value)) if piece == value => {}
                (Some(piece), Some(value)) if piece.starts_with('{') && !value.is_empty() => {}
                _ => return false,
            }
        }
    };
    let holes = |pattern: &&Pattern| pattern.0.matches('{').count();
    patterns.iter().filter(fits).min_by_key(holes).map(|pattern| pattern.0.clone())
}

/// Something that a schema takes.
fn example(document: &Value, schema: &Value, depth: usize) -> Value {
    if depth > 8 {
        return Value::Null;
    }
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap_or_default();
        if ["Id", "PhotoId"].contains(&name) {
            return json!("01970000-0000-7000-8000-000000000001");
        }
        return example(document, &document["components"]["schemas"][name], depth + 1);
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(first) = schema[choice].get(0) {
            return example(document, first, depth + 1);
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut all = Map::new();
        for part in parts {
            if let Value::Object(part) = example(document, part, depth + 1) {
                all.extend(part);
            }
        }
        return all.into();
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first().cloned().unwrap_or_default(),
        kind => kind.clone(),
    };
    match (kind.as_str(), schema["format"].as_str()) {
        (Some("object"), _) => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let fields = required.iter().filter_map(Value::as_str);
            let fields = fields
                .map(|name| (name.to_owned(), example(document, &schema["properties"][name], depth + 1)));
            fields.collect::<Map<_, _>>().into()
        }
        (Some("array"), _) => json!([example(document, &schema["items"], depth + 1)]),
        (Some("integer" | "number"), _) => json!(1),
        (Some("boolean"), _) => json!(true),
        (_, Some("date-time")) => json!("2026-12-24T09:00:00Z"),
        (_, Some("date")) => json!("2026-12-24"),
        _ => json!("가"),
    }
}

#[test]
fn routes_are_read_from_sources_on_one_line_or_two() {
    let source = ".route(\"/a/{b}\", get(x))\n.route(\n    \"/c\",\n    get(y))\n.route(other, get(z))";
    assert_eq!(routes(source), [Pattern("/a/{b}".into()), Pattern("/c".into())]);
    let all = [Pattern("/a/{b}".into()), Pattern("/a/new".into())];
    assert_eq!(pattern_of(&all, "/a/new").as_deref(), Some("/a/new"));
    assert_eq!(pattern_of(&all, "/a/1").as_deref(), Some("/a/{b}"));
    assert_eq!(pattern_of(&all, "/b"), None);
}
