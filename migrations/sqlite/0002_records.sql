-- People, workspaces and what belongs to them.
--
-- A table with a column workspace_id belongs to tenants: the column leads its keys, every foreign key to another such
-- table carries it. Tables without it belong to the server as a whole.
-- Times are milliseconds since 1970 UTC, dates are YYYY-MM-DD, hashes are SHA-256 as 32 bytes. `version` counts the
-- changes of a row and is its entity tag.

-- Accounts.
CREATE TABLE users (
    id                       BLOB    NOT NULL PRIMARY KEY,
    email                    TEXT    NOT NULL,
    email_key                TEXT    NOT NULL UNIQUE,
    username                 TEXT,
    username_key             TEXT    UNIQUE,
    password_hash            TEXT,
    first_name               TEXT    NOT NULL,
    last_name                TEXT    NOT NULL,
    phone_number             TEXT,
    server_role              TEXT    NOT NULL,
    status                   TEXT    NOT NULL,
    preferences              TEXT    NOT NULL DEFAULT '{}',
    notification_preferences TEXT    NOT NULL DEFAULT '{}',
    avatar_object            BLOB,
    avatar_type              TEXT,
    email_verified_at_ms     INTEGER,
    password_changed_at_ms   INTEGER,
    created_at_ms            INTEGER  NOT NULL,
    updated_at_ms            INTEGER  NOT NULL,
    deleted_at_ms            INTEGER,
    version                  INTEGER  NOT NULL DEFAULT 1,
    CHECK (server_role IN ('user', 'admin')),
    CHECK (status IN ('active', 'inactive', 'pending_verification'))
) STRICT;

-- Who vouches for an account at another provider: the pair of issuer and subject, never an address alone.
CREATE TABLE external_identities (
    issuer          TEXT   NOT NULL,
    subject         TEXT   NOT NULL,
    user_id         BLOB   NOT NULL REFERENCES users (id),
    created_at_ms   INTEGER NOT NULL,
    last_used_at_ms INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT;
CREATE INDEX external_identities_user ON external_identities (user_id);

-- A login and the family of its refresh tokens.
CREATE TABLE sessions (
    id              BLOB   NOT NULL PRIMARY KEY,
    user_id         BLOB   NOT NULL REFERENCES users (id),
    kind            TEXT   NOT NULL,
    user_agent      TEXT,
    address         TEXT,
    generation      INTEGER NOT NULL DEFAULT 0,
    created_at_ms   INTEGER NOT NULL,
    last_used_at_ms INTEGER NOT NULL,
    expires_at_ms   INTEGER NOT NULL,
    ended_at_ms     INTEGER,
    end_reason      TEXT,
    CHECK (kind IN ('password', 'oidc', 'oauth'))
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id, id);

CREATE TABLE refresh_tokens (
    token_hash         BLOB  NOT NULL PRIMARY KEY,
    session_id         BLOB   NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    generation         INTEGER NOT NULL,
    idle_expires_at_ms INTEGER NOT NULL,
    superseded_at_ms   INTEGER,
    UNIQUE (session_id, generation)
) STRICT;

-- Codes that are sent by mail, tickets, the setup token, logins under way at another provider.
CREATE TABLE single_use_tokens (
    token_hash    BLOB  NOT NULL PRIMARY KEY,
    kind          TEXT   NOT NULL,
    user_id       BLOB   REFERENCES users (id),
    session_id    BLOB   REFERENCES sessions (id) ON DELETE CASCADE,
    payload       TEXT   NOT NULL DEFAULT '{}',
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    used_at_ms    INTEGER,
    revoked_at_ms INTEGER
) STRICT;
CREATE INDEX single_use_tokens_user ON single_use_tokens (user_id, kind);
CREATE INDEX single_use_tokens_expiry ON single_use_tokens (expires_at_ms);

CREATE TABLE signing_keys (
    kid           TEXT   NOT NULL PRIMARY KEY,
    sealed        BLOB  NOT NULL,
    created_at_ms INTEGER NOT NULL,
    signs_from_ms INTEGER NOT NULL
) STRICT;

-- Values that all nodes share, by name; secrets among them are sealed.
CREATE TABLE server_values (
    name  TEXT  NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

-- What a request with an Idempotency-Key was answered; the row commits with the effect of the request.
CREATE TABLE idempotency_keys (
    principal     TEXT   NOT NULL,
    key           TEXT   NOT NULL,
    fingerprint   BLOB  NOT NULL,
    status        INTEGER,
    headers       TEXT,
    body          BLOB,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    PRIMARY KEY (principal, key)
) STRICT;
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at_ms);

-- Raised in the transaction of every change of rights; nodes look here for whose sockets to check again.
-- `subject` is the id of a user or a workspace.
CREATE TABLE access_epochs (
    subject       BLOB   NOT NULL PRIMARY KEY,
    kind          TEXT   NOT NULL,
    epoch         INTEGER NOT NULL,
    changed_at_ms INTEGER NOT NULL,
    CHECK (kind IN ('user', 'workspace'))
) STRICT;
CREATE INDEX access_epochs_changed ON access_epochs (changed_at_ms);

CREATE TABLE workspaces (
    workspace_id  BLOB   NOT NULL PRIMARY KEY,
    name          TEXT   NOT NULL,
    settings      TEXT   NOT NULL DEFAULT '{}',
    created_by    BLOB   REFERENCES users (id),
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    deleted_at_ms INTEGER,
    version       INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE workspace_members (
    workspace_id  BLOB   NOT NULL REFERENCES workspaces (workspace_id),
    user_id       BLOB   NOT NULL REFERENCES users (id),
    role          TEXT   NOT NULL,
    joined_at_ms  INTEGER NOT NULL,
    version       INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, user_id),
    CHECK (role IN ('owner', 'admin', 'manager', 'member', 'guest'))
) STRICT;
CREATE INDEX workspace_members_user ON workspace_members (user_id, workspace_id);

-- Mail domains that a workspace has claimed.
CREATE TABLE workspace_domains (
    workspace_id  BLOB   NOT NULL REFERENCES workspaces (workspace_id),
    domain        TEXT   NOT NULL,
    created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, domain)
) STRICT;

