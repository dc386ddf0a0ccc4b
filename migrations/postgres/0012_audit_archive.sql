-- Old entries of the audit log leave the database for segments, and what is left is found by what is asked for.
--
-- A segment holds consecutive entries, in the bytes of an export, compressed (docs/audit.md). Its row is written by the transaction
-- that removes them, after its bytes are on stable storage. Segments follow each other from entry 1 without a gap.

CREATE TABLE audit_segments (
    workspace_id   uuid   NOT NULL,
    first_seq      bigint NOT NULL,
    last_seq       bigint NOT NULL,
    -- The earliest and the latest time of an entry in it.
    first_at_ms    bigint NOT NULL,
    last_at_ms     bigint NOT NULL,
    -- The hash before its first entry, and that of its last.
    prev_hash      bytea  NOT NULL,
    last_hash      bytea  NOT NULL,
    archived_at_ms bigint NOT NULL,
    size_bytes     bigint NOT NULL,
    checksum       bytea  NOT NULL,
    blob_key       bytea,
    inline_bytes   bytea,
    PRIMARY KEY (workspace_id, last_seq),
    UNIQUE (workspace_id, first_seq),
    CHECK (0 < first_seq AND first_seq <= last_seq),
    CHECK (length(prev_hash) = 32 AND length(last_hash) = 32),
    CHECK ((inline_bytes IS NULL) <> (blob_key IS NULL))
);

CREATE FUNCTION audit_segments_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'segments of the audit log are never changed or removed';
END
$$;
CREATE TRIGGER audit_segments_stay BEFORE UPDATE OR DELETE ON audit_segments
    FOR EACH ROW EXECUTE FUNCTION audit_segments_stay();
CREATE TRIGGER audit_segments_stay_all BEFORE TRUNCATE ON audit_segments
    FOR EACH STATEMENT EXECUTE FUNCTION audit_segments_stay();

-- An entry is removed only when a segment has it.
CREATE OR REPLACE FUNCTION audit_entries_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.seq <= (SELECT max(s.last_seq) FROM audit_segments s WHERE s.workspace_id = OLD.workspace_id) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'entries of the audit log are never changed or removed';
END
$$;

-- One for each filter. The order of a page is that of the chain.
CREATE INDEX audit_entries_actor ON audit_entries (workspace_id, actor_id, seq) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_entries_subject ON audit_entries (workspace_id, subject_id, seq) WHERE subject_id IS NOT NULL;
-- Every entry has an action. SQLite believes that an index with a condition is small, and else prefers the order of the chain to it.
CREATE INDEX audit_entries_action ON audit_entries (workspace_id, action, seq) WHERE action IS NOT NULL;
CREATE INDEX audit_entries_time ON audit_entries (workspace_id, at_ms, seq);

-- The latest time of an entry, and by how much one was ever written behind a later one: so a time is found in the chain, whose order is
-- that of the commits.
SELECT set_config('weft.workspace', '*', true);
ALTER TABLE audit_heads ADD COLUMN latest_ms bigint NOT NULL DEFAULT 0;
ALTER TABLE audit_heads ADD COLUMN late_ms bigint NOT NULL DEFAULT 0;
UPDATE audit_heads SET
    latest_ms = COALESCE((SELECT max(a.at_ms) FROM audit_entries a WHERE a.workspace_id = audit_heads.workspace_id), 0),
    late_ms = COALESCE((
        SELECT max(o.latest_ms - o.at_ms) FROM (
            SELECT a.at_ms AS at_ms, max(a.at_ms) OVER (ORDER BY a.seq) AS latest_ms
            FROM audit_entries a WHERE a.workspace_id = audit_heads.workspace_id
        ) o
    ), 0);

-- See 0002_records.sql.
DO $$
DECLARE
    owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY[
        'audit_segments'
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
