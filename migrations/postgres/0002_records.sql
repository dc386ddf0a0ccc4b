-- People, workspaces and what belongs to them.
--
-- A table with a column workspace_id belongs to tenants: the column leads its keys, every foreign key to another such
-- table carries it, and row-level security stands behind it. Tables without it belong to the server as a whole.
-- Times are milliseconds since 1970 UTC, dates are YYYY-MM-DD, hashes are SHA-256 as 32 bytes. `version` counts the
-- changes of a row and is its entity tag.

-- Accounts.
CREATE TABLE users (
    id                       uuid    NOT NULL PRIMARY KEY,
    email                    text    NOT NULL,
    email_key                text    COLLATE "C" NOT NULL UNIQUE,
    username                 text,
    username_key             text    COLLATE "C" UNIQUE,
    password_hash            text,
    first_name               text    NOT NULL,
    last_name                text    NOT NULL,
    phone_number             text,
    server_role              text    NOT NULL,
    status                   text    NOT NULL,
    preferences              text    NOT NULL DEFAULT '{}',
    notification_preferences text    NOT NULL DEFAULT '{}',
    avatar_object            uuid,
    avatar_type              text,
    email_verified_at_ms     bigint,
    password_changed_at_ms   bigint,
    created_at_ms            bigint  NOT NULL,
    updated_at_ms            bigint  NOT NULL,
    deleted_at_ms            bigint,
    version                  bigint  NOT NULL DEFAULT 1,
    CHECK (server_role IN ('user', 'admin')),
    CHECK (status IN ('active', 'inactive', 'pending_verification'))
);

-- Who vouches for an account at another provider: the pair of issuer and subject, never an address alone.
CREATE TABLE external_identities (
    issuer          text   COLLATE "C" NOT NULL,
    subject         text   COLLATE "C" NOT NULL,
    user_id         uuid   NOT NULL REFERENCES users (id),
    created_at_ms   bigint NOT NULL,
    last_used_at_ms bigint NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX external_identities_user ON external_identities (user_id);

-- A login and the family of its refresh tokens.
CREATE TABLE sessions (
    id              uuid   NOT NULL PRIMARY KEY,
    user_id         uuid   NOT NULL REFERENCES users (id),
    kind            text   NOT NULL,
    user_agent      text,
    address         text,
    generation      bigint NOT NULL DEFAULT 0,
    created_at_ms   bigint NOT NULL,
    last_used_at_ms bigint NOT NULL,
    expires_at_ms   bigint NOT NULL,
    ended_at_ms     bigint,
    end_reason      text,
    CHECK (kind IN ('password', 'oidc', 'oauth'))
);
CREATE INDEX sessions_user ON sessions (user_id, id);

CREATE TABLE refresh_tokens (
    token_hash         bytea  NOT NULL PRIMARY KEY,
    session_id         uuid   NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    generation         bigint NOT NULL,
    idle_expires_at_ms bigint NOT NULL,
    superseded_at_ms   bigint,
    UNIQUE (session_id, generation)
);

-- Codes that are sent by mail, tickets, the setup token, logins under way at another provider.
CREATE TABLE single_use_tokens (
    token_hash    bytea  NOT NULL PRIMARY KEY,
    kind          text   NOT NULL,
    user_id       uuid   REFERENCES users (id),
    session_id    uuid   REFERENCES sessions (id) ON DELETE CASCADE,
    payload       text   NOT NULL DEFAULT '{}',
    created_at_ms bigint NOT NULL,
    expires_at_ms bigint NOT NULL,
    used_at_ms    bigint,
    revoked_at_ms bigint
);
CREATE INDEX single_use_tokens_user ON single_use_tokens (user_id, kind);
CREATE INDEX single_use_tokens_expiry ON single_use_tokens (expires_at_ms);

CREATE TABLE signing_keys (
    kid           text   COLLATE "C" NOT NULL PRIMARY KEY,
    sealed        bytea  NOT NULL,
    created_at_ms bigint NOT NULL,
    signs_from_ms bigint NOT NULL
);

-- Values that all nodes share, by name; secrets among them are sealed.
CREATE TABLE server_values (
    name  text  COLLATE "C" NOT NULL PRIMARY KEY,
    value bytea NOT NULL
);

-- What a request with an Idempotency-Key was answered; the row commits with the effect of the request.
CREATE TABLE idempotency_keys (
    principal     text   COLLATE "C" NOT NULL,
    key           text   COLLATE "C" NOT NULL,
    fingerprint   bytea  NOT NULL,
    status        bigint,
    headers       text,
    body          bytea,
    created_at_ms bigint NOT NULL,
    expires_at_ms bigint NOT NULL,
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at_ms);

-- Raised in the transaction of every change of rights; nodes look here for whose sockets to check again.
-- `subject` is the id of a user or a workspace.
CREATE TABLE access_epochs (
    subject       uuid   NOT NULL PRIMARY KEY,
    kind          text   NOT NULL,
    epoch         bigint NOT NULL,
    changed_at_ms bigint NOT NULL,
    CHECK (kind IN ('user', 'workspace'))
);
CREATE INDEX access_epochs_changed ON access_epochs (changed_at_ms);

CREATE TABLE workspaces (
    workspace_id  uuid   NOT NULL PRIMARY KEY,
    name          text   NOT NULL,
    settings      text   NOT NULL DEFAULT '{}',
    created_by    uuid   REFERENCES users (id),
    created_at_ms bigint NOT NULL,
    updated_at_ms bigint NOT NULL,
    deleted_at_ms bigint,
    version       bigint NOT NULL DEFAULT 1
);

CREATE TABLE workspace_members (
    workspace_id  uuid   NOT NULL REFERENCES workspaces (workspace_id),
    user_id       uuid   NOT NULL REFERENCES users (id),
    role          text   NOT NULL,
    joined_at_ms  bigint NOT NULL,
    version       bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, user_id),
    CHECK (role IN ('owner', 'admin', 'manager', 'member', 'guest'))
);
CREATE INDEX workspace_members_user ON workspace_members (user_id, workspace_id);

