#!/usr/bin/env bash
# Holds the code against all rules that a program can know, and tells everything that is wrong with it.
#
#   tests/lint/lint.sh BUILD      BUILD: a folder that the program was built in, such as build/dev
# shellcheck disable=SC2317  # functions are called by way of check()
set -euo pipefail

build=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
failed=0

check() {
  echo "-- $1"
  "${@:2}" || failed=1
}

format() {
  local told
  told=$(find src include tests/unit tests/fuzz tests/contract -name '*.[ch]' -exec clang-format --dry-run -Werror {} + 2>&1) && return
  sed -nE 's/^([^:]+):[0-9]+:[0-9]+: error: .*/\1: not as clang-format has it/p' <<<"$told" | sort -u
  return 1
}

# It talks a lot, and says of a header once for each file that includes it what is wrong with it.
tidy() {
  local told
  told=$(run-clang-tidy -quiet -p "$build" "^$PWD/src/" 2>&1) && return
  sed -nE -e 's/\x1b\[[0-9;]*m//g' -e "s|^$PWD/||" -e '/(error|warning): /p' <<<"$told" | sort -u
  return 1
}

# It looks at each source by itself and does not know the headers of libraries, but for the macros that make loops.
cppcheck_sources() {
  cppcheck --enable=warning,performance,portability --inline-suppr --error-exitcode=1 --quiet -j "$(nproc)" --std=c11 \
    -D_GNU_SOURCE -D 'SYNC_VERSION="1"' --include=/usr/include/utlist.h --include=/usr/include/uthash.h \
    -I include -I src -I "$build/generated" src
}

check "include arrows" python3 -B tests/lint/arrows.py
check "house rules" python3 -B tests/lint/house.py
check "objects" python3 -B tests/lint/objects.py "$build"
check "documents" python3 -B tests/lint/documents.py
check "settings in config/README.md" python3 -B tests/lint/readme.py "$build/synapse-sync"
check "contract" /usr/bin/python3 -B tests/contract/contract.py "$build/tests/request_judge"
check "Python" pyflakes3 tests
check "clang-format" format
check "clang-tidy" tidy
check "cppcheck" cppcheck_sources
exit $failed
