#!/usr/bin/env bash
# All tests, from a fresh Debian 12 on. Ends with a non-zero status when anything failed.
#
#   tests/run.sh [SECTION...]     without a section: what continuous integration runs, all but --faults
#
#   quick     what to run while at work: unit tests once, and lint
#   build     with gcc and its analyzer, and with clang and its sanitizers; warnings are errors
#   unit      unit tests, also with sanitizers and under valgrind
#   system    real RabbitMQ, real Synapse, the daemon in between (pytest); PYTEST_ARGS is passed on. LAB=postgres puts
#             Synapse on PostgreSQL, LAB=workers also two workers, Redis and nginx before it; else it is SQLite
#   labs      some of the system tests with each of the other two
#   image     builds the container image and runs the daemon from it (pytest), where Podman can and we are root
#   package   the Debian package: built twice, the same bytes; installed, run under systemd, upgraded, removed, purged
#   faults    kills, crashes and outages, the quick form; FAULTS_ARGS is passed on (see tests/faults)
#   --faults  the same, the long form: about half an hour
#   fuzz      each fuzz target for FUZZ_SECONDS (3); with FUZZ_KEEP=FOLDER inputs and logs are kept there. It
#             begins with FUZZ_SEED (1: what fails is the change, not luck; 0: another one each time, to find something)
#   lint      what programs can tell about the code without running it
#   threads   what has threads under the thread sanitizer
#   coverage  before a release: which lines and branches of src/ the unit tests run, and the system tests that COVERAGE_ARGS names for
#             pytest
set -euo pipefail

cd "$(dirname "$0")/.."

readonly ALL=(build lint unit threads fuzz package system labs image faults)
readonly SECTIONS=(quick "${ALL[@]}" --faults coverage)
# Some tests wait rather than work.
JOBS=$(($(nproc) + 1))
readonly JOBS
failed=()

