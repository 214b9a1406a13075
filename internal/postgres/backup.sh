# Dumps the database before a migration, or restores a dump and has the migration begin with that.
# DATABASE_URL is a URL of SQLAlchemy's, with or without a driver.
url=postgresql://${DATABASE_URL#*://}
cd /backups
sql() { psql "$url" -XAtq -v ON_ERROR_STOP=1 "$@"; }
dump() {
	pg_dump "$url" --format=custom --file=.new
	mv .new "$1.dump"
	echo "The database is backed up as $1."
}

there=$(sql -c "select to_regclass('alembic_version') is not null")
if [ -n "$RESTORE_FROM" ]; then
	if [ ! -s "$RESTORE_FROM.dump" ]; then
		echo "There is no backup $RESTORE_FROM. There are:" *.dump >&2
		exit 1
	fi
	alone() { sql -c "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()" >/dev/null; }
	alone
	if [ "$there" = t ] && [ "$RESTORE_FROM" != before-restore ]; then
		dump before-restore
	fi
	alone # who was connected has come back
	sql -1 -c "drop schema public cascade" -c "create schema public"
	pg_restore --dbname="$url" --no-owner --exit-on-error "$RESTORE_FROM.dump"
	echo "The backup $RESTORE_FROM is restored."
elif [ "$there" = t ]; then
	# A migration that is run again after it has begun must not replace the dump from before it.
	revision=$(sql -c "select string_agg(version_num, ' ') from alembic_version")
	name=$BACKUP_NAME
	if [ -s "$name.dump" ] && [ "$(cat "$name.revision")" != "$revision" ]; then
		name=$name-again
	fi
	dump "$name"
	echo "$revision" >"$name.revision"
fi
