#!/bin/bash
# The contract of the official Postgres image: an empty PGDATA is initialized with POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB.
set -euo pipefail

case "${1:-}" in
-* | '') set -- postgres "$@" ;;
postgres) ;;
*) exec "$@" ;;
esac

mkdir -p "$PGDATA"
chmod 0700 "$PGDATA"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
	user=${POSTGRES_USER:-postgres}
	database=${POSTGRES_DB:-$user}
	if [ -z "${POSTGRES_PASSWORD:-}" ]; then
		echo "The database has no data yet, and POSTGRES_PASSWORD is not set." >&2
		exit 1
	fi
	# shellcheck disable=SC2086 # a list of options
	initdb --username="$user" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") --auth-host=scram-sha-256 ${POSTGRES_INITDB_ARGS:-}
	printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
	printf "\nlisten_addresses = '*'\n" >>"$PGDATA/postgresql.conf"
	pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
	if [ "$database" != postgres ]; then
		psql -v ON_ERROR_STOP=1 -U "$user" -d postgres --set name="$database" <<<'CREATE DATABASE :"name"'
	fi
	pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec "$@"