main() {
  if [[ ${1:-} == fuzz-one ]]; then
    fuzz_one "$2"
    return
  fi
  local wanted=("$@") section
  [[ $# -gt 0 ]] || wanted=("${ALL[@]}")
  for section in "${wanted[@]}"; do
    if [[ " ${SECTIONS[*]} " != *" $section "* ]]; then
      echo "no section '$section'; there are: ${SECTIONS[*]}" >&2
      exit 2
    fi
  done

  tests/install.sh tests
  for section in "${wanted[@]}"; do
    "section_${section#--}" "$section"
  done
  summary
}

section_quick() {
  attempt "build" build dev
  attempt "unit tests" ctest --preset dev --output-on-failure -j "$JOBS"
  section_lint
}

section_build() {
  attempt "build with gcc and its analyzer" build ci
  attempt "build with clang and its sanitizers" build asan
}

section_unit() {
  attempt "build with clang and its sanitizers" build asan
  attempt "unit tests with sanitizers" some_unit_tests build/asan
  attempt "build with gcc and its analyzer" build ci
  attempt "unit tests" ctest --test-dir build/ci --output-on-failure -j "$JOBS"
  attempt "unit tests under valgrind" under_valgrind
}

section_system() {
  attempt "build the release" build_program
  attempt "a Synapse to test with" on_the_lab synapse
  attempt "system tests" system_tests
}

section_labs() {
  local lab
  attempt "build the release" build_program
  attempt "a Synapse to test with" on_the_lab synapse
  for lab in postgres workers; do
    attempt "some system tests with LAB=$lab" lab_tests "$lab"
  done
}

section_image() {
  attempt "build the release" build_program
  attempt "a Synapse to test with" on_the_lab synapse
  attempt "image" image_tests
}

section_package() {
  attempt "package" /usr/bin/python3 -B -m pytest -c tests/package/pytest.ini -q tests/package
}

section_faults() {
  local long=()
  [[ $1 != --faults ]] || long=(--long)
  attempt "build the release" build_program
  attempt "a Synapse to test with" on_the_lab synapse
  attempt "faults" faults "${long[@]}"
}

section_fuzz() {
  attempt "build the fuzz targets" build fuzz
  attempt "fuzz targets" fuzz
}

section_lint() {
  attempt "shellcheck" shellcheck tests/*.sh tests/package/boot.sh config/bash-completion/synapse-sync config/debian/{postinst,prerm,postrm} .ci/run
  attempt "build with clang and its sanitizers" build asan
  attempt "lint" cmake --build build/asan --target lint
}

section_threads() {
  attempt "build with the thread sanitizer" build_for_threads
  attempt "unit tests with the thread sanitizer" ctest --test-dir build/tsan --output-on-failure -j "$JOBS" -R '^(broker|http)/'
  attempt "the daemon with the thread sanitizer" threads
}

section_coverage() {
  attempt "build with coverage" build coverage
  attempt "unit tests with coverage" coverage_of_units
  if [[ -n ${COVERAGE_ARGS:-} ]]; then
    attempt "system tests with coverage" coverage_of_system
  fi
  attempt "coverage" coverage
}

# What tests are linked by. Debian's usual linker takes a third of the time of building a hundred tests.
readonly LINKER=-fuse-ld=mold

build() {
  LDFLAGS=$LINKER cmake --preset "$1" >/dev/null && cmake --build --preset "$@"
}

# The daemon, and the unit tests of the rooms that start threads, or whose libraries do.
build_for_threads() {
  local tests=(tests/unit/{broker,http}/test_*.c)
  tests=("${tests[@]#tests/unit/}")
  tests=("${tests[@]//\//_}")
  build tsan --target synapse-sync "${tests[@]%.c}"
}

# What is installed, without the tests.
build_program() {
  cmake --preset release >/dev/null && cmake --build --preset release --target synapse-sync
}

# Of the random cases only some: all of them take many minutes here, and are seen without the sanitizers.
some_unit_tests() {
  CASES=20 ctest --test-dir "$1" --output-on-failure -j "$JOBS"
}

on_the_lab() {
  (cd tests && /usr/bin/python3 -B -m lab "$@")
}

# Each worker has servers of its own; half of the time is spent waiting for them.
system_tests() {
  local workers
  workers=$(($(nproc) * 2 + 1))
  # shellcheck disable=SC2086
  /usr/bin/python3 -B -m pytest -c tests/system/pytest.ini -q -n "$((workers < 5 ? workers : 5))" \
    ${PYTEST_ARGS:-} tests/system
}

# Such a lab has up to eight servers, so there is one of them at a time.
lab_tests() {
  local tests
  mapfile -t tests <tests/system/labs.txt
  LAB=$1 /usr/bin/python3 -B -m pytest -c tests/system/pytest.ini -q "${tests[@]/#/tests/system/}"
}

# crun refuses to run beside a second, mixed in hierarchy of control groups; in a mount namespace of our own there is none.
image_tests() {
  local alone=()
  [[ $EUID -ne 0 ]] || alone=(unshare --mount bash -c 'umount /sys/fs/cgroup/unified 2>/dev/null || true; exec "$@"' bash)
  "${alone[@]}" /usr/bin/python3 -B -m pytest -c tests/image/pytest.ini -q tests/image
}

faults() {
  # shellcheck disable=SC2086
  (cd tests && /usr/bin/python3 -B -m faults "$@" ${FAULTS_ARGS:-})
}

# Not what plays the engine for long, and only some of the random cases: all of them take many minutes here, and were
# seen with sanitizers. Nor what sends signals of faults, which valgrind keeps for itself, what forbids memory that is written and
# run, which it needs, what was tried with sanitizers from the corpus of the fuzz targets, nor what is Python.
under_valgrind() {
  local options="--quiet --leak-check=full --errors-for-leak-kinds=definite --error-exitcode=99"
  CASES=6 ctest --test-dir build/ci -T memcheck --output-on-failure -j "$JOBS" \
    --exclude-regex '^lint/|^contract/|^fuzz/|^engine/(.*_plan|test_(storms|crash|bundles|by_hand|pace|catch_up|engine))$|^loop/test_signals$|^base/test_sandbox$|^command/test_confine$' --overwrite MemoryCheckCommandOptions="$options"
}

fuzz() {
  find build/fuzz/tests -maxdepth 1 -name 'fuzz_*' -type f -executable -print0 |
    xargs -0 -n 1 -P "$(nproc)" tests/run.sh fuzz-one
}

# With a broker that leaves the helper threads waiting, refuses what they ask, and goes away under them. A daemon that
# has seen a race does not end with status 0.
threads() {
  SYNAPSE_SYNC_BIN=build/tsan/synapse-sync /usr/bin/python3 -B -m pytest -c tests/system/pytest.ini -q \
    -n "$(($(nproc) * 2))" tests/system/traps/test_traps_{counts,errors,storms}.py
}

coverage_of_units() {
  find build/coverage -name '*.gcda' -delete
  some_unit_tests build/coverage
}

# One that is killed tells nothing.
coverage_of_system() {
  # shellcheck disable=SC2086
  SYNAPSE_SYNC_BIN=build/coverage/synapse-sync /usr/bin/python3 -B -m pytest -c tests/system/pytest.ini -q -n "$(nproc)" \
    ${COVERAGE_ARGS}
}

# What was run, line by line, is in the pages that it writes. What confines the process keeps it from writing down that it
# was run.
coverage() {
  mkdir -p build/coverage/report
  gcovr --root . --filter src/ --exclude src/base/sandbox.c --exclude src/command/confine.c --exclude-unreachable-branches --print-summary --sort-percentage \
    --html-details build/coverage/report/index.html --txt build/coverage/report/summary.txt \
    --fail-under-line 95 --fail-under-branch 85 build/coverage
}

# Starts from its corpus and the examples. What breaks a target is kept beside it. It works in a folder in which there
# are no settings.
fuzz_one() {
  local target=$PWD/$1 name=${1##*/fuzz_} root=$PWD keep
  keep=$(realpath -m "${FUZZ_KEEP:-$(mktemp -d)}")
  mkdir -p "$keep/$name"
  (
    cd "$keep"
    "$target" -max_total_time="${FUZZ_SECONDS:-3}" -timeout=5 -rss_limit_mb=1024 -verbosity=0 -print_final_stats=1 \
      -seed="${FUZZ_SEED:-1}" \
      -artifact_prefix="$target-" "$name" "$root/tests/fuzz/corpus/$name" "$root/data/examples" 2>&1 | tee -a "$name.log"
  )
  [[ -n ${FUZZ_KEEP:-} ]] || rm -r "$keep"
}

# Goes on after a failure, so that one run tells everything that is wrong.
attempt() {
  local title=$1 start=$SECONDS
  shift
  echo
  echo "== $title"
  if "$@"; then
    echo "== $title: passed ($((SECONDS - start)) s)"
  else
    echo "== $title: FAILED ($((SECONDS - start)) s)"
    failed+=("$title")
  fi
}

summary() {
  echo
  if [[ ${#failed[@]} -eq 0 ]]; then
    echo "all passed in $SECONDS s"
  else
    printf 'FAILED: %s\n' "${failed[@]}"
    exit 1
  fi
}

main "$@"
