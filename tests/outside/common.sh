# shellcheck shell=bash disable=SC2034
# Functions that the checks share; each check sources this file.
#
# Each check takes the binary as its argument (default target/debug/leadconduit-mock). It starts servers on free ports,
# and prints a line `ok NAME` or `FAILED NAME` per check.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# The tools are installed here.
tools=$root/.ci/tmp
mkdir -p "$tools"

binary=$(realpath "${1:-${CARGO_TARGET_DIR:-$root/target}/debug/leadconduit-mock}")
if [ ! -x "$binary" ]; then
  echo "$binary does not exist; build it, or give another binary as the argument" >&2
  exit 2
fi

# A computation takes longer without optimisation.
export LEADCONDUIT_MOCK_COMPUTE_MS_MAX=${LEADCONDUIT_MOCK_COMPUTE_MS_MAX:-60000}

scratch=$(mktemp -d)
started=()
# Ends the servers of this check, and nothing else.
clean_up() {
  local process
  for process in "${started[@]}"; do
    kill "$process" 2>/dev/null || true
    wait "$process" 2>/dev/null || true
  done
  rm -rf "$scratch"
}
trap clean_up EXIT

# serve [FLAG ...]: starts a server that validates its own responses. Sets `url`, and `server` to its process.
serve() {
  local out
  out=$(mktemp -p "$scratch" server.XXXXXX)
  "$binary" serve --port 0 --check-replies "$@" >"$out" 2>"$out.log" &
  server=$!
  started+=("$server")
  local i
  for ((i = 0; i < 200; i++)); do
    url=$(sed -n '1s/^listening on //p' "$out")
    if [ -n "$url" ]; then return; fi
    sleep 0.05
  done
  echo "the server did not start:" >&2
  cat "$out.log" >&2
  exit 1
}

failures=0
# check NAME COMMAND ...: runs the command, and prints its output when it fails.
check() {
  local name=$1
  shift
  if "$@" >"$scratch/check.log" 2>&1 </dev/null; then
    echo "ok $name"
  else
    cat "$scratch/check.log"
    echo "FAILED $name"
    failures=$((failures + 1))
  fi
}

# finish: exits with 1 if any check failed; the last line of a check.
finish() {
  exit $((failures > 0 ? 1 : 0))
}

# apt_install PACKAGE ...: installs Debian packages, as root.
apt_install() {
  if [ "$(id -u)" != 0 ]; then
    echo "missing: install the Debian packages $*" >&2
    exit 1
  fi
  if ! { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "$@"; } \
    >"$scratch/apt.log" 2>&1 </dev/null; then
    cat "$scratch/apt.log" >&2
    exit 1
  fi
}

# node_tools: installs the npm packages of package-lock.json. Sets `node_bin`.
node_tools() {
  local folder=$tools/node
  node_bin=$folder/node_modules/.bin
  if ! cmp -s "$here/package-lock.json" "$folder/installed"; then
    mkdir -p "$folder"
    cp "$here/package.json" "$here/package-lock.json" "$folder/"
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
    cp "$here/package-lock.json" "$folder/installed"
  fi
}

# python_tools: installs the packages of requirements.txt. Sets `python_bin`.
python_tools() {
  local folder=$tools/python
  python_bin=$folder/bin
  if ! cmp -s "$here/requirements.txt" "$folder/installed"; then
    # On Debian, a part of venv is in a separate package.
    python3 -c 'import ensurepip' 2>/dev/null || apt_install python3-venv
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$python_bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" >&2
    cp "$here/requirements.txt" "$folder/installed"
  fi
}
