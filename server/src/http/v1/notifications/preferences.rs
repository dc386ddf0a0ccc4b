//! `GET` and `PATCH /v1/notification-preferences`: what you want to be told, everywhere, in a workspace, in a project.
//!
//! What counts everywhere is kept where `/v1/users/me/notification-preferences` keeps it; other members of that object
//! stay as they are.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use weft_storage::WorkspaceId;
use weft_storage::records::Tx;

use super::{owner, reader};
use crate::access::facts;
use crate::auth::permission::Action;
use crate::http::Problem;
use crate::http::problem::NOT_FOUND;
use crate::http::rest::{Body, Clearable, Found, Query, invalid};
use crate::http::v1::Api;
use crate::http::v1::caller::Caller;
use crate::notifications::{Channel, Digest, Kind, Preferences, QuietHours, Timing, Ways};

/// Where preferences count.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ScopeParams {
    /// In this workspace; everywhere if nothing is given.
    workspace_id: Option<Uuid>,
    /// In this project.
    project_id: Option<Uuid>,
}

/// Where preferences count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NotificationScope)]
enum ScopeName {
    Everywhere,
    Workspace,
    Project,
}

/// What you want of one type.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationTypePreference)]
struct TypeView {
    #[serde(rename = "type")]
    kind: Kind,
    /// Whether it comes into your inbox.
    in_app: bool,
    /// Whether it is sent by mail, where the server does that.
    email: bool,
    /// Whether it is pushed, where the server does that.
    push: bool,
    /// Whether it comes into your inbox whatever you want.
    is_fixed: bool,
}

/// What you want to be told in a scope: what is said there, or in the next wider one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationPreferences)]
pub(super) struct PreferencesView {
    scope: ScopeName,
    /// The ways that this server has: your inbox always, mail and push if whoever runs it has set them up.
    #[schema(max_items = 3)]
    channels: Vec<Channel>,
    #[schema(max_items = 100)]
    types: Vec<TypeView>,
    /// When nothing is sent to you, everywhere; what would have been comes after it. Null if never; left out by a server
    /// that has no way but the inbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<QuietHours>)]
    quiet_hours: Option<Option<QuietHours>>,
    /// Whether mails come one by one or gathered, everywhere; left out by a server that sends none.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
}

/// What you want of one type; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NotificationTypeChange)]
struct TypeChange {
    #[serde(rename = "type")]
    kind: Kind,
    in_app: Option<bool>,
    email: Option<bool>,
    push: Option<bool>,
}

/// What is to be changed of what you want to be told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NotificationPreferencesPatch)]
pub(super) struct PreferencesPatch {
    #[serde(default)]
    #[schema(max_items = 100)]
    types: Vec<TypeChange>,
    /// When nothing is to be sent to you; null for never. Only everywhere.
    #[serde(default)]
    #[schema(value_type = Option<QuietHours>)]
    quiet_hours: Clearable<QuietHours>,
    /// Whether mails come one by one or gathered. Only everywhere.
    digest: Option<Digest>,
}

/// A scope that the caller is in.
#[derive(Debug, Clone, Copy)]
enum Scope {
    Everywhere,
    Workspace(WorkspaceId),
    Project(WorkspaceId, Uuid),
}

impl Scope {
    fn name(self) -> ScopeName {
        match self {
            Self::Everywhere => ScopeName::Everywhere,
            Self::Workspace(_) => ScopeName::Workspace,
            Self::Project(..) => ScopeName::Project,
        }
    }

    /// Its workspace, and by which id its preferences are kept there.
    fn place(self) -> Option<(WorkspaceId, Uuid)> {
        match self {
            Self::Everywhere => None,
            Self::Workspace(workspace) => Some((workspace, workspace.0)),
            Self::Project(workspace, project) => Some((workspace, project)),
        }
    }
}

