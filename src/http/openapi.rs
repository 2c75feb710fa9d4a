//! The OpenAPI document, made from the routes themselves, and Swagger UI over it.

use axum::Router;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

use super::{Shared, auth, calls, chats, health, invites, relay, users};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Zvonilka",
        description = "REST API of the family messenger. Events of chats and calls go over Socket.IO; docs/protocol.md describes both."
    ),
    // What goes over Socket.IO alone, in the same words.
    components(schemas(crate::wire::GroupCall, crate::wire::GroupParticipant)),
    modifiers(&Bearer),
    security(("bearer" = []))
)]
struct Api;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// All routes of the API, and the document that describes them.
pub(super) fn routes() -> (Router<Shared>, Document) {
    let (routes, mut document) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(auth::login))
        .routes(routes!(auth::refresh))
        .routes(routes!(auth::logout))
        .routes(routes!(users::register))
        .routes(routes!(users::profile))
        .routes(routes!(users::presence))
        .routes(routes!(users::push))
        .routes(routes!(users::register_push))
        .routes(routes!(users::list))
        .routes(routes!(users::get, users::update, users::remove))
        .routes(routes!(users::role))
        .routes(routes!(invites::generate))
        .routes(routes!(invites::check))
        .routes(routes!(invites::list))
        .routes(routes!(chats::list))
        .routes(routes!(chats::private))
        .routes(routes!(chats::hide))
        .routes(routes!(chats::messages))
        .routes(routes!(chats::history, chats::send))
        .routes(routes!(chats::changes))
        .routes(routes!(chats::read))
        .routes(routes!(calls::initiate))
        .routes(routes!(calls::respond))
        .routes(routes!(calls::history))
        .routes(routes!(calls::active))
        .routes(routes!(calls::log))
        .routes(routes!(calls::log_entry))
        .routes(routes!(calls::webrtc_config))
        .routes(routes!(calls::explanation))
        .routes(routes!(calls::report))
        .routes(routes!(calls::get, calls::delete))
        .routes(routes!(calls::end))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(relay::list))
        .routes(routes!(relay::end))
        .split_for_parts();
    name_operations(&mut document);
    (routes, document)
}

/// Names each operation by its room and its handler: handlers of different rooms share names, operation ids must not.
fn name_operations(document: &mut Document) {
    for item in document.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            let room = operation.tags.iter().flatten().next();
            if let (Some(room), Some(handler)) = (room, &operation.operation_id) {
                operation.operation_id = Some(format!("{room}_{handler}"));
            }
        }
    }
}

/// The OpenAPI document.
#[must_use]
pub fn document() -> Document {
    routes().1
}

/// Swagger UI at `/api-docs`, its files embedded.
pub(super) fn swagger(document: Document) -> Router {
    SwaggerUi::new("/api-docs")
        .url("/api-docs/openapi.json", document)
        .into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_operation_has_an_id_of_its_own() {
        let document = serde_json::to_value(document()).unwrap();
        let paths = document["paths"].as_object().unwrap().values();
        let operations: Vec<_> = paths
            .flat_map(|path| path.as_object().unwrap().values())
            .collect();
        let ids: BTreeSet<_> = operations
            .iter()
            .map(|operation| operation["operationId"].as_str().unwrap())
            .collect();
        assert_eq!(ids.len(), operations.len());
    }
}
