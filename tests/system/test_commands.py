"""The command line, as far as it is there."""

from __future__ import annotations

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
    assert "dance" in refused.stderr
