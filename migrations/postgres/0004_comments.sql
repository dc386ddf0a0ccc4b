-- What people say about documents and tasks, and what they keep for themselves.
--
-- A topic is a document (task_id is null) or a task of a board (document_id is the board). What is said about a task
-- stays when its card is removed, which an undo can bring back, and goes with the board.

-- What happens to a team, and to who is in it, is seen by those who see the team.
ALTER TABLE events ADD COLUMN team_id uuid;

-- Files of a task are attached to its board and name the task.
ALTER TABLE attachments ADD COLUMN task_id uuid;
CREATE INDEX attachments_task ON attachments (workspace_id, task_id, id) WHERE task_id IS NOT NULL;

-- A comment, or a reply to one. It is somebody's with an account, or of whom an application or a link has let in.
-- `mentions` are ids of accounts between commas, `anchor` is a JSON object.
CREATE TABLE comments (
    workspace_id   uuid   NOT NULL,
    id             uuid   NOT NULL,
    document_id    uuid   NOT NULL,
    task_id        uuid,
    parent_id      uuid,
    author_user_id uuid   REFERENCES users (id),
    author_subject text,
    author_name    text,
    body           text   NOT NULL,
    mentions       text   NOT NULL DEFAULT '',
    anchor         text,
    created_at_ms  bigint NOT NULL,
    edited_at_ms   bigint,
    deleted_at_ms  bigint,
    resolved_at_ms bigint,
    resolved_by    uuid   REFERENCES users (id),
    version        bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, document_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, parent_id) REFERENCES comments (workspace_id, id) ON DELETE CASCADE,
    CHECK ((author_user_id IS NULL) <> (author_subject IS NULL))
);
CREATE INDEX comments_document ON comments (workspace_id, document_id, created_at_ms, id) WHERE task_id IS NULL;
CREATE INDEX comments_task ON comments (workspace_id, task_id, created_at_ms, id) WHERE task_id IS NOT NULL;
CREATE INDEX comments_parent ON comments (workspace_id, parent_id, created_at_ms, id) WHERE parent_id IS NOT NULL;
CREATE INDEX comments_of_document ON comments (workspace_id, document_id);

CREATE TABLE comment_reactions (
    workspace_id  uuid   NOT NULL,
    comment_id    uuid   NOT NULL,
    emoji         text   COLLATE "C" NOT NULL,
    user_id       uuid   NOT NULL REFERENCES users (id),
    created_at_ms bigint NOT NULL,
    PRIMARY KEY (workspace_id, comment_id, emoji, user_id),
    FOREIGN KEY (workspace_id, comment_id) REFERENCES comments (workspace_id, id) ON DELETE CASCADE
);

-- Who hears of a topic, or wants to hear no more. `topic_id` is the id of the task or the document.
CREATE TABLE subscriptions (
    workspace_id  uuid   NOT NULL,
    topic         text   NOT NULL,
    topic_id      uuid   NOT NULL,
    user_id       uuid   NOT NULL,
    document_id   uuid   NOT NULL,
    state         text   NOT NULL,
    reason        text   NOT NULL,
    created_at_ms bigint NOT NULL,
    updated_at_ms bigint NOT NULL,
    version       bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, topic, topic_id, user_id),
    FOREIGN KEY (workspace_id, document_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE,
    CHECK (topic IN ('document', 'task')),
    CHECK (state IN ('watching', 'muted')),
    CHECK (reason IN ('chosen', 'commented', 'mentioned', 'assigned', 'created'))
);
CREATE INDEX subscriptions_document ON subscriptions (workspace_id, document_id);
CREATE INDEX subscriptions_user ON subscriptions (workspace_id, user_id);

-- Filters of task lists that have a name. `filter` is a JSON object with the names of the query's parameters.
CREATE TABLE saved_views (
    workspace_id  uuid   NOT NULL,
    id            uuid   NOT NULL,
    project_id    uuid   NOT NULL,
    owner_user_id uuid   NOT NULL REFERENCES users (id),
    name          text   NOT NULL,
    visibility    text   NOT NULL,
    filter        text   NOT NULL,
    sort          text   NOT NULL,
    created_at_ms bigint NOT NULL,
    updated_at_ms bigint NOT NULL,
    version       bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, project_id) REFERENCES projects (workspace_id, id) ON DELETE CASCADE,
    CHECK (visibility IN ('personal', 'project'))
);
CREATE INDEX saved_views_project ON saved_views (workspace_id, project_id, created_at_ms, id);

-- When somebody wants to be reminded of a task: at a moment, or so many minutes before it is due. `due_at_ms` is when;
-- null if the task has no date. Of the second sort it was worked out from `basis`, the task's date; null makes it be
-- worked out anew.
CREATE TABLE reminders (
    workspace_id   uuid   NOT NULL,
    id             uuid   NOT NULL,
    document_id    uuid   NOT NULL,
    task_id        uuid   NOT NULL,
    user_id        uuid   NOT NULL,
    at_ms          bigint,
    minutes_before bigint,
    due_at_ms      bigint,
    basis          text,
    sent_at_ms     bigint,
    created_at_ms  bigint NOT NULL,
    version        bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, document_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE,
    CHECK ((at_ms IS NULL) <> (minutes_before IS NULL))
);
CREATE UNIQUE INDEX reminders_once ON reminders (workspace_id, task_id, user_id, COALESCE(at_ms, -1), COALESCE(minutes_before, -1));
CREATE INDEX reminders_document ON reminders (workspace_id, document_id);
CREATE INDEX reminders_user ON reminders (workspace_id, user_id);
CREATE INDEX reminders_due ON reminders (due_at_ms) WHERE sent_at_ms IS NULL AND due_at_ms IS NOT NULL;

-- See 0002_records.sql.
DO $$
DECLARE
    owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY[
        'comments',
        'comment_reactions',
        'subscriptions',
        'saved_views',
        'reminders'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', owned);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', owned);
        EXECUTE format(
            'CREATE POLICY tenant ON %I USING (current_setting(''weft.workspace'', true) IN (''*'', workspace_id::text))',
            owned
        );
    END LOOP;
END
$$;
