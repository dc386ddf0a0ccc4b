-- Boards: what their documents show, as rows; the identities and numbers of their tasks; and what happened.
--
-- Rows of the projection (tasks and what hangs on them, entries, links) can be made anew from the log. Identities,
-- numbers and events cannot: they are given once. Ids within a board, and order keys, are ASCII and ordered by their bytes.

-- What tasks of a project are called by: PROJ-12. Projects that exist are called by the start of their name where that
-- is three letters, and P otherwise, with a number where another one of the workspace is called the same.
ALTER TABLE projects ADD COLUMN task_key text COLLATE "C";
UPDATE projects SET task_key = called.prefix || CASE WHEN called.place > 1 OR called.prefix = 'P'
    THEN CAST(called.place AS text) ELSE '' END
FROM (
    SELECT start.id, start.prefix,
        row_number() OVER (PARTITION BY start.workspace_id, start.prefix ORDER BY start.created_at_ms, start.id) AS place
    FROM (
        SELECT id, workspace_id, created_at_ms,
            CASE WHEN upper(substr(name, 1, 3)) COLLATE "C" ~ '^[A-Z][A-Z][A-Z]$'
                THEN upper(substr(name, 1, 3)) ELSE 'P' END AS prefix
        FROM projects
    ) AS start
) AS called
WHERE projects.id = called.id;
ALTER TABLE projects ALTER COLUMN task_key SET NOT NULL;
CREATE UNIQUE INDEX projects_task_key ON projects (workspace_id, task_key);

-- What a board that nobody has edited yet begins with; gone with its first edit.
CREATE TABLE board_seeds (
    workspace_id uuid NOT NULL,
    document_id  uuid NOT NULL,
    seed         text NOT NULL,
    PRIMARY KEY (workspace_id, document_id),
    FOREIGN KEY (workspace_id, document_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE
);

-- Yjs client ids that nobody uses now, for the next one who writes to the document.
CREATE TABLE server_clients (
    workspace_id  uuid   NOT NULL,
    document_name text   COLLATE "C" NOT NULL,
    client_id     bigint NOT NULL,
    PRIMARY KEY (workspace_id, document_name, client_id),
    FOREIGN KEY (workspace_id, document_name) REFERENCES documents (workspace_id, name) ON DELETE CASCADE
);

-- The last number that a task of the project was given.
CREATE TABLE project_counters (
    workspace_id uuid   NOT NULL,
    project_id   uuid   NOT NULL,
    task_number  bigint NOT NULL,
    PRIMARY KEY (workspace_id, project_id),
    FOREIGN KEY (workspace_id, project_id) REFERENCES projects (workspace_id, id) ON DELETE CASCADE
);

-- Under which id and number a card of a board is known; stays when the card is gone.
CREATE TABLE task_identities (
    workspace_id  uuid   NOT NULL,
    board_id      uuid   NOT NULL,
    card_id       text   COLLATE "C" NOT NULL,
    id            uuid   NOT NULL,
    project_id    uuid   NOT NULL,
    number        bigint NOT NULL,
    created_at_ms bigint NOT NULL,
    PRIMARY KEY (workspace_id, board_id, card_id),
    UNIQUE (id),
    UNIQUE (workspace_id, project_id, number),
    FOREIGN KEY (workspace_id, board_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, project_id) REFERENCES projects (workspace_id, id)
);

-- Cards as they are shown, with what they are known by: a list of thousands is read without a join to their identities.
-- `assignees`, `labels` and `watchers` are ids between commas, in order. The times of what a card is are those at which it
-- was first shown so.
CREATE TABLE tasks (
    workspace_id    uuid   NOT NULL,
    board_id        uuid   NOT NULL,
    card_id         text   COLLATE "C" NOT NULL,
    id              uuid   NOT NULL,
    number          bigint NOT NULL,
    created_at_ms   bigint NOT NULL,
    state           text   NOT NULL,
    column_id       text   COLLATE "C",
    order_group     bigint NOT NULL,
    order_key       text   COLLATE "C" NOT NULL,
    title           text   NOT NULL,
    title_key       text   COLLATE "C" NOT NULL,
    priority        bigint NOT NULL,
    due             text   COLLATE "C",
    start           text   COLLATE "C",
    estimate        double precision,
    parent          text   COLLATE "C",
    assignees       text   NOT NULL,
    labels          text   NOT NULL,
    watchers        text   NOT NULL,
    checklist_total bigint NOT NULL,
    checklist_done  bigint NOT NULL,
    done            boolean NOT NULL,
    view            text   NOT NULL,
    updated_at_ms   bigint NOT NULL,
    done_at_ms      bigint,
    archived_at_ms  bigint,
    deleted_at_ms   bigint,
    version         bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, board_id, card_id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, board_id, card_id)
        REFERENCES task_identities (workspace_id, board_id, card_id) ON DELETE CASCADE,
    CHECK (state IN ('open', 'archived', 'deleted')),
    CHECK ((state = 'archived') = (archived_at_ms IS NOT NULL)),
    CHECK ((state = 'deleted') = (deleted_at_ms IS NOT NULL)),
    CHECK (done = (done_at_ms IS NOT NULL))
);
CREATE INDEX tasks_place ON tasks (workspace_id, board_id, column_id, order_group, order_key, card_id);
CREATE INDEX tasks_parent ON tasks (workspace_id, board_id, parent) WHERE parent IS NOT NULL;
CREATE INDEX tasks_trash ON tasks (deleted_at_ms) WHERE deleted_at_ms IS NOT NULL;

