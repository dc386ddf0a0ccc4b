-- Who asks to see a document that they do not see, and how often somebody asked today.

-- One row for a person and a document. Open until it is declined or they see the document; the row of one that was declined stays for a
-- while, so that asking again tells nobody. `message` is what they say to those who may share it.
CREATE TABLE access_requests (
    workspace_id   uuid   NOT NULL,
    id             uuid   NOT NULL,
    document_id    uuid   NOT NULL,
    user_id        uuid   NOT NULL,
    message        text   NOT NULL,
    created_at_ms  bigint NOT NULL,
    declined_at_ms bigint,
    PRIMARY KEY (workspace_id, document_id, user_id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, document_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX access_requests_user ON access_requests (workspace_id, user_id);
CREATE INDEX access_requests_old ON access_requests (created_at_ms);

-- When somebody was let in or declined, nobody else has to decide it any more.
CREATE INDEX notifications_access ON notifications (workspace_id, thread_key) WHERE kind = 'access_requested';

-- How often somebody asked on a day (counted from 1970, UTC), whether there is such a document or not. It is theirs in all workspaces.
CREATE TABLE access_request_counts (
    user_id uuid   NOT NULL PRIMARY KEY REFERENCES users (id),
    day     bigint NOT NULL,
    asked   bigint NOT NULL
);

-- See 0002_records.sql.
DO $$
DECLARE
    owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY[
        'access_requests'
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
