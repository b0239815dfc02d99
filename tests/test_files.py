"""Files of ours: whole or as before, and every changed bit is noticed."""

import contextlib
import json
import os
import re
import shutil
import stat
import tempfile
from pathlib import Path

import pytest

from hadamrnn import files
from hadamrnn.errors import HadamrnnError
from tests.limits import files_of_at_most, read_only


@pytest.fixture
def folder():
    """A folder that other users may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def text(path, content):
    files.write_text(path, content)


def sealed(path, content):
    files.write_sealed(path, content.encode())


def plain_json(path, content):
    files.write_json(path, {"content": content})


def sealed_json(path, content):
    files.write_json(path, {"content": content}, sealed=True)


def table(path, content):
    files.write_csv(path, ["content"], [{"content": content}])


WRITERS = pytest.mark.parametrize("write", [text, sealed, plain_json, sealed_json, table])


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@WRITERS
def test_a_new_version_takes_the_place_of_the_old_one(folder, write):
    path = folder / "new" / "file"
    write(path, "old")
    write(path, "new")
    assert b"new" in path.read_bytes() and b"old" not in path.read_bytes()
    assert names_in(path.parent) == ["file"]


@WRITERS
def test_a_full_disk_is_one_sentence_and_leaves_the_old_version(folder, write):
    path = folder / "file"
    write(path, "old")
    before = path.read_bytes()
    words = f"{path}: must be writable, and is as it was before; got File too large"
    with files_of_at_most(1000), pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        write(path, "new" * 1000)
    assert path.read_bytes() == before and names_in(folder) == ["file"]


@WRITERS
def test_a_read_only_folder_is_one_sentence_and_leaves_the_old_version(folder, write):
    path = folder / "file"
    write(path, "old")
    before = path.read_bytes()
    words = f"{path}: must be writable, and is as it was before; got Permission denied"
    with read_only(folder), pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        write(path, "new")
    assert path.read_bytes() == before and names_in(folder) == ["file"]


def test_a_folder_that_is_a_file_is_one_sentence(folder):
    files.write_text(folder / "file", "text")
    with pytest.raises(HadamrnnError, match=r"below: must be writable.*; got (Not a|File exists)"):
        files.write_text(folder / "file" / "below", "text")


def test_an_error_of_the_writer_leaves_the_old_version_and_is_passed_on(folder):
    path = folder / "file"
    files.write_text(path, "old")
    with pytest.raises(KeyboardInterrupt), files.replacing(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_text() == "old" and names_in(folder) == ["file"]


@pytest.mark.parametrize("mask, mode", [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_the_mode_is_what_the_umask_gives(folder, mask, mode):
    before = os.umask(mask)
    try:
        files.write_text(folder / "file", "text")
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "file").stat().st_mode) == mode


def flips(data):
    """``data`` with every single bit changed in turn."""
    for index in range(8 * len(data)):
        changed = bytearray(data)
        changed[index // 8] ^= 1 << index % 8
        yield bytes(changed)


def test_every_changed_bit_of_a_sealed_file_is_refused(folder):
    path = folder / "file"
    files.write_sealed(path, b"some numbers")
    assert files.read_sealed(path, "start anew") == b"some numbers"
    words = rf"^{re.escape(str(path))}: must be whole and unchanged; got .*; delete it and start"
    for changed in flips(path.read_bytes()):
        path.write_bytes(changed)
        with pytest.raises(HadamrnnError, match=words):
            files.read_sealed(path, "start anew")


def test_every_changed_bit_of_sealed_json_is_refused_or_changes_nothing(folder):
    path, content = folder / "file", {"name": "é", "numbers": [1, 0.1, None, True]}
    files.write_json(path, content, sealed=True)
    assert files.read_json(path, sealed=True) == content
    refused = 0
    for changed in flips(path.read_bytes()):
        path.write_bytes(changed)
        try:
            assert files.read_json(path, sealed=True) == content
        except HadamrnnError as error:
            assert str(error).startswith(f"{path}: must be whole and unchanged; got ")
            refused += 1
    assert refused > 6 * len(path.read_bytes())  # what is left are blanks that became others


def test_a_checksum_survives_another_layout(folder):
    """As Git may convert line ends, and people may indent."""
    path = folder / "file"
    files.write_json(path, {"b": [1.5], "a": "é"}, sealed=True)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert files.read_json(path, sealed=True) == {"b": [1.5], "a": "é"}
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")), indent=7), encoding="utf-8")
    assert files.read_json(path, sealed=True) == {"b": [1.5], "a": "é"}


def test_a_sealed_file_without_a_checksum_is_refused(folder):
    files.write_json(folder / "a.json", {"a": 1})
    assert files.read_json(folder / "a.json") == {"a": 1}
    files.write_bytes(folder / "b", b"data")
    for read in (
        lambda: files.read_json(folder / "a.json", sealed=True),
        lambda: files.read_sealed(folder / "b"),
        lambda: files.read_checked(folder / "b", None),
    ):
        with pytest.raises(HadamrnnError, match="; got no stored checksum$"):
            read()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100000, b"[1]", b"3", b"NaN"])
def test_what_is_no_json_mapping_is_one_sentence(folder, content):
    path = folder / "file.json"
    path.write_bytes(content)
    words = (
        rf"^{re.escape(str(path))}: must be whole and unchanged; got [^\n]*; delete it and run x$"
    )
    with pytest.raises(HadamrnnError, match=words):
        files.read_json(path, "run x")


def test_a_missing_or_unreadable_file_is_one_sentence(folder):
    path = folder / "file"
    words = f"{path}: must exist; got no such file; run x"
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        files.read_bytes(path, "run x")
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        files.read_json(path, "run x")
    words = f"{folder}: must be readable; got Is a directory"
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        files.checksum_of(folder)


def test_sums_of_a_folder(folder):
    for name in "abc":
        files.write_text(folder / name, name)
    files.write_sums(folder, ["b", "a"])
    first = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb  a"
    assert (folder / files.SUMS).read_text().splitlines()[0] == first  # of sha256sum
    files.check_sums(folder, ["a", "b"], "run x")
    for damage, name, words in (
        (lambda: files.write_text(folder / "b", "B"), "b", "must be whole and unchanged; got a f"),
        (lambda: (folder / "b").unlink(), "b", "must exist; got no such file; run x"),
        (lambda: None, "c", "must be whole and unchanged; got no stored checksum; delete it and"),
        (lambda: (folder / files.SUMS).unlink(), files.SUMS, "must exist; got no such file; run"),
    ):
        damage()
        with pytest.raises(HadamrnnError, match=f"^{re.escape(f'{folder / name}: {words}')}"):
            files.check_sums(folder, ["a", "b", "c"][: 3 if name == "c" else 2], "run x")
        files.write_text(folder / "b", "b")


def put(folder, content):
    for name in ("a", "b/c"):
        files.write_text(folder / name, content)


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files_in(folder)}


def files_in(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


OLD = {"made/a": "old", "made/b/c": "old"}


@pytest.fixture
def made(folder):
    """A folder whose older version is there."""
    put(folder / "made", "old")
    return folder / "made"


def test_a_new_folder_takes_the_place_of_the_old_one_as_a_whole(folder, made):
    with files.replacing_folder(made) as new:
        assert list(new.iterdir()) == []
        files.write_text(new / "d", "new")
        assert OLD.items() <= contents(folder).items()
    assert contents(folder) == {"made/d": "new"} and names_in(folder) == ["made"]
    with files.replacing_folder(folder / "above" / "first") as new:
        put(new, "new")
    assert contents(folder / "above") == {"first/a": "new", "first/b/c": "new"}


@pytest.mark.parametrize("error", [HadamrnnError("made.partial/a: no"), KeyboardInterrupt()])
def test_a_folder_that_is_not_finished_changes_nothing(folder, made, error):
    with pytest.raises(type(error), match="^made/a: no$|^$"), files.replacing_folder(made) as new:
        put(new, "new")
        raise error
    assert contents(folder) == OLD and names_in(folder) == ["made"]


def test_a_full_disk_leaves_the_old_folder(folder, made):
    words = f"^{re.escape(str(made / 'large'))}: must be writable, and is as it was before; got "
    replacing = files.replacing_folder(made)
    with pytest.raises(HadamrnnError, match=words), files_of_at_most(100), replacing as new:
        put(new, "new")
        files.write_text(new / "large", "x" * 1000)
    assert contents(folder) == OLD and names_in(folder) == ["made"]


def test_a_folder_above_that_is_not_ours_leaves_the_old_one(folder, made):
    words = f"^{re.escape(str(made))}: must be writable, .* got Permission denied$"
    replacing = files.replacing_folder(made)
    with pytest.raises(HadamrnnError, match=words), read_only(folder), replacing as new:
        put(new, "new")
    assert contents(folder) == OLD and names_in(folder) == ["made"]


@pytest.mark.parametrize("moves", range(4))
def test_a_kill_at_any_move_leaves_the_old_folder_or_the_new_one(folder, made, monkeypatch, moves):
    """After it the next call finds one of them, and leaves nothing else."""

    class Killed(BaseException):
        pass

    def replace(source, target, move=os.replace):
        nonlocal moves
        if moves == 0:
            raise Killed
        moves -= 1
        move(source, target)

    put(folder / "made.new", "new")
    with monkeypatch.context() as patch, contextlib.suppress(Killed):
        patch.setattr(os, "replace", replace)
        with files.replacing_folder(made) as new:
            for path in files_in(folder / "made.new"):
                target = new / path.relative_to(folder / "made.new")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text("new")
    shutil.rmtree(folder / "made.new")
    left = made if made.exists() else folder / "made.old"
    assert contents(left) in ({"a": "old", "b/c": "old"}, {"a": "new", "b/c": "new"})
    before = contents(left)
    with pytest.raises(HadamrnnError), files.replacing_folder(made):
        raise HadamrnnError("no")
    assert contents(made) == before
    with files.replacing_folder(made) as new:
        put(new, "newer")
    assert contents(folder) == {"made/a": "newer", "made/b/c": "newer"}
    assert names_in(folder) == ["made"]
