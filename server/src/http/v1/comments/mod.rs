//! Comments on documents and tasks, replies, reactions: `/v1/comments` and what leads there.
//!
//! Comments live beside documents, not in them: whoever may only comment never writes to a document. Invariant: nobody
//! is mentioned who may not see what the comment is about.

mod anchor;
mod change;
mod create;
mod delete;
mod emoji;
mod gate;
mod list;
mod mentions;
mod reactions;
mod read;
mod resolve;
mod shapes;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::default()
        .routes(routes!(
            list::list_document_comments,
            create::create_document_comment
        ))
        .routes(routes!(list::list_task_comments, create::create_task_comment))
        .routes(routes!(
            read::get_comment,
            change::change_comment,
            delete::delete_comment
        ))
        .routes(routes!(resolve::resolve_comment))
        .routes(routes!(resolve::reopen_comment))
        .routes(routes!(reactions::list_comment_reactions))
        .routes(routes!(
            reactions::put_comment_reaction,
            reactions::remove_comment_reaction
        ))
}
