# shellcheck shell=bash
# Sourced by the scripts: makes .venv hold exactly a locked set, and this project.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)"
venv="$root/.venv"
unset PYTHONHOME PYTHONPATH
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_USER=0

say() { printf 'noond: %s\n' "$*" >&2; }

# A Python that can make the environment, or a message about what is missing.
find_python() {
  local name reason
  local reasons=()
  for name in python3 python3.11 python3.12 python3.13 python3.14 python; do
    command -v "$name" >/dev/null || continue
    if ! "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      reason="is older than 3.11 or does not start"
    elif ! "$name" -c 'import ensurepip, venv' 2>/dev/null; then
      reason="lacks venv (on Debian and Ubuntu: apt install python3-venv)"
    else
      printf '%s\n' "$name"
      return
    fi
    reasons+=("$name $reason")
  done
  say "Python 3.11 or newer is needed, with its venv module; install it and try again"
  for reason in ${reasons[@]+"${reasons[@]}"}; do say "  $reason"; done
  return 1
}

# Whether .venv can be used as it is: it starts, is new enough, has pip, was not moved here.
venv_works() {
  "$venv/bin/python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || return 1
  [ ! -e "$venv/noond-place" ] || [ "$(cat "$venv/noond-place")" = "$venv" ]
}

# What an installation from a lock depends on; `run` or `dev` names the lock.
fingerprint() {
  "$venv/bin/python" --version
  cksum <"$root/requirements/$1.txt"
  cksum <"$root/pyproject.toml"
}

is_installed() {
  [ -e "$venv/noond-$1" ] && [ "$(cat "$venv/noond-$1")" = "$(fingerprint "$1")" ]
}

# Make .venv hold the locked set `run` or `dev` (which contains run) and this project.
install_locked() {
  local lock="$1" python
  if ! venv_works; then
    python="$(find_python)"
    say "making .venv with $("$python" --version)"
    rm -rf "$venv"
    "$python" -m venv "$venv"
    printf '%s\n' "$venv" >"$venv/noond-place"
  fi
  if is_installed dev || is_installed "$lock"; then return; fi
  say "installing the locked packages of requirements/$lock.txt (once, up to a few minutes)"
  rm -f "$venv/noond-run" "$venv/noond-dev"
  "$venv/bin/python" -m pip install -qq --progress-bar off --require-hashes \
    --requirement "$root/requirements/$lock.txt"
  "$venv/bin/python" -m pip install -qq --no-build-isolation --no-deps --editable "$root"
  printf '%s\n' "$venv" >"$venv/noond-place"
  fingerprint "$lock" >"$venv/noond-$lock"
  say "installed"
}
