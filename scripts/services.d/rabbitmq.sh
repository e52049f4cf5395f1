# RabbitMQ for tests, with a port mapper (epmd) of its own, so that it meets no other Erlang of the
# machine. The script that the package keeps in its own folder is run: the one on the PATH changes
# to a user of the system.
# shellcheck shell=bash

rabbitmq=$services/rabbitmq

rabbitmq_installed() {
  local folder
  for folder in /usr/lib/rabbitmq/bin /opt/homebrew/opt/rabbitmq/sbin; do
    if [ -x "$folder/rabbitmq-server" ]; then
      rabbitmq_bin=$folder
      return
    fi
  done
  return 1
}
rabbitmq_install() { packages rabbitmq-server && rabbitmq_installed; }
rabbitmq_runs() { lives "$rabbitmq/process"; }
rabbitmq_pids() { pid_in "$rabbitmq/process"; }

# Runs a command in the environment of our node: nothing of /etc or of the caller's home counts.
rabbitmq_with() {
  env -u RABBITMQ_NODE_PORT \
    HOME="$rabbitmq/home" \
    ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT="$(cat "$rabbitmq/epmd.port")" \
    RABBITMQ_CONF_ENV_FILE="$rabbitmq/environment" \
    RABBITMQ_NODENAME="gomark-$(printf '%s' "$rabbitmq" | cksum | cut -d ' ' -f 1)@localhost" \
    RABBITMQ_DIST_PORT="$(cat "$rabbitmq/distribution.port")" \
    RABBITMQ_CONFIG_FILE="$rabbitmq/rabbitmq.conf" \
    RABBITMQ_ADVANCED_CONFIG_FILE="$rabbitmq/advanced.config" \
    RABBITMQ_GENERATED_CONFIG_DIR="$rabbitmq/generated" \
    RABBITMQ_MNESIA_BASE="$rabbitmq/data" \
    RABBITMQ_LOG_BASE="$rabbitmq/log" \
    RABBITMQ_ENABLED_PLUGINS_FILE="$rabbitmq/enabled_plugins" \
    RABBITMQ_PLUGINS_EXPAND_DIR="$rabbitmq/plugins" \
    RABBITMQ_PID_FILE="$rabbitmq/pid" \
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none" \
    "$@"
}

rabbitmq_ctl() { rabbitmq_installed && rabbitmq_runs && rabbitmq_with "$rabbitmq_bin/rabbitmqctl" "$@" 9>&-; }

rabbitmq_configure() {
  mkdir -p "$rabbitmq/home" "$rabbitmq/data" "$rabbitmq/log"
  chmod 700 "$rabbitmq/home"
  : > "$rabbitmq/environment"
  echo '[].' > "$rabbitmq/enabled_plugins"
  echo '[].' > "$rabbitmq/advanced.config"
  password rabbitmq >/dev/null
  (umask 077 && cat > "$rabbitmq/rabbitmq.conf") <<CONF
listeners.tcp.default = 127.0.0.1:$1
default_user = gomark
default_pass = $(password rabbitmq)
disk_free_limit.absolute = 50MB
CONF
}

# A free port under a name; the one it had, if that still is free.
rabbitmq_port() {
  local port
  for port in $([ ! -s "$rabbitmq/$1.port" ] || cat "$rabbitmq/$1.port") $(ports none); do
    if is_free "$port"; then
      echo "$port" > "$rabbitmq/$1.port"
      return
    fi
  done
  return 1
}

rabbitmq_start() {
  rabbitmq_configure "$1"
  if ! lives "$rabbitmq/epmd"; then
    rabbitmq_port epmd || return 1
    nohup epmd -address 127.0.0.1 -port "$(cat "$rabbitmq/epmd.port")" </dev/null >/dev/null 2>&1 9>&- &
    remember "$rabbitmq/epmd" $!
  fi
  rabbitmq_port distribution || return 1
  rm -f "$rabbitmq/pid"
  rabbitmq_with nohup "$rabbitmq_bin/rabbitmq-server" </dev/null >"$rabbitmq/log/console.log" 2>&1 9>&- &
  remember "$rabbitmq/script" $!
  if within 60 rabbitmq_is_up_or_gone "$1" && lives "$rabbitmq/script" && [ -s "$rabbitmq/pid" ]; then
    remember "$rabbitmq/process" "$(cat "$rabbitmq/pid")"
    return
  fi
  end "$rabbitmq/script" || true
  return 1
}
# It listens when it has started.
rabbitmq_is_up_or_gone() { ! is_free "$1" || has_ended "$rabbitmq/script"; }

rabbitmq_stop() {
  end "$rabbitmq/process"
  end "$rabbitmq/epmd"
}

rabbitmq_url() { echo "amqp://gomark:$(password rabbitmq)@127.0.0.1:$(cat "$rabbitmq/port")/%2f"; }