/// Reads what you want to be told.
#[utoipa::path(
    get, path = "/v1/notification-preferences", tag = "Notifications",
    params(ScopeParams),
    responses(
        (status = 200, body = PreferencesView),
        (status = 404, description = "There is no such workspace or project for you"),
        (status = 422, description = "A workspace and a project are named"),
    ),
)]
pub(super) async fn get_notification_preferences_of(
    State(api): State<Api>,
    caller: Caller,
    Query(params): Query<ScopeParams>,
) -> Result<Found<PreferencesView>, Problem> {
    let user = reader(&caller)?;
    let mut tx = api.records.read().await?;
    let scope = find(&mut tx, &caller, user, &params).await?;
    Ok(Found {
        etag: None,
        body: view(&mut tx, user, scope, api.notifier.ways()).await?,
    })
}

/// Changes what you want to be told.
///
/// What is said for a project counts before what is said for its workspace, and that before what is said for everywhere.
/// That your role changed is told you in any case.
#[utoipa::path(
    patch, path = "/v1/notification-preferences", tag = "Notifications",
    params(ScopeParams),
    request_body = PreferencesPatch,
    responses(
        (status = 200, body = PreferencesView),
        (status = 404, description = "There is no such workspace or project for you"),
    ),
)]
pub(super) async fn update_notification_preferences_of(
    State(api): State<Api>,
    caller: Caller,
    Query(params): Query<ScopeParams>,
    Body(patch): Body<PreferencesPatch>,
) -> Result<Found<PreferencesView>, Problem> {
    let user = owner(&caller)?;
    let now_ms = api.clock.now_ms();
    let mut tx = api.records.write().await?;
    let scope = find(&mut tx, &caller, user, &params).await?;
    check(&patch, scope)?;
    let before = said(&mut tx, user, scope).await?;
    let after = merged(&before, &patch).to_string();
    match scope.place() {
        None => tx.set_notification_preferences(user, &after, now_ms).await?,
        Some((workspace, id)) => {
            let mut tenant = tx.workspace(workspace).await?;
            tenant
                .put_notification_preferences(user, id, &after, now_ms)
                .await?;
        }
    }
    let body = view(&mut tx, user, scope, api.notifier.ways()).await?;
    tx.commit().await?;
    Ok(Found { etag: None, body })
}

/// The scope that is asked for. Only members have preferences in a workspace.
async fn find(tx: &mut Tx, caller: &Caller, user: Uuid, params: &ScopeParams) -> Result<Scope, Problem> {
    let scope = match (params.workspace_id, params.project_id) {
        (None, None) => return Ok(Scope::Everywhere),
        (Some(_), Some(_)) => {
            return Err(invalid(
                "project_id",
                "INVALID_VALUE",
                "must be left out, or workspace_id",
            ));
        }
        (Some(id), None) => {
            let place = facts::workspace(tx, &caller.0, id).await?;
            caller.require(Action::ViewWorkspace, &place.resource)?;
            Scope::Workspace(place.workspace)
        }
        (None, Some(id)) => {
            let place = facts::project(tx, &caller.0, id).await?;
            caller.require(Action::ViewProject, &place.resource)?;
            Scope::Project(place.workspace, id)
        }
    };
    if let Some((workspace, _)) = scope.place() {
        let mut tenant = tx.workspace(workspace).await?;
        tenant.member(user).await?.ok_or(NOT_FOUND)?;
    }
    Ok(scope)
}

/// What the scope itself says.
async fn said(tx: &mut Tx, user: Uuid, scope: Scope) -> Result<String, Problem> {
    let Some((workspace, id)) = scope.place() else {
        return Ok(tx.user(user).await?.ok_or(NOT_FOUND)?.notification_preferences);
    };
    let mut tenant = tx.workspace(workspace).await?;
    let found = tenant.notification_preferences(user, id).await?;
    Ok(found.map_or_else(|| "{}".to_owned(), |found| found.preferences))
}

