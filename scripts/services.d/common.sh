# What the servers of scripts/services have in common. Each NAME.sh beside this file defines
# NAME_installed, NAME_install, NAME_start PORT (true once it answers), NAME_stop, NAME_runs,
# NAME_pids and NAME_url.
# shellcheck shell=bash

note() { printf 'scripts/services: %s\n' "$*" >&2; }
fail() { note "$*"; exit 1; }

variable() {
  case $1 in
    postgres) echo GOMARK_TEST_POSTGRES_URL ;;
    redis) echo GOMARK_TEST_REDIS_URL ;;
    rabbitmq) echo GOMARK_TEST_AMQP_URL ;;
  esac
}

# The server that the environment names already.
given() {
  local variable
  variable=$(variable "$1")
  [ -z "$variable" ] || echo "${!variable:-}"
}

start() {
  local name=$1 port
  mkdir -p "$services/$name"
  "${name}_installed" || "${name}_install" || fail "$name could not be installed"
  [ "$name" != haproxy ] || return 0
  if "${name}_runs"; then return; fi
  for port in $(ports "$name"); do
    is_free "$port" || continue
    if "${name}_start" "$port"; then
      echo "$port" > "$services/$name/port"
      note "$name runs on port $port, with its files in $services/$name"
      return
    fi
  done
  fail "$name did not start; see its log below $services/$name"
}

stop() {
  [ "$1" != haproxy ] || return 0
  if ! { "${1}_installed" && "${1}_runs"; }; then return; fi
  # One that was paused could not end.
  send CONT "$1"
  "${1}_stop"
  note "$1 was stopped"
}

# The port it had before, and then any. These are below those that outgoing connections are given.
ports() {
  [ ! -s "$services/$1/port" ] || cat "$services/$1/port"
  local _
  for _ in 1 2 3 4 5 6 7 8; do echo $((20000 + RANDOM % 12000)); done
}

is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Waits until a command succeeds, for at most so many seconds.
within() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}

# A server's password, made once.
password() {
  local file=$services/$1/password
  [ -s "$file" ] || (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' > "$file")
  cat "$file"
}

# When a process was born: with its id it names one process for ever, where the id alone may be
# given to another. Nothing for one that has ended, also when nobody has waited for it yet.
born() {
  local told
  if [ -d /proc/self ]; then
    told=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) || return 0
    case $told in Z* | X*) ;; *) echo "$told" | cut -d ' ' -f 20 ;; esac
  else
    case $(ps -o state= -p "$1") in '' | Z*) ;; *) ps -o lstart= -p "$1" ;; esac
  fi
}

# Remembers a process as ours, in a file; tells whether it lives.
remember() { echo "$2 $(born "$2")" > "$1"; }
lives() {
  [ -s "$1" ] || return 1
  local pid when now
  read -r pid when < "$1"
  now=$(born "$pid") && [ -n "$now" ] && [ "$now" = "$when" ]
}
pid_in() { cut -d ' ' -f 1 "$1"; }

has_ended() { ! lives "$1"; }

# Ends a remembered process, at once if it takes long.
end() {
  lives "$1" || return 0
  kill "$(pid_in "$1")" 2>/dev/null || true
  within 20 has_ended "$1" || kill -KILL "$(pid_in "$1")" 2>/dev/null || true
  within 5 has_ended "$1"
}

# Sends a signal to all processes of a server; after SIGKILL it waits until they are gone.
send() {
  local signal=$1 name=$2 pids
  pids=$("${name}_pids")
  # shellcheck disable=SC2086
  kill "-$signal" $pids 2>/dev/null || true
  [ "$signal" != KILL ] || within 10 are_gone $pids || fail "$name does not end"
}
are_gone() {
  local pid
  for pid in "$@"; do
    [ -z "$(born "$pid")" ] || return 1
  done
}

# The processes that another has started.
children() {
  if [ -r "/proc/$1/task/$1/children" ]; then
    cat "/proc/$1/task/$1/children"
  else
    pgrep -P "$1" || true
  fi
}

# Installs Debian packages without the servers that they would start.
packages() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || fail "please install: $*"
  (
    exec 8>/tmp/gomark-services-install.lock
    if command -v flock >/dev/null; then flock 8; fi
    local policy=/usr/sbin/policy-rc.d kept
    kept=$(mktemp -d)
    [ ! -e "$policy" ] || cp -p "$policy" "$kept/policy"
    trap 'rm -f "$policy"; [ ! -e "$kept/policy" ] || cp -p "$kept/policy" "$policy"; rm -rf "$kept"' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" >/dev/null
  ) 9>&-
}