CREATE TABLE invitations (
    workspace_id   BLOB   NOT NULL REFERENCES workspaces (workspace_id),
    id             BLOB   NOT NULL,
    email          TEXT   NOT NULL,
    email_key      TEXT   NOT NULL,
    role           TEXT   NOT NULL,
    token_hash     BLOB  NOT NULL UNIQUE,
    invited_by     BLOB   NOT NULL REFERENCES users (id),
    created_at_ms  INTEGER NOT NULL,
    expires_at_ms  INTEGER NOT NULL,
    accepted_at_ms INTEGER,
    accepted_by    BLOB   REFERENCES users (id),
    revoked_at_ms  INTEGER,
    version        INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    CHECK (role IN ('owner', 'admin', 'manager', 'member', 'guest'))
) STRICT;
CREATE UNIQUE INDEX invitations_open ON invitations (workspace_id, email_key)
    WHERE accepted_at_ms IS NULL AND revoked_at_ms IS NULL;

CREATE TABLE teams (
    workspace_id  BLOB   NOT NULL REFERENCES workspaces (workspace_id),
    id            BLOB   NOT NULL,
    name          TEXT   NOT NULL,
    name_key      TEXT   NOT NULL,
    description   TEXT   NOT NULL DEFAULT '',
    owner_user_id BLOB   NOT NULL REFERENCES users (id),
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    deleted_at_ms INTEGER,
    version       INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id)
) STRICT;
CREATE UNIQUE INDEX teams_name ON teams (workspace_id, name_key) WHERE deleted_at_ms IS NULL;

