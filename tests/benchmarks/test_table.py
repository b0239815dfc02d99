"""A study's CSV file: rows survive a stop, and another study's file is left alone."""

import csv

import pytest

from benchmarks.table import Table
from hadamrnn.errors import HadamrnnError

COLUMNS = ("name", "seconds")


def test_rows_go_in_one_by_one_and_are_found_again(tmp_path):
    path = tmp_path / "new" / "study.csv"
    table = Table(path, COLUMNS)
    assert table.rows() == [] and table.done(COLUMNS) == set()
    table.append(("a, b", 0.5))
    again = Table(path, COLUMNS)
    again.append({"seconds": 2, "name": "c", "not kept": 0})
    again.append({"name": "d"})
    assert path.read_text(encoding="utf-8") == 'name,seconds\n"a, b",0.5\nc,2\nd,\n'
    assert again.rows()[0] == {"name": "a, b", "seconds": "0.5"}
    assert again.done(("seconds", "name")) == {("0.5", "a, b"), ("2", "c"), ("", "d")}


def test_replace_writes_anew(tmp_path):
    table = Table(tmp_path / "study.csv", COLUMNS)
    table.append(("old", 1))
    table.replace([("new", 2), {"name": "newer", "seconds": 3}])
    assert [row["name"] for row in table.rows()] == ["new", "newer"]


def test_replace_that_stops_keeps_the_old_rows(tmp_path):
    table = Table(tmp_path / "study.csv", COLUMNS)
    table.append(("old", 1))
    with pytest.raises(csv.Error):
        table.replace([("new", 2), 3])
    assert [row["name"] for row in table.rows()] == ["old"]


def test_another_study_is_left_alone(tmp_path):
    path = tmp_path / "study.csv"
    path.write_text("other,columns\n1,2\n", encoding="utf-8")
    words = "must have the columns name, seconds; got other, columns; move it away to begin"
    for work in (Table.rows, lambda table: table.append(("a", 1))):
        with pytest.raises(HadamrnnError, match=words):
            work(Table(path, COLUMNS))
    assert path.read_text(encoding="utf-8") == "other,columns\n1,2\n"
