//! `/api`: the API's description as a page, drawn on the server from the same `openapi.json`.

use askama::Template;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use utoipa::openapi::OpenApi;
use web::Ui;

/// One operation, as the page shows it.
struct Operation {
    method: String,
    path: String,
    summary: String,
    parameters: Vec<Parameter>,
    body: Option<String>,
    answers: Vec<(String, String)>,
}

struct Parameter {
    name: String,
    place: String,
    required: bool,
    about: String,
}

struct Group {
    name: String,
    operations: Vec<Operation>,
}

struct Shape {
    name: String,
    json: String,
}

#[derive(Template)]
#[template(path = "api.html")]
struct Page {
    ui: Ui,
    groups: Vec<Group>,
    shapes: Vec<Shape>,
}

/// The page.
pub fn page(ui: Ui, api: &OpenApi) -> Response {
    let api = serde_json::to_value(api).unwrap_or_default();
    let page = Page { ui, groups: groups(&api), shapes: shapes(&api) };
    match web::page(&page) {
        Ok(html) => html.into_response(),
        Err(problem) => problem.into_response(),
    }
}

fn groups(api: &Value) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let paths = api["paths"].as_object().into_iter().flatten();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let name = text(&operation["tags"][0]);
            let operation = self::operation(method, path, operation);
            match groups.iter_mut().find(|group| group.name == name) {
                Some(group) => group.operations.push(operation),
                None => groups.push(Group { name, operations: vec![operation] }),
            }
        }
    }
    groups
}

fn operation(method: &str, path: &str, operation: &Value) -> Operation {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let answers = operation["responses"].as_object().into_iter().flatten();
    Operation {
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        parameters: parameters
            .map(|parameter| Parameter {
                name: text(&parameter["name"]),
                place: text(&parameter["in"]),
                required: parameter["required"].as_bool().unwrap_or(false),
                about: text(&parameter["description"]),
            })
            .collect(),
        body: shape_of(&operation["requestBody"]["content"]),
        answers: answers
            .map(|(status, answer)| {
                (status.clone(), shape_of(&answer["content"]).unwrap_or_else(|| text(&answer["description"])))
            })
            .collect(),
    }
}

/// The name of the shape a body has, or its kind.
fn shape_of(content: &Value) -> Option<String> {
    let (kind, body) = content.as_object()?.iter().next()?;
    let schema = &body["schema"];
    let named = schema["$ref"].as_str().and_then(|link| link.rsplit('/').next());
    Some(named.or(schema["type"].as_str()).unwrap_or(kind).to_owned())
}

fn shapes(api: &Value) -> Vec<Shape> {
    let schemas = api["components"]["schemas"].as_object().into_iter().flatten();
    schemas
        .map(|(name, schema)| Shape {
            name: name.clone(),
            json: serde_json::to_string_pretty(schema).unwrap_or_default(),
        })
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
