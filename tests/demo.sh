#!/usr/bin/env bash
# Shows synapse-sync at work on a fresh Debian 12: installs what is missing, builds, starts a RabbitMQ and a Synapse
# of its own, lets the daemon carry out data/examples and prints what Synapse holds afterwards.
#
#   tests/demo.sh           show and end
#   tests/demo.sh --keep    stay up for playing, until Ctrl-C
set -euo pipefail

cd "$(dirname "$0")/.."

tests/install.sh demo
cmake --preset release >/dev/null
cmake --build --preset release --target synapse-sync

cd tests
exec /usr/bin/python3 -B -m lab demo "$@"
