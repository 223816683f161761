#!/usr/bin/env bash
# What is said to be supported, seen: other Debians, another processor, another RabbitMQ. To be run before a release.
#
#   tests/matrix.sh [PART...]     without a part: all of them, one after the other; goes on after a failure
#
#   debian12    built and unit-tested in a fresh Debian 12; then the main job: the program that was built there carries
#   debian13    out requests, with the RabbitMQ and Synapse of the lab. The same in a Debian 13
#   arm64       built in a Debian 13 for arm64, and unit-tested under qemu
#   rabbitmq4   deliveries, queues and the main job with the RabbitMQ of Debian sid
#
# Needs root, and what tests/install.sh installs. A Debian is made once and kept in the cache folder of the lab
# (500 MB to 1.5 GB each); remove its folder to have a fresh one.
set -euo pipefail

PATH=$PATH:/usr/sbin:/sbin

SOURCES=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mapfile -t MAIN_JOB <"$SOURCES/tests/system/labs.txt"
readonly SOURCES MAIN_JOB
readonly PARTS=(debian12 debian13 arm64 rabbitmq4)

main() {
  case "${1:-}" in
    in) shift; become_in_tree "$@" ;;
    only) cd "$SOURCES"; "part_$2" ;;
    *) cd "$SOURCES"; parts "$@" ;;
  esac
}

parts() {
  local wanted=("$@") failed=() part
  [[ $# -gt 0 ]] || wanted=("${PARTS[@]}")
  for part in "${wanted[@]}"; do
    if [[ " ${PARTS[*]} " != *" $part "* ]]; then
      echo "no part '$part'; there are: ${PARTS[*]}" >&2
      exit 2
    fi
  done
  [[ $EUID -eq 0 ]] || { echo "this makes trees of Debian, and needs root for it" >&2; exit 1; }

  tests/install.sh tests
  for part in "${wanted[@]}"; do
    printf '\n== %s\n' "$part"
    tests/matrix.sh only "$part" || failed+=("$part")
  done
  if [[ ${#failed[@]} -gt 0 ]]; then
    printf 'FAILED: %s\n' "${failed[@]}"
    exit 1
  fi
  echo "all passed in $SECONDS s"
}

# ---- the parts ----

part_debian12() {
  debian debian12 bookworm
}

part_debian13() {
  debian debian13 trixie
}

debian() {
  local tree
  tree=$(cache)/matrix-$1
  make_tree "$tree" "$2" --include="$(joined "$(names)")"
  show_versions "$tree" gcc
  unit_tests "$tree" "build/matrix-$1"
  main_job "$tree" "build/matrix-$1"
}

part_arm64() {
  local tree
  tree=$(cache)/matrix-arm64
  make_tree "$tree" trixie --architectures=amd64,arm64 \
    --include="crossbuild-essential-arm64,qemu-user,$(joined "$(names | sed 's/^lib.*-dev$/&:arm64/')")"
  show_versions "$tree" aarch64-linux-gnu-gcc qemu-aarch64
  # qemu keeps the signals of faults for itself.
  UNSEEN='|^loop/test_signals$' unit_tests "$tree" build/matrix-arm64 --toolchain tests/arm64.cmake
}

part_rabbitmq4() {
  cmake --preset release >/dev/null && cmake --build --preset release --target synapse-sync
  SYNAPSE_SYNC_RABBITMQ=sid system_tests test_delivery.py test_queues.py "${MAIN_JOB[@]}"
}

# ---- build and tests ----

# As it is distributed, and warnings are errors. What is left out is about the text of the sources.
unit_tests() {
  local tree=$1 build=$2
  shift 2
  in_tree "$tree" cmake --preset release -B "$build" -D SYNC_WERROR=ON "$@" >/dev/null
  in_tree "$tree" cmake --build "$build" -j "$(nproc)"
  CASES=${CASES:-20} in_tree "$tree" ctest --test-dir "$build" -j "$(nproc)" --output-on-failure \
    --exclude-regex "^(lint|contract)/${UNSEEN:-}"
}

# The lab starts one executable, so this becomes one.
main_job() {
  local tree=$1 program=$2/synapse-sync-in-its-tree
  printf '#!/usr/bin/env bash\nexec %q in %q %q "$@"\n' "$SOURCES/tests/matrix.sh" "$tree" "$SOURCES/$2/synapse-sync" >"$program"
  chmod 755 "$program"
  "$program" --version
  SYNAPSE_SYNC_BIN=$program system_tests test_add_user.py "${MAIN_JOB[@]}"
}

system_tests() {
  /usr/bin/python3 -B -m pytest -c tests/system/pytest.ini -q -n "$(nproc)" "${@/#/tests/system/}"
}

# ---- trees ----

cache() {
  echo "${SYNAPSE_SYNC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/synapse-sync}"
}

# What a build with unit tests needs, one a line. Without authorities libcurl 7.88 refuses TLS before it begins.
names() {
  (
    # shellcheck source=tests/install.sh
    source tests/install.sh
    printf '%s\n' "${BUILD[@]}" libcmocka-dev ca-certificates | sort -u
  )
}

joined() {
  paste -sd, <<<"$1"
}

# A Debian in a folder; from where and how this machine gets its own. It is made anew when it is to consist of something else.
make_tree() {
  local tree=$1 suite=$2 settings mirror
  shift 2
  [[ ! -d $tree || "$(cat "$tree/made-of" 2>/dev/null)" != "$suite $*" ]] || return 0
  echo "making a small Debian $suite (once; some minutes)"
  settings=$(mktemp)
  apt-config dump Acquire::http Acquire::https Acquire::Check-Valid-Until Acquire::Check-Date >"$settings"
  # shellcheck disable=SC2016
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' | head -n 1)
  rm -rf "$tree.unfinished" "$tree"
  mkdir -p "$(dirname "$tree")"
  mmdebstrap --quiet --variant=apt --aptopt="$settings" --aptopt='Apt::Install-Recommends "false"' "$@" \
    "$suite" "$tree.unfinished" "${mirror:-http://deb.debian.org/debian}"
  rm "$settings"
  echo "127.0.0.1 localhost" >"$tree.unfinished/etc/hosts"
  echo "$suite $*" >"$tree.unfinished/made-of"
  mv "$tree.unfinished" "$tree"
}

# Runs a command in a tree, in the same folder. The sources and /tmp are there too, for as long as it runs.
in_tree() {
  (become_in_tree "$@")
}

# The same, but this process becomes the command, which then gets the signals that are sent to it.
become_in_tree() {
  # shellcheck disable=SC2016
  exec unshare --mount bash -euc '
    tree=$1 sources=$2
    shift 2
    mkdir -p "$tree$sources"
    for folder in /dev /proc /tmp "$sources"; do mount --rbind "$folder" "$tree$folder"; done
    exec chroot "$tree" env -C "$PWD" "$@"' in_tree "$1" "$SOURCES" "${@:2}"
}

show_versions() {
  local tree=$1 tool
  for tool in "${@:2}" cmake; do
    in_tree "$tree" "$tool" --version | head -n 1
  done
  # shellcheck disable=SC2016
  in_tree "$tree" dpkg-query -W -f '${Package} ${Version}\n' librabbitmq-dev libcurl4-openssl-dev libssl-dev
}

main "$@"
