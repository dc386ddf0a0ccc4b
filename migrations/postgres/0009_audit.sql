-- The audit log: who did what to what, when, and from where.
--
-- Entries form a chain for each workspace, and one for the server itself under the id that is all zeros: each holds the hash of the
-- one before it (docs/audit.md says of which bytes). They are never changed and never removed, so nothing refers to them and they
-- refer to nothing.

CREATE TABLE audit_entries (
    workspace_id uuid   NOT NULL,
    seq          bigint NOT NULL,
    id           uuid   NOT NULL,
    at_ms        bigint NOT NULL,
    actor_kind   text   NOT NULL,
    actor_id     uuid,
    action       text   NOT NULL,
    subject_kind text   NOT NULL,
    subject_id   uuid,
    address      text,
    user_agent   text,
    request_id   text,
    details      text   NOT NULL,
    event_seq    bigint,
    prev_hash    bytea  NOT NULL,
    hash         bytea  NOT NULL,
    PRIMARY KEY (workspace_id, seq),
    UNIQUE (id),
    CHECK (seq > 0),
    CHECK (length(prev_hash) = 32 AND length(hash) = 32)
);
-- An event has one entry, whatever goes wrong.
CREATE UNIQUE INDEX audit_entries_event ON audit_entries (workspace_id, event_seq) WHERE event_seq IS NOT NULL;

-- Where the chain of a workspace ends, and up to which event it was written. Nothing of it is believed without the chain.
CREATE TABLE audit_heads (
    workspace_id uuid   NOT NULL PRIMARY KEY,
    seq          bigint NOT NULL,
    hash         bytea,
    event_seq    bigint NOT NULL
);

CREATE FUNCTION audit_entries_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entries of the audit log are never changed or removed';
END
$$;
CREATE TRIGGER audit_entries_stay BEFORE UPDATE OR DELETE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION audit_entries_stay();
CREATE TRIGGER audit_entries_stay_all BEFORE TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_stay();

-- What has happened until now has no entries.
SELECT set_config('weft.workspace', '*', true);
INSERT INTO audit_heads (workspace_id, seq, hash, event_seq) SELECT workspace_id, 0, NULL, event_seq FROM workspace_sequences;

-- See 0002_records.sql.
DO $$
DECLARE
    owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY[
        'audit_entries',
        'audit_heads'
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
