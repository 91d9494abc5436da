"""Find out when a run began, from its record or from its commit."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent


def began(summary: dict[str, Any]) -> str | None:
    """Return when a run began in ISO 8601, or None if that is unknown.

    Records of earlier versions don't state it. Their runs began no earlier than their commit was
    made, so the commit's time is used if this checkout's history has the commit.
    """
    stated: str | None = summary.get("began")
    return stated or _committed(str(summary["commit"]).partition("+")[0])


@cache
def _committed(commit: str) -> str | None:
    """Return when a commit was made, or None if git or the commit is missing."""
    try:
        done = subprocess.run(
            ["git", "show", "--no-patch", "--format=%cI", "--end-of-options", commit],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip() or None
