"""The command line, as far as it is there."""

from __future__ import annotations

import json
import re

from lab.daemon import run_to_end


def test_help_and_version_need_no_configuration() -> None:
    shown = run_to_end(["--help"])
    assert shown.returncode == 0
    for name in ("run", "--config", "MATRIX_MESSENGER__URI", "LOG__FORMAT"):
        assert name in shown.stdout
    version = run_to_end(["--version"])
    assert version.returncode == 0 and re.search(r"\d+\.\d+\.\d+", version.stdout)


def test_an_unknown_command_is_refused_by_its_name() -> None:
    refused = run_to_end(["dance"])
    assert refused.returncode == 2
    assert "synapse-sync: dance: there is no such command;" in refused.stderr


def test_what_is_missing_or_too_much_is_named() -> None:
    for line, said in ((["--wait", "3"], "run: it does not take --wait"), (["plan", "--yes"], "plan: it does not take --yes"),
                       (["audit", "--no-environment"], "audit: it does not take --no-environment"),
                       (["--json"], "run: it does not take --json"), (["dlq"], "dlq: expected list|show N|retry [N|")):
        refused = run_to_end(line)
        assert refused.returncode == 2 and f"synapse-sync: {said}" in refused.stderr and not refused.stdout, line


def test_set_is_taken_so_often_and_no_more() -> None:
    settings = {"MATRIX_MESSENGER__URI": "http://localhost:8008", "MATRIX_MESSENGER__SERVERNAME": "school",
                "MATRIX_MESSENGER__SECRET": "sesame"}
    line = [f"--set=SYNC__CONCURRENCY={number}" for number in range(1, 65)]
    shown = run_to_end([*line, "--json", "config"], settings)
    assert shown.returncode == 0, shown.stderr
    assert [entry["value"] for entry in json.loads(shown.stdout) if entry["name"] == "SYNC__CONCURRENCY"] == ["64"]
    refused = run_to_end([*line, "--set", "SYNC__CONCURRENCY=1", "config"], settings)
    assert refused.returncode == 2 and "synapse-sync: --set: given too often" in refused.stderr and not refused.stdout


def test_config_tells_what_is_in_force_and_no_secret() -> None:
    settings = {"MATRIX_MESSENGER__URI": "http://localhost:8008", "MATRIX_MESSENGER__SERVERNAME": "school",
                "MATRIX_MESSENGER__SECRET": "sesame"}
    shown = run_to_end(["--json", "config"], settings)
    assert shown.returncode == 0 and "sesame" not in shown.stdout
    told = {entry["name"]: entry for entry in json.loads(shown.stdout)}
    assert told["MATRIX_MESSENGER__URI"] == {"name": "MATRIX_MESSENGER__URI", "value": "http://localhost:8008",
                                             "source": "environment"}
    assert told["MATRIX_MESSENGER__SECRET"]["value"] == "***"
    assert told["SYNC__ERASE"]["source"] == "default"
    for_people = run_to_end(["config"], settings)
    assert for_people.returncode == 0 and "sesame" not in for_people.stdout
    assert "name: MATRIX_MESSENGER__URI" in for_people.stdout


def test_config_with_a_mistake_ends_with_78() -> None:
    assert run_to_end(["config"], {"SYNC__ERASE": "perhaps"}).returncode == 78


def test_what_a_command_does_not_take_is_refused_with_2() -> None:
    for line, named in ((["config", "more"], "more"), (["--json", "run"], "run"), (["run", "now"], "now")):
        refused = run_to_end(line)
        assert refused.returncode == 2 and f"{named}: " in refused.stderr and not refused.stdout, line