CREATE TABLE team_members (
    workspace_id BLOB   NOT NULL,
    team_id      BLOB   NOT NULL,
    user_id      BLOB   NOT NULL,
    role         TEXT   NOT NULL,
    joined_at_ms INTEGER NOT NULL,
    version      INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, team_id, user_id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE,
    CHECK (role IN ('admin', 'member'))
) STRICT;
CREATE INDEX team_members_user ON team_members (workspace_id, user_id);

CREATE TABLE projects (
    workspace_id  BLOB   NOT NULL,
    id            BLOB   NOT NULL,
    team_id       BLOB   NOT NULL,
    name          TEXT   NOT NULL,
    name_key      TEXT   NOT NULL,
    description   TEXT   NOT NULL DEFAULT '',
    status        TEXT   NOT NULL,
    start_date    TEXT  ,
    end_date      TEXT  ,
    owner_user_id BLOB   NOT NULL REFERENCES users (id),
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    deleted_at_ms INTEGER,
    deleted_by    BLOB   REFERENCES users (id),
    version       INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id),
    CHECK (status IN ('active', 'on_hold', 'completed', 'archived'))
) STRICT;
CREATE INDEX projects_team ON projects (workspace_id, team_id, id);
CREATE INDEX projects_trash ON projects (deleted_at_ms) WHERE deleted_at_ms IS NOT NULL;

CREATE TABLE project_members (
    workspace_id BLOB   NOT NULL,
    project_id   BLOB   NOT NULL,
    user_id      BLOB   NOT NULL,
    role         TEXT   NOT NULL,
    joined_at_ms INTEGER NOT NULL,
    version      INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, project_id, user_id),
    FOREIGN KEY (workspace_id, project_id) REFERENCES projects (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE,
    CHECK (role IN ('owner', 'editor', 'commenter', 'viewer'))
) STRICT;
CREATE INDEX project_members_user ON project_members (workspace_id, user_id);

-- Documents and boards that belong to projects. Their updates lie in the log under log_name, the text of the id.
CREATE TABLE project_documents (
    workspace_id   BLOB   NOT NULL,
    id             BLOB   NOT NULL,
    log_name       TEXT   NOT NULL,
    project_id     BLOB   NOT NULL,
    kind           TEXT   NOT NULL,
    title          TEXT   NOT NULL,
    title_key      TEXT   NOT NULL,
    owner_user_id  BLOB   NOT NULL REFERENCES users (id),
    created_by     BLOB   NOT NULL REFERENCES users (id),
    created_at_ms  INTEGER NOT NULL,
    updated_at_ms  INTEGER NOT NULL,
    archived_at_ms INTEGER,
    deleted_at_ms  INTEGER,
    deleted_by     BLOB   REFERENCES users (id),
    version        INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, project_id) REFERENCES projects (workspace_id, id),
    CHECK (kind IN ('text', 'spreadsheet', 'presentation', 'board'))
) STRICT;
CREATE INDEX project_documents_project ON project_documents (workspace_id, project_id, id);
CREATE INDEX project_documents_trash ON project_documents (deleted_at_ms) WHERE deleted_at_ms IS NOT NULL;

-- What is shared with somebody by name.
CREATE TABLE document_shares (
    workspace_id  BLOB   NOT NULL,
    document_id   BLOB   NOT NULL,
    user_id       BLOB   NOT NULL,
    role          TEXT   NOT NULL,
    shared_by     BLOB   NOT NULL REFERENCES users (id),
    created_at_ms INTEGER NOT NULL,
    version       INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, document_id, user_id),
    FOREIGN KEY (workspace_id, document_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE,
    CHECK (role IN ('owner', 'editor', 'commenter', 'viewer'))
) STRICT;
CREATE INDEX document_shares_user ON document_shares (workspace_id, user_id);

-- Links that open a document for whoever holds them.
CREATE TABLE link_shares (
    workspace_id  BLOB   NOT NULL,
    id            BLOB   NOT NULL,
    document_id   BLOB   NOT NULL,
    token_hash    BLOB  NOT NULL UNIQUE,
    role          TEXT   NOT NULL,
    password_hash TEXT,
    created_by    BLOB   NOT NULL REFERENCES users (id),
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER,
    revoked_at_ms INTEGER,
    version       INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, document_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    CHECK (role IN ('editor', 'commenter', 'viewer'))
) STRICT;
CREATE INDEX link_shares_document ON link_shares (workspace_id, document_id);

