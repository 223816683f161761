#!/usr/bin/env bash
# What synapse-sync costs, beside what it would cost at the least; on a real RabbitMQ and a real Synapse.
#
#   tests/bench/run.sh [OPTION...]     --help tells them; --quick takes some minutes
#
# LAB: on which kind of homeserver: sqlite (the default), postgres or workers; see tests/README.md.
# SYNAPSE_SYNC_BIN: measure this program instead of building one.
set -euo pipefail

tests=$(cd "$(dirname "$0")/.." && pwd)

build() {
  cd "$tests/.."
  cmake --preset release
  cmake --build --preset release
}

[[ -n ${SYNAPSE_SYNC_BIN:-} ]] || (build) >&2
PYTHONPATH=$tests exec /usr/bin/python3 -B -m bench "$@"
