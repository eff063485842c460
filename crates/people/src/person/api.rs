//! The signed-in person for programs.

use web::Json;

use crate::Person;

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/me", tag = "people",
    responses((status = 200, body = Person), (status = "4XX", body = web::Problem)))]
pub(crate) async fn me(person: Person) -> Json<Person> {
    Json(person)
}