-- Mail domains that a workspace has claimed.
CREATE TABLE workspace_domains (
    workspace_id  uuid   NOT NULL REFERENCES workspaces (workspace_id),
    domain        text   COLLATE "C" NOT NULL,
    created_at_ms bigint NOT NULL,
    PRIMARY KEY (workspace_id, domain)
);

CREATE TABLE invitations (
    workspace_id   uuid   NOT NULL REFERENCES workspaces (workspace_id),
    id             uuid   NOT NULL,
    email          text   NOT NULL,
    email_key      text   COLLATE "C" NOT NULL,
    role           text   NOT NULL,
    token_hash     bytea  NOT NULL UNIQUE,
    invited_by     uuid   NOT NULL REFERENCES users (id),
    created_at_ms  bigint NOT NULL,
    expires_at_ms  bigint NOT NULL,
    accepted_at_ms bigint,
    accepted_by    uuid   REFERENCES users (id),
    revoked_at_ms  bigint,
    version        bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    CHECK (role IN ('owner', 'admin', 'manager', 'member', 'guest'))
);
CREATE UNIQUE INDEX invitations_open ON invitations (workspace_id, email_key)
    WHERE accepted_at_ms IS NULL AND revoked_at_ms IS NULL;

CREATE TABLE teams (
    workspace_id  uuid   NOT NULL REFERENCES workspaces (workspace_id),
    id            uuid   NOT NULL,
    name          text   NOT NULL,
    name_key      text   COLLATE "C" NOT NULL,
    description   text   NOT NULL DEFAULT '',
    owner_user_id uuid   NOT NULL REFERENCES users (id),
    created_at_ms bigint NOT NULL,
    updated_at_ms bigint NOT NULL,
    deleted_at_ms bigint,
    version       bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id)
);
CREATE UNIQUE INDEX teams_name ON teams (workspace_id, name_key) WHERE deleted_at_ms IS NULL;

CREATE TABLE team_members (
    workspace_id uuid   NOT NULL,
    team_id      uuid   NOT NULL,
    user_id      uuid   NOT NULL,
    role         text   NOT NULL,
    joined_at_ms bigint NOT NULL,
    version      bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, team_id, user_id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE,
    CHECK (role IN ('admin', 'member'))
);
CREATE INDEX team_members_user ON team_members (workspace_id, user_id);

