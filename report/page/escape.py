r"""Text as LaTeX.

The result is plain ASCII, so that every engine reads it in the same way, and contains no commands
of the text's own.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from anyascii import anyascii
from markupsafe import Markup
from pylatexenc.latexencode import UnicodeToLatexEncoder


class Tex(Markup):
    """Text that is already LaTeX; like any Markup, jinja doesn't escape it."""

    __slots__ = ()


SPECIAL = {
    "\\": r"\textbackslash{}",
    # At the start of a row or an item, LaTeX would read these characters as an option.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_\allowbreak{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": "'{}",
    "`": r"\textasciigrave{}",
    "/": r"/\allowbreak{}",
    "\u00a0": "~",
    "\u2003": r"\quad{}",
    "\u2011": r"\mbox{-}",
    "\u200b": r"\allowbreak{}",
    "\n": " ",
}

PRINTED = (
    *("\u00a1-\u017f", "\u0370-\u03ff"),  # Latin and Greek
    *("\u2010-\u2044", "\u2070-\u209f", "\u20ac"),  # punctuation, small numbers, the euro
    *("\u2100-\u215e", "\u2190-\u22ff"),  # letters, fractions, arrows and signs of mathematics
)
"""Ranges of characters for which pylatexenc knows a command that the report's packages have."""

UNKNOWN = "ŉΐϒℋℐℒℛℬℰℱℳ⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞↜↝⇅⇵∟∬∭∯∰∱∻∾≆≋≌≙≛≸≹⊧⊨⊫⊶⊷⊹⊾⋘⋙⋨⋰"
"""Characters in these ranges for which it names a command of other packages."""

LONG = 18
"""Words are breakable after this many characters, so that no name exceeds its column."""

_latex = UnicodeToLatexEncoder(
    replacement_latex_protection="braces-all",
    unknown_char_policy="keep",
    unknown_char_warning=False,
)


def escape(text: str) -> Tex:
    """Return ``text`` escaped for LaTeX, with long words breakable.

    Letters that the fonts don't have are transliterated, and marked as ``transliterated``.
    """
    breakable = re.sub(rf"(\w{{{LONG}}})(?=\w)", "\\1\u200b", text)
    escaped = "".join(map(letter, breakable))
    # Two consecutive hyphens or commas would become a different character.
    return Tex(re.sub(r"([-,])(?=\1)", r"\1{}", escaped))


@cache
def letter(character: str) -> str:
    """Return the LaTeX for a character."""
    if character in SPECIAL:
        return SPECIAL[character]
    if " " <= character <= "~":
        return character
    if unicodedata.category(character).startswith("C"):
        return ""
    if re.fullmatch(f"[{''.join(PRINTED)}]", character) and character not in UNKNOWN:
        found: str = _latex.unicode_to_latex(character)
        if found.isascii():
            return found
    in_latin = "".join(map(letter, anyascii(character)))
    return f"\\transliterated{{{in_latin}}}" if in_latin else ""


def finalize(value: object) -> object:
    """Escape a value in a template, unless it is already LaTeX, such as a macro's result."""
    return value if isinstance(value, Markup) else escape(str(value))
