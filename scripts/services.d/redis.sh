# Redis for tests: it keeps nothing on the disk.
# shellcheck shell=bash

redis=$services/redis

redis_installed() { command -v redis-server >/dev/null && command -v redis-cli >/dev/null; }
redis_install() { packages redis-server; }
redis_runs() { lives "$redis/process"; }
redis_pids() { pid_in "$redis/process"; }

redis_answers() { [ "$(REDISCLI_AUTH=$(password redis) redis-cli -h 127.0.0.1 -p "$1" ping)" = PONG ]; }
redis_is_up_or_gone() { redis_answers "$1" || has_ended "$redis/process"; }

redis_start() {
  password redis >/dev/null
  (umask 077 && cat > "$redis/redis.conf") <<CONF
bind 127.0.0.1
port $1
requirepass $(password redis)
dir $redis
logfile $redis/server.log
save ""
appendonly no
CONF
  nohup redis-server "$redis/redis.conf" </dev/null >/dev/null 2>&1 9>&- &
  remember "$redis/process" $!
  # Whoever answers there may also be another Redis: with another password.
  within 10 redis_is_up_or_gone "$1" && redis_runs && redis_answers "$1"
}

redis_stop() { end "$redis/process"; }

redis_url() { echo "redis://default:$(password redis)@127.0.0.1:$(cat "$redis/port")/0"; }