CREATE TABLE attachments (
    workspace_id  BLOB   NOT NULL REFERENCES workspaces (workspace_id),
    id            BLOB   NOT NULL,
    document_id   BLOB   NOT NULL,
    name          TEXT   NOT NULL,
    content_type  TEXT   NOT NULL,
    size_bytes    INTEGER NOT NULL,
    checksum      BLOB,
    state         TEXT   NOT NULL,
    created_by    BLOB   NOT NULL REFERENCES users (id),
    created_at_ms INTEGER NOT NULL,
    version       INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, document_id) REFERENCES project_documents (workspace_id, id),
    CHECK (state IN ('pending', 'ready'))
) STRICT;
CREATE INDEX attachments_document ON attachments (workspace_id, document_id, id);

CREATE TABLE api_keys (
    workspace_id    BLOB   NOT NULL,
    id              BLOB   NOT NULL,
    user_id         BLOB   NOT NULL,
    name            TEXT   NOT NULL,
    key_hash        BLOB  NOT NULL UNIQUE,
    hint            TEXT   NOT NULL,
    scopes          TEXT   NOT NULL,
    created_at_ms   INTEGER NOT NULL,
    expires_at_ms   INTEGER,
    last_used_at_ms INTEGER,
    revoked_at_ms   INTEGER,
    version         INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX api_keys_user ON api_keys (user_id);

-- Applications that ask people for access. `secrets`, `redirects` and `grants` are JSON arrays.
CREATE TABLE oauth_clients (
    workspace_id   BLOB   NOT NULL REFERENCES workspaces (workspace_id),
    id             BLOB   NOT NULL,
    name           TEXT   NOT NULL,
    kind           TEXT   NOT NULL,
    secrets        TEXT   NOT NULL,
    redirects      TEXT   NOT NULL,
    grants         TEXT   NOT NULL,
    scopes         TEXT   NOT NULL,
    created_by     BLOB   NOT NULL REFERENCES users (id),
    created_at_ms  INTEGER NOT NULL,
    updated_at_ms  INTEGER NOT NULL,
    disabled_at_ms INTEGER,
    version        INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id)
) STRICT;

-- What somebody has allowed an application; its tokens stand and fall with it. `session_id` holds its refresh tokens.
CREATE TABLE oauth_grants (
    workspace_id       BLOB   NOT NULL,
    id                 BLOB   NOT NULL,
    client_id          BLOB   NOT NULL,
    user_id            BLOB   NOT NULL REFERENCES users (id),
    session_id         BLOB   REFERENCES sessions (id),
    scopes             TEXT   NOT NULL,
    confined_to        BLOB,
    created_at_ms      INTEGER NOT NULL,
    revoked_at_ms      INTEGER,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, client_id) REFERENCES oauth_clients (workspace_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX oauth_grants_user ON oauth_grants (user_id);

CREATE TABLE oauth_codes (
    workspace_id        BLOB   NOT NULL,
    code_hash           BLOB  NOT NULL UNIQUE,
    client_id           BLOB   NOT NULL,
    user_id             BLOB   NOT NULL REFERENCES users (id),
    grant_id            BLOB   NOT NULL,
    redirect            TEXT   NOT NULL,
    scopes              TEXT   NOT NULL,
    confined_to         BLOB,
    challenge           TEXT   NOT NULL,
    nonce               TEXT,
    authenticated_at_ms INTEGER NOT NULL,
    expires_at_ms       INTEGER NOT NULL,
    redeemed_at_ms      INTEGER,
    PRIMARY KEY (workspace_id, code_hash),
    FOREIGN KEY (workspace_id, client_id) REFERENCES oauth_clients (workspace_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX oauth_codes_expiry ON oauth_codes (expires_at_ms);