CREATE TABLE projects (
    workspace_id  uuid   NOT NULL,
    id            uuid   NOT NULL,
    team_id       uuid   NOT NULL,
    name          text   NOT NULL,
    name_key      text   COLLATE "C" NOT NULL,
    description   text   NOT NULL DEFAULT '',
    status        text   NOT NULL,
    start_date    text   COLLATE "C",
    end_date      text   COLLATE "C",
    owner_user_id uuid   NOT NULL REFERENCES users (id),
    created_at_ms bigint NOT NULL,
    updated_at_ms bigint NOT NULL,
    deleted_at_ms bigint,
    deleted_by    uuid   REFERENCES users (id),
    version       bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id),
    CHECK (status IN ('active', 'on_hold', 'completed', 'archived'))
);
CREATE INDEX projects_team ON projects (workspace_id, team_id, id);
CREATE INDEX projects_trash ON projects (deleted_at_ms) WHERE deleted_at_ms IS NOT NULL;

CREATE TABLE project_members (
    workspace_id uuid   NOT NULL,
    project_id   uuid   NOT NULL,
    user_id      uuid   NOT NULL,
    role         text   NOT NULL,
    joined_at_ms bigint NOT NULL,
    version      bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, project_id, user_id),
    FOREIGN KEY (workspace_id, project_id) REFERENCES projects (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE,
    CHECK (role IN ('owner', 'editor', 'commenter', 'viewer'))
);
CREATE INDEX project_members_user ON project_members (workspace_id, user_id);

-- Documents and boards that belong to projects. Their updates lie in the log under log_name, the text of the id.
CREATE TABLE project_documents (
    workspace_id   uuid   NOT NULL,
    id             uuid   NOT NULL,
    log_name       text   COLLATE "C" NOT NULL,
    project_id     uuid   NOT NULL,
    kind           text   NOT NULL,
    title          text   NOT NULL,
    title_key      text   COLLATE "C" NOT NULL,
    owner_user_id  uuid   NOT NULL REFERENCES users (id),
    created_by     uuid   NOT NULL REFERENCES users (id),
    created_at_ms  bigint NOT NULL,
    updated_at_ms  bigint NOT NULL,
    archived_at_ms bigint,
    deleted_at_ms  bigint,
    deleted_by     uuid   REFERENCES users (id),
    version        bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, project_id) REFERENCES projects (workspace_id, id),
    CHECK (kind IN ('text', 'spreadsheet', 'presentation', 'board'))
);
CREATE INDEX project_documents_project ON project_documents (workspace_id, project_id, id);
CREATE INDEX project_documents_trash ON project_documents (deleted_at_ms) WHERE deleted_at_ms IS NOT NULL;

-- What is shared with somebody by name.
CREATE TABLE document_shares (
    workspace_id  uuid   NOT NULL,
    document_id   uuid   NOT NULL,
    user_id       uuid   NOT NULL,
    role          text   NOT NULL,
    shared_by     uuid   NOT NULL REFERENCES users (id),
    created_at_ms bigint NOT NULL,
    version       bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, document_id, user_id),
    FOREIGN KEY (workspace_id, document_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE,
    CHECK (role IN ('owner', 'editor', 'commenter', 'viewer'))
);
CREATE INDEX document_shares_user ON document_shares (workspace_id, user_id);

-- Links that open a document for whoever holds them.
CREATE TABLE link_shares (
    workspace_id  uuid   NOT NULL,
    id            uuid   NOT NULL,
    document_id   uuid   NOT NULL,
    token_hash    bytea  NOT NULL UNIQUE,
    role          text   NOT NULL,
    password_hash text,
    created_by    uuid   NOT NULL REFERENCES users (id),
    created_at_ms bigint NOT NULL,
    expires_at_ms bigint,
    revoked_at_ms bigint,
    version       bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, document_id) REFERENCES project_documents (workspace_id, id) ON DELETE CASCADE,
    CHECK (role IN ('editor', 'commenter', 'viewer'))
);
CREATE INDEX link_shares_document ON link_shares (workspace_id, document_id);

