#!/bin/sh
# Makes the role that Weft connects as. It owns the database and is no superuser, so that row-level security holds for it.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$ROLE_PASSWORD" --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE weft LOGIN PASSWORD :'password';
ALTER DATABASE weft OWNER TO weft;
SQL
