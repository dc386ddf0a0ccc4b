-- Documents, their update logs, their newest snapshots and the archive of folded updates.
-- Times are milliseconds since 1970 UTC, checksums and blob keys are SHA-256 as 32 bytes.

CREATE TABLE documents (
    id                uuid   NOT NULL PRIMARY KEY,
    workspace_id      uuid   NOT NULL,
    name              text   COLLATE "C" NOT NULL,
    created_at_ms     bigint NOT NULL,
    head_seq          bigint NOT NULL,
    snapshot_seq      bigint NOT NULL DEFAULT 0,
    quarantined_at_ms bigint,
    quarantine_reason text,
    UNIQUE (workspace_id, name),
    CHECK (0 <= snapshot_seq AND snapshot_seq <= head_seq),
    CHECK ((quarantined_at_ms IS NULL) = (quarantine_reason IS NULL))
);

-- The log: what was committed after the newest snapshot. Updates are dense already, so they are stored uncompressed.
CREATE TABLE updates (
    document_id   uuid   NOT NULL REFERENCES documents (id),
    seq           bigint NOT NULL,
    workspace_id  uuid   NOT NULL,
    author        text,
    created_at_ms bigint NOT NULL,
    bytes         bytea  NOT NULL,
    PRIMARY KEY (document_id, seq)
);
ALTER TABLE updates ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE snapshots (
    document_id   uuid   NOT NULL PRIMARY KEY REFERENCES documents (id),
    workspace_id  uuid   NOT NULL,
    seq           bigint NOT NULL,
    size_bytes    bigint NOT NULL,
    checksum      bytea  NOT NULL,
    inline_bytes  bytea,
    blob_key      bytea,
    created_at_ms bigint NOT NULL,
    CHECK ((inline_bytes IS NULL) <> (blob_key IS NULL))
);

-- The archive: segments of updates that were folded into a snapshot. Together with the log it is the whole truth.
CREATE TABLE history (
    document_id   uuid   NOT NULL REFERENCES documents (id),
    first_seq     bigint NOT NULL,
    last_seq      bigint NOT NULL,
    workspace_id  uuid   NOT NULL,
    size_bytes    bigint NOT NULL,
    checksum      bytea  NOT NULL,
    inline_bytes  bytea,
    blob_key      bytea,
    created_at_ms bigint NOT NULL,
    PRIMARY KEY (document_id, first_seq),
    CHECK (first_seq <= last_seq),
    CHECK ((inline_bytes IS NULL) <> (blob_key IS NULL))
);

-- One row that is written when the storage is asked whether it can be written again after a failure.
CREATE TABLE write_probe (
    id            bigint NOT NULL PRIMARY KEY CHECK (id = 1),
    written_at_ms bigint NOT NULL
);
