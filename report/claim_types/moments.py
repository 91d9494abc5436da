"""Moments in ISO 8601: when a rule was written, and when a run began."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

DATE = len("2026-11-27")


def moment(text: str) -> datetime:
    """Return a moment; a date without a time is the end of that day, and no time zone means UTC.

    Raises
    ------
    ValueError
        If the text isn't a moment in ISO 8601.
    """
    found = datetime.fromisoformat(text)
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return found + timedelta(days=1) if len(text) == DATE else found


def is_moment(text: object) -> bool:
    """Return whether a value is the text of a moment."""
    try:
        return isinstance(text, str) and bool(moment(text))
    except (ValueError, OverflowError):
        return False