async fn view(tx: &mut Tx, user: Uuid, scope: Scope, ways: Ways) -> Result<PreferencesView, Problem> {
    let everywhere = said(tx, user, Scope::Everywhere).await?;
    let channels = ways.channels();
    let timing = Timing::of(&everywhere);
    let wanted = match scope {
        Scope::Everywhere => Preferences::of([everywhere.as_str()]),
        Scope::Workspace(workspace) => {
            let mut tenant = tx.workspace(workspace).await?;
            Preferences::read(&mut tenant, user, None, &everywhere).await?
        }
        Scope::Project(workspace, project) => {
            let mut tenant = tx.workspace(workspace).await?;
            Preferences::read(&mut tenant, user, Some(project), &everywhere).await?
        }
    };
    let types = Kind::ALL.into_iter().map(|kind| TypeView {
        kind,
        in_app: wanted.wants(kind, Channel::InApp),
        email: wanted.wants(kind, Channel::Email),
        push: wanted.wants(kind, Channel::Push),
        is_fixed: kind.is_fixed(),
    });
    Ok(PreferencesView {
        scope: scope.name(),
        types: types.collect(),
        digest: channels.contains(&Channel::Email).then_some(timing.digest),
        quiet_hours: (channels.len() > 1).then_some(timing.quiet),
        channels,
    })
}

fn check(patch: &PreferencesPatch, scope: Scope) -> Result<(), Problem> {
    if patch.types.len() > Kind::ALL.len() {
        return Err(invalid("types", "TOO_MANY", "must name each type at most once"));
    }
    for change in &patch.types {
        if change.kind.is_fixed() && change.in_app == Some(false) {
            return Err(invalid(
                "types",
                "CANNOT_BE_TURNED_OFF",
                "must leave this type on",
            ));
        }
    }
    let is_everywhere = matches!(scope, Scope::Everywhere);
    let elsewhere = |field| invalid(field, "INVALID_VALUE", "is said for everywhere alone");
    if !is_everywhere && patch.quiet_hours != Clearable::Keep {
        return Err(elsewhere("quiet_hours"));
    }
    if !is_everywhere && patch.digest.is_some() {
        return Err(elsewhere("digest"));
    }
    if matches!(&patch.quiet_hours, Clearable::Set(hours) if !hours.is_sound()) {
        return Err(invalid(
            "quiet_hours",
            "INVALID_VALUE",
            "must be two different times such as 22:00 and 07:00, in a time zone of the IANA database",
        ));
    }
    Ok(())
}

/// What was said, with what is to be changed. Bounded: it names types and ways that are known, and what was there before
/// has its bound where it came in.
fn merged(before: &str, patch: &PreferencesPatch) -> Value {
    let mut all: Map<String, Value> = serde_json::from_str(before).unwrap_or_default();
    let mut types = match all.remove("types") {
        Some(Value::Object(types)) => types,
        _ => Map::new(),
    };
    for change in &patch.types {
        let mut ways = match types.remove(change.kind.as_str()) {
            Some(Value::Object(ways)) => ways,
            _ => Map::new(),
        };
        let wanted = [change.in_app, change.email, change.push];
        for (channel, wanted) in Channel::ALL.into_iter().zip(wanted) {
            if let Some(wanted) = wanted {
                ways.insert(channel.as_str().to_owned(), json!(wanted));
            }
        }
        types.insert(change.kind.as_str().to_owned(), Value::Object(ways));
    }
    all.insert("types".to_owned(), Value::Object(types));
    match &patch.quiet_hours {
        Clearable::Keep => {}
        Clearable::Clear => drop(all.remove("quiet_hours")),
        Clearable::Set(hours) => drop(all.insert("quiet_hours".to_owned(), json!(hours))),
    }
    if let Some(digest) = patch.digest {
        all.insert("digest".to_owned(), json!(digest));
    }
    Value::Object(all)
}