-- Who works on a task and who hears of it, to find the tasks of somebody: by id as the document has it, which is not always
-- an account of ours. It refers to the board and not to the task: Postgres would look each task up among all of its board
-- while it has no statistics, which makes thousands of cards at once slow.
CREATE TABLE task_members (
    workspace_id uuid   NOT NULL,
    board_id     uuid   NOT NULL,
    card_id      text   COLLATE "C" NOT NULL,
    role         text   NOT NULL,
    user_id      text   COLLATE "C" NOT NULL,
    task_id      uuid   NOT NULL,
    PRIMARY KEY (workspace_id, board_id, card_id, role, user_id),
    FOREIGN KEY (workspace_id, board_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    CHECK (role IN ('assignee', 'watcher'))
);
CREATE INDEX task_members_user ON task_members (workspace_id, user_id, role, board_id, task_id);

-- Relations between cards of a board. Their ends are not required to have rows: what is shown is the document's to say.
CREATE TABLE task_links (
    workspace_id uuid    NOT NULL,
    board_id     uuid    NOT NULL,
    from_card    text    COLLATE "C" NOT NULL,
    kind         text    NOT NULL,
    to_card      text    COLLATE "C" NOT NULL,
    cyclic       boolean NOT NULL,
    PRIMARY KEY (workspace_id, board_id, from_card, kind, to_card),
    FOREIGN KEY (workspace_id, board_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    CHECK (kind IN ('blocks', 'precedes', 'duplicates', 'relates'))
);
CREATE INDEX task_links_to ON task_links (workspace_id, board_id, to_card);

-- Columns, lanes, labels and custom fields of a board.
CREATE TABLE board_entries (
    workspace_id uuid   NOT NULL,
    board_id     uuid   NOT NULL,
    kind         text   NOT NULL,
    entry_id     text   COLLATE "C" NOT NULL,
    position     bigint NOT NULL,
    name         text   NOT NULL,
    name_key     text   COLLATE "C" NOT NULL,
    category     text   NOT NULL,
    view         text   NOT NULL,
    PRIMARY KEY (workspace_id, board_id, kind, entry_id),
    FOREIGN KEY (workspace_id, board_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    CHECK (kind IN ('column', 'lane', 'label', 'field'))
);

-- The last place in a workspace's sequence of events. Locked by whoever writes events until they commit, so that
-- places are given out in the order of the commits, without a gap.
CREATE TABLE workspace_sequences (
    workspace_id uuid   NOT NULL PRIMARY KEY REFERENCES workspaces (workspace_id),
    event_seq    bigint NOT NULL
);

-- What happened. Events outlive what they are about, so they refer to nothing by a foreign key; when that is removed
-- for good, their `data` becomes an empty object.
CREATE TABLE events (
    workspace_id  uuid   NOT NULL,
    seq           bigint NOT NULL,
    id            uuid   NOT NULL,
    kind          text   COLLATE "C" NOT NULL,
    project_id    uuid,
    document_id   uuid,
    task_id       uuid,
    card_id       text   COLLATE "C",
    actor_user_id uuid,
    data          text   NOT NULL,
    created_at_ms bigint NOT NULL,
    PRIMARY KEY (workspace_id, seq),
    UNIQUE (workspace_id, id)
);
CREATE INDEX events_task ON events (workspace_id, task_id, seq) WHERE task_id IS NOT NULL;
CREATE INDEX events_document ON events (workspace_id, document_id, seq) WHERE document_id IS NOT NULL;
CREATE INDEX events_project ON events (workspace_id, project_id, seq) WHERE project_id IS NOT NULL;

-- The second line, as for the tables before.
DO $$
DECLARE
    owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY[
        'board_seeds',
        'server_clients',
        'project_counters',
        'task_identities',
        'tasks',
        'task_members',
        'task_links',
        'board_entries',
        'workspace_sequences',
        'events'
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
