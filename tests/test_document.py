import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ablations.harness.declarations.document import DeclarationError, read


def write(folder, text):
    path = folder / "file.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_numbers_of_yaml_1_2_are_numbers(tmp_path):
    path = tmp_path / "numbers.yaml"
    path.write_text("a: 1e-3\nb: 1.5E+2\nc: -2e4\nd: e5\ne: '1e-3'\nf: 1.0\n")
    found = read(path).content
    assert found == {"a": 0.001, "b": 150.0, "c": -20_000.0, "d": "e5", "e": "1e-3", "f": 1.0}


def test_content_comes_with_lines(tmp_path):
    document = read(write(tmp_path, "a: 1\nb:\n  c: [1, 2]\n  on: yes\n"))
    assert document.content == {"a": 1, "b": {"c": [1, 2], "on": True}}
    assert document.lines["b", "on"] == 4
    assert str(document.error("wrong", "b", "on", "deeper")).endswith("file.yaml:4: wrong")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\na: 2\n", 2, "said twice, first in line 1"),
        ("a: 1\nb:\n  c: 1\n  c: 2\n", 4, "said twice, first in line 3"),
        ("a: &x 1\nb: *x\n", 1, "aliases"),
        ("- 1\n", 1, "expected a mapping"),
        ("", 1, "expected a mapping"),
        ("a: [1\n", 2, "not YAML"),
        ("a: !!python/object:os.system x\n", 1, "not YAML"),
        ("? [1, 2]\n: 3\n", 1, "a key must be a word"),
        (b"\xff\xfe\x00", None, "not YAML"),
        ("a: 1\n" + "#" * 300_000, None, "bytes; allowed are"),
    ],
)
def test_what_cant_be_read_names_file_and_line(tmp_path, text, line, said):
    with pytest.raises(DeclarationError) as caught:
        read(write(tmp_path, text))
    assert said in str(caught.value)
    assert "file.yaml" in str(caught.value)
    if line:
        assert caught.value.line == line


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DeclarationError, match=r"gone\.yaml: can't be read"):
        read(tmp_path / "gone.yaml")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(alphabet="ab:-[]{}&*!\n \t'\"#|>?", max_size=80))
def test_any_bytes_are_a_mapping_or_an_error(tmp_path, content):
    try:
        document = read(write(tmp_path, content))
    except DeclarationError as error:
        assert "\n" not in str(error)
    else:
        assert isinstance(document.content, dict)
