"""Hostile versions of good files: hypothesis strategies that the five kinds of input share."""

import copy
import json

from hypothesis import strategies as st

DEEP = "[" * 3_000 + "]" * 3_000
TOKENS = [
    *(b"\x00", b"\xff\xfe", b"\xed\xa0\x80", "\u202e\u2028\U0001f4a3".encode(), b"\r", b"\n" * 50),
    *(b"NaN", b"Infinity", b"-1", b"1e999", b"9" * 5_000, b"0x10", b"1:30", b"null", b"true", b"~"),
    *(b"{", b"}", b"[", b"]", b'"', b"'", b"<<", b"&a", b"*a", b"!!python/object:os.system", b"%"),
    *(b"a: &a [*a]", b"? [x]", b"---\n", b"{{ 7*7 }}", b"\\write18{id}", b"<script>", b"=1+1"),
    *(DEEP.encode(), b"../" * 20 + b"etc/passwd", b"; rm -rf x", b"$(id)", b"x" * 100_000),
]
VALUES = [
    *(None, True, False, 0, -1, 1, 2**31, 10**30, 0.5, -0.0, float("nan"), float("inf"), 1e308),
    *("", "x", "nan", "\x00", "\u2028", "<b>&", "=1+1", "../../x", "{{ 7*7 }}", "x" * 10_000),
    *([], {}, [[]], [None], {"": None}, [1] * 1_000, {"a": {"a": {"a": {}}}}),
]


def values():
    """A value that some place didn't ask for."""
    return st.sampled_from(VALUES) | st.integers() | st.text(max_size=20) | st.floats()


@st.composite
def mangled(draw, content):
    """A file's bytes with a few of them cut, changed, doubled, or replaced by something hostile."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 200)))
        kind = draw(st.sampled_from(["cut", "end", "token", "byte", "double", "all"]))
        if kind == "cut":
            content = content[:start] + content[end:]
        elif kind == "end":
            content = content[:start]
        elif kind == "token":
            content = content[:start] + draw(st.sampled_from(TOKENS)) + content[end:]
        elif kind == "byte":
            content = content[:start] + draw(st.binary(max_size=3)) + content[start + 1 :]
        elif kind == "double":
            content = content[:end] + content[start:end] * 3 + content[end:]
        else:
            content = draw(st.binary(max_size=300))
    return content


def places(document, path=()):
    """The paths of every value in nested lists and mappings."""
    found = [path]
    inner = document.items() if isinstance(document, dict) else ()
    inner = enumerate(document) if isinstance(document, list) else inner
    for key, value in inner:
        found += places(value, (*path, key))
    return found


@st.composite
def altered(draw, document):
    """Plain data with a few of its values replaced, removed, or joined by others."""
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(document)))
        if not path:
            continue
        owner = document
        for key in path[:-1]:
            owner = owner[key]
        kind = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
        if kind == "replace":
            owner[path[-1]] = copy.deepcopy(draw(values()))
        elif kind == "remove":
            del owner[path[-1]]
        elif isinstance(owner, dict):
            owner[draw(st.text(max_size=8))] = copy.deepcopy(draw(values()))
        else:
            owner.insert(0, copy.deepcopy(draw(values())))
    return document


def json_file(document):
    """The bytes of a JSON file like ``document``, altered in its values or mangled in its bytes."""
    plain = json.dumps(document).encode()
    return mangled(plain) | altered(document).map(lambda d: json.dumps(d).encode())
