//! What the description promises about itself. `docs/openapi.json` is its text.

use std::collections::BTreeSet;

use super::*;

fn api() -> Value {
    super::super::openapi()
}

fn operations(api: &Value) -> Vec<(String, Value)> {
    let mut api = api.clone();
    let mut found = Vec::new();
    each_operation(&mut api, |path, method, operation| {
        found.push((format!("{method} {path}"), operation.clone()));
    });
    assert!(found.len() > 5, "there must be something to look at");
    found
}

/// Every value of `$ref` below `value`.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(members) => {
            if let Some(Value::String(target)) = members.get("$ref") {
                found.insert(target.clone());
            }
            members.values().for_each(|member| references(member, found));
        }
        _ => {}
    }
}

#[test]
fn the_committed_description_is_this_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap();
    let now = super::super::openapi_text();
    assert!(
        committed == now,
        "docs/openapi.json is out of date: run `make docs`"
    );
}

#[test]
fn every_operation_has_a_name_of_its_own_a_known_tag_and_a_summary() {
    let mut names = BTreeSet::new();
    for (place, operation) in operations(&api()) {
        let name = operation["operationId"].as_str().unwrap().to_owned();
        assert!(
            name.contains('_') && name == name.to_lowercase(),
            "{place}: {name} is not verb_noun"
        );
        assert!(names.insert(name), "{place}: its operationId is taken");
        let tag = operation["tags"][0].as_str().unwrap();
        assert!(
            tags::TAGS.iter().any(|(known, _)| *known == tag),
            "{place}: the tag {tag} is not in openapi/tags.rs"
        );
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(
            summary.ends_with('.') && summary.len() < 120,
            "{place}: its summary must be one short sentence"
        );
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let api = api();
    let mut found = BTreeSet::new();
    references(&api, &mut found);
    assert!(found.contains("#/components/schemas/Problem"));
    for target in found {
        let pointer = target.trim_start_matches('#');
        assert!(
            api.pointer(pointer).is_some(),
            "{target} is not there; an enum in a query parameter needs #[param(inline)]"
        );
    }
}

#[test]
fn parameters_of_paths_are_described() {
    for (place, operation) in operations(&api()) {
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let described: BTreeSet<_> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        let named: BTreeSet<_> = place
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split('}').next())
            .collect();
        assert_eq!(described, named, "{place}");
    }
}

#[test]
fn what_operations_share_is_added_where_it_can_happen() {
    let api = api();
    let content = &api["paths"]["/v1/documents/{document_id}/content"];
    let answers = |method: &str| -> BTreeSet<String> {
        content[method]["responses"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    assert!(answers("get").is_superset(&["400", "401", "404", "429", "500"].map(str::to_owned).into()));
    assert!(!answers("get").contains("415") && answers("put").contains("415"));
    let precondition = &content["put"]["responses"]["412"];
    assert_eq!(precondition["description"], "It has changed since it was read.");
    assert!(precondition["content"]["application/problem+json"].is_object());
    assert!(precondition["headers"]["X-Request-Id"].is_object());
    assert!(api["components"]["responses"]["TooManyRequests"]["headers"]["Retry-After"].is_object());
}

/// A resource as authors write them.
mod model {
    use serde::{Deserialize, Serialize};
    use utoipa::{IntoParams, OpenApi, ToSchema};

    use crate::http::rest::{Change, Clearable, Email, Filters, Line, List, Listing, Text, Timestamp};

    #[derive(Debug, Serialize, Deserialize, ToSchema)]
    #[serde(rename_all = "snake_case")]
    pub(super) enum Role {
        Admin,
        Member,
    }

    #[derive(Serialize, ToSchema)]
    #[schema(as = Team)]
    struct TeamView {
        name: String,
        role: Role,
        created_at: Timestamp,
        #[schema(minimum = 0, maximum = 7)]
        size: u8,
    }

    #[derive(Default, Deserialize, ToSchema)]
    #[serde(default, deny_unknown_fields)]
    pub(super) struct TeamPatch {
        /// What people call it.
        name: Change<Line<100>>,
        about: Clearable<Text<500>>,
        owner: Change<Email>,
        role: Clearable<Role>,
        visits: Change<u32>,
    }

    #[derive(Debug, Deserialize, IntoParams)]
    #[into_params(parameter_in = Query)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only described")]
    pub(super) struct TeamFilters {
        #[param(inline)]
        role: Option<Role>,
    }

    impl Filters for TeamFilters {
        const SORTS: &'static [&'static str] = &["name", "created_at"];
    }

    #[utoipa::path(
        get, path = "/v1/teams", tag = "Teams",
        params(Listing<TeamFilters>),
        responses((status = 200, body = List<TeamView>)),
    )]
    #[expect(dead_code, reason = "only described")]
    fn list_teams() {}

    #[utoipa::path(
        patch, path = "/v1/teams/{team_id}", tag = "Teams",
        params(("team_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
        request_body(content = TeamPatch, content_type = "application/merge-patch+json"),
        responses((status = 200, body = TeamView, headers(("ETag" = String)))),
    )]
    #[expect(dead_code, reason = "only described")]
    fn change_team() {}

    #[derive(OpenApi)]
    #[openapi(paths(list_teams, change_team))]
    pub(super) struct Teams;
}

#[test]
fn the_shared_types_describe_themselves() {
    let api = complete(&<model::Teams as utoipa::OpenApi>::openapi(), |_| ());
    let schemas = &api["components"]["schemas"];
    let names: Vec<_> = schemas.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "ListMeta",
            "Problem",
            "ProblemDetail",
            "Role",
            "Team",
            "TeamList",
            "TeamPatch"
        ]
    );
    assert_eq!(
        schemas["TeamList"]["properties"]["data"]["items"]["$ref"],
        "#/components/schemas/Team"
    );
    assert_eq!(schemas["Team"]["properties"]["created_at"]["format"], "date-time");
    assert_eq!(schemas["Team"]["properties"]["size"]["maximum"], 7);
    let patch = &schemas["TeamPatch"];
    assert!(
        patch.get("required").is_none() && patch["additionalProperties"] == false,
        "{patch:#}"
    );
    let name = &patch["properties"]["name"];
    assert_eq!(name["maxLength"], 100);
    assert_eq!(name["description"], "What people call it.");
    assert_eq!(patch["properties"]["about"]["oneOf"][0]["type"], "null");
    assert_eq!(patch["properties"]["visits"]["maximum"], u32::MAX);
    assert_eq!(
        patch["properties"]["role"]["oneOf"][1]["$ref"],
        "#/components/schemas/Role"
    );
    let parameters = api["paths"]["/v1/teams"]["get"]["parameters"].as_array().unwrap();
    let names: Vec<_> = parameters
        .iter()
        .map(|parameter| parameter["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["role", "sort", "limit", "page", "cursor"]);
    assert_eq!(
        parameters[1]["schema"]["enum"],
        serde_json::json!(["name", "-name", "created_at", "-created_at"])
    );
    let mut found = BTreeSet::new();
    references(&api, &mut found);
    assert!(
        found
            .iter()
            .all(|target| api.pointer(target.trim_start_matches('#')).is_some()),
        "{found:?}"
    );
}
