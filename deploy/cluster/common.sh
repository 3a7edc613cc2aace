# Shared by up and down: where the pid files are, and whether a process still runs.
# A pid file holds the number and the start time of the process, so that a number which the
# system has given to another program is never taken for ours.

say() { printf '%s\n' "$*"; }
fail() { printf 'Lỗi: %s\n' "$*" >&2; exit 1; }

checkout="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
folder="$(realpath -m "${1:-$checkout/.cluster}")"
nodes=(1 2 3)
is_root() { [ "$(id -u)" = 0 ]; }

start_time() { # PID: in clock ticks since the machine started; nothing if it does not run
  local stat
  { stat="$(cat "/proc/$1/stat")"; } 2>/dev/null || return 1
  stat="${stat##*) }"
  [ "${stat%% *}" != Z ] || return 1 # a process that has ended, and waits to be collected
  set -- $stat
  say "${20}"
}

pid_of() { # NAME: the process that `up` started under this name; fails if it does not run
  local pid started
  read -r pid started 2>/dev/null <"$folder/run/$1.pid" || return 1
  [ "$(start_time "$pid")" = "$started" ] || return 1
  say "$pid"
}

postmaster_of() { # NODE: PostgreSQL's first process on a node; Patroni starts it on its own
  local pid data="$folder/node$1/data"
  read -r pid 2>/dev/null <"$data/postmaster.pid" || return 1
  [ "$(readlink "/proc/$pid/cwd")" = "$data" ] && say "$pid"
}
