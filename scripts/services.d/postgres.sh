# Postgres for tests. It refuses to run as root, who hands it to another user.
# shellcheck shell=bash

pg=$services/postgres

pg_owner=$(id -un)
[ "$(id -u)" != 0 ] || pg_owner=postgres
as_owner() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && exec runuser -u "$pg_owner" -- "$@")
  else
    (cd / && exec "$@")
  fi
}

# The newest Postgres that is installed.
postgres_installed() {
  local found
  found=$(printf '%s\n' /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin | sort -V | while read -r folder; do
    [ ! -x "$folder/postgres" ] || echo "$folder"
  done | tail -n 1)
  [ -n "$found" ] || { found=$(command -v initdb) && found=$(dirname "$(readlink -f "$found")"); } || return 1
  pg_bin=$found
}

# Without the cluster that the package would make.
postgres_install() {
  local own=/etc/postgresql-common/createcluster.d/gomark-tests.conf
  (
    packages postgresql-common
    mkdir -p "$(dirname "$own")"
    trap 'rm -f "$own"' EXIT
    echo "create_main_cluster = false" > "$own"
    packages postgresql
  )
  postgres_installed
}

# The folder of the data; elsewhere when the owner cannot get into ours.
pg_data() {
  if [ "$(id -u)" != 0 ] || as_owner test -x "$pg" 2>/dev/null; then
    echo "$pg/data"
  else
    echo "/var/tmp/gomark-services-$(printf '%s' "$pg" | cksum | cut -d ' ' -f 1)/data"
  fi
}

pg_pid() { as_owner head -n 1 "$(pg_data)/postmaster.pid" 2>/dev/null; }

postgres_runs() {
  local pid
  postgres_installed && pid=$(pg_pid) && ! are_gone "$pid" \
    && as_owner "$pg_bin/pg_ctl" status -D "$(pg_data)" >/dev/null 2>&1
}

pg_make() {
  local data=$1 given
  mkdir -p "$(dirname "$data")"
  [ "$(id -u)" != 0 ] || chown "$pg_owner" "$(dirname "$data")"
  given=$(as_owner mktemp /tmp/gomark-password.XXXXXX)
  password postgres > "$given"
  as_owner "$pg_bin/initdb" -D "$data" -U gomark --pwfile="$given" --auth=scram-sha-256 \
    --encoding=UTF8 --locale=C.UTF-8 >/dev/null || { rm -f "$given"; return 1; }
  rm -f "$given"
  as_owner tee -a "$data/postgresql.conf" >/dev/null <<'CONF'
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 300
fsync = on
full_page_writes = on
synchronous_commit = on
CONF
}

postgres_start() {
  local data
  data=$(pg_data)
  if ! as_owner test -f "$data/PG_VERSION"; then
    as_owner rm -rf "$data"
    pg_make "$data" || fail "the Postgres in $data could not be made"
  fi
  # One that was killed leaves its id behind, which it must not meet while nobody has waited for it.
  postgres_runs || as_owner rm -f "$data/postmaster.pid"
  as_owner "$pg_bin/pg_ctl" start -w -t 60 -D "$data" -l "$data/server.log" -o "-p $1" >/dev/null 9>&-
}

postgres_stop() { as_owner "$pg_bin/pg_ctl" stop -w -m fast -D "$(pg_data)" >/dev/null; }

# The children end by themselves only after their statement, and keep a new server away until then.
postgres_pids() {
  local first
  first=$(pg_pid)
  echo "$first $(children "$first")"
}

postgres_url() { echo "postgres://gomark:$(password postgres)@127.0.0.1:$(cat "$pg/port")/postgres"; }
