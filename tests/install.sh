#!/usr/bin/env bash
# Installs what is missing on a Debian 12 to build, test and show synapse-sync, and nothing when nothing is.
#
#   tests/install.sh          everything
#   tests/install.sh build    what building needs, with -DBUILD_TESTING=OFF, and nothing more: no server, no clang
#   tests/install.sh package  the same, and what makes a Debian package of it
#   tests/install.sh demo     what demo.sh needs
#   tests/install.sh tests    what building and all tests need (the same as everything)
set -euo pipefail

readonly BUILD=(gcc libc6-dev cmake ninja-build pkg-config
  librabbitmq-dev libcurl4-openssl-dev libjansson-dev libcyaml-dev libyaml-dev libunistring-dev libgumbo-dev libssl-dev libmicrohttpd-dev
  libseccomp-dev uthash-dev)
readonly PACKAGE=(dpkg-dev file)
readonly SERVERS=(ca-certificates rabbitmq-server mmdebstrap util-linux python3 python3-venv python3-pika python3-requests)
readonly LABS=(postgresql redis-server nginx python3-authlib)
readonly IMAGE=(podman runc crun docker-compose)
readonly CHECKS=(git lintian systemd bash-completion man-db
  libcmocka-dev clang clang-tidy clang-format libclang-rt-14-dev llvm mold valgrind shellcheck pyflakes3 cppcheck gcovr binutils
  prometheus chromium chromium-driver
  python3-pytest python3-pytest-xdist python3-jsonschema python3-yaml amqp-tools)

readonly POLICY=/usr/sbin/policy-rc.d

main() {
  local wanted
  case "${1:-tests}" in
    build) wanted=("${BUILD[@]}") ;;
    package) wanted=("${BUILD[@]}" "${PACKAGE[@]}") ;;
    demo) wanted=("${BUILD[@]}" "${SERVERS[@]}") ;;
    tests) wanted=("${BUILD[@]}" "${SERVERS[@]}" "${PACKAGE[@]}" "${LABS[@]}" "${IMAGE[@]}" "${CHECKS[@]}") ;;
    *) echo "usage: $0 [build|package|demo|tests]" >&2; exit 2 ;;
  esac

  local missing=() package
  for package in "${wanted[@]}"; do
    is_installed "$package" || missing+=("$package")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0

  echo "installing: ${missing[*]}"
  if ! command -v apt-get >/dev/null; then
    echo "this is no Debian: please install the above by hand" >&2
    exit 1
  fi
  forbid_starting_services
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

is_installed() {
  [[ "$(dpkg-query -W -f '${Status}' "$1" 2>/dev/null)" == "install ok installed" ]]
}

# Packages of servers start them for the whole system. Tests start their own; nobody asked for those.
forbid_starting_services() {
  [[ ! -e $POLICY ]] || return 0
  trap 'as_root rm -f "$POLICY"' EXIT
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
  as_root chmod 755 "$POLICY"
}

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  else
    sudo "$@"
  fi
}

[[ ${BASH_SOURCE[0]} != "$0" ]] || main "$@" # its lists are read by matrix.sh