CREATE TABLE attachments (
    workspace_id  uuid   NOT NULL REFERENCES workspaces (workspace_id),
    id            uuid   NOT NULL,
    document_id   uuid   NOT NULL,
    name          text   NOT NULL,
    content_type  text   NOT NULL,
    size_bytes    bigint NOT NULL,
    checksum      bytea,
    state         text   NOT NULL,
    created_by    uuid   NOT NULL REFERENCES users (id),
    created_at_ms bigint NOT NULL,
    version       bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, document_id) REFERENCES project_documents (workspace_id, id),
    CHECK (state IN ('pending', 'ready'))
);
CREATE INDEX attachments_document ON attachments (workspace_id, document_id, id);

CREATE TABLE api_keys (
    workspace_id    uuid   NOT NULL,
    id              uuid   NOT NULL,
    user_id         uuid   NOT NULL,
    name            text   NOT NULL,
    key_hash        bytea  NOT NULL UNIQUE,
    hint            text   NOT NULL,
    scopes          text   NOT NULL,
    created_at_ms   bigint NOT NULL,
    expires_at_ms   bigint,
    last_used_at_ms bigint,
    revoked_at_ms   bigint,
    version         bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id) ON DELETE CASCADE
);
CREATE INDEX api_keys_user ON api_keys (user_id);

-- Applications that ask people for access. `secrets`, `redirects` and `grants` are JSON arrays.
CREATE TABLE oauth_clients (
    workspace_id   uuid   NOT NULL REFERENCES workspaces (workspace_id),
    id             uuid   NOT NULL,
    name           text   NOT NULL,
    kind           text   NOT NULL,
    secrets        text   NOT NULL,
    redirects      text   NOT NULL,
    grants         text   NOT NULL,
    scopes         text   NOT NULL,
    created_by     uuid   NOT NULL REFERENCES users (id),
    created_at_ms  bigint NOT NULL,
    updated_at_ms  bigint NOT NULL,
    disabled_at_ms bigint,
    version        bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id)
);

-- What somebody has allowed an application; its tokens stand and fall with it. `session_id` holds its refresh tokens.
CREATE TABLE oauth_grants (
    workspace_id       uuid   NOT NULL,
    id                 uuid   NOT NULL,
    client_id          uuid   NOT NULL,
    user_id            uuid   NOT NULL REFERENCES users (id),
    session_id         uuid   REFERENCES sessions (id),
    scopes             text   NOT NULL,
    confined_to        uuid,
    created_at_ms      bigint NOT NULL,
    revoked_at_ms      bigint,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (id),
    FOREIGN KEY (workspace_id, client_id) REFERENCES oauth_clients (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX oauth_grants_user ON oauth_grants (user_id);

CREATE TABLE oauth_codes (
    workspace_id        uuid   NOT NULL,
    code_hash           bytea  NOT NULL UNIQUE,
    client_id           uuid   NOT NULL,
    user_id             uuid   NOT NULL REFERENCES users (id),
    grant_id            uuid   NOT NULL,
    redirect            text   NOT NULL,
    scopes              text   NOT NULL,
    confined_to         uuid,
    challenge           text   NOT NULL,
    nonce               text,
    authenticated_at_ms bigint NOT NULL,
    expires_at_ms       bigint NOT NULL,
    redeemed_at_ms      bigint,
    PRIMARY KEY (workspace_id, code_hash),
    FOREIGN KEY (workspace_id, client_id) REFERENCES oauth_clients (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX oauth_codes_expiry ON oauth_codes (expires_at_ms);

-- The second line: a connection sees the rows of the workspace that it has named, all if it has named '*' (the log,
-- whose commits hold edits of many workspaces, and statements that say why), and none if it has named nothing.
DO $$
DECLARE
    owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY[
        'documents',
        'updates',
        'snapshots',
        'history',
        'workspaces',
        'workspace_members',
        'workspace_domains',
        'invitations',
        'teams',
        'team_members',
        'projects',
        'project_members',
        'project_documents',
        'document_shares',
        'link_shares',
        'attachments',
        'api_keys',
        'oauth_clients',
        'oauth_grants',
        'oauth_codes'
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
