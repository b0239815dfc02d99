"""Figures: files that repeat, comparisons of like with like, labels that can be read."""

import itertools

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from hadamrnn.report import charts, figures, labels, runs, style
from hadamrnn.report.runs import Group, Run
from tests.report.conftest import record


@pytest.fixture(scope="module")
def collected():
    """{name: figure} of results/paper."""
    found = {}
    for group in runs.read_groups("results/paper").values():
        found.setdefault(group.first.benchmark, []).append(group)
    made = [figures.figures_of(name, groups) for name, groups in found.items()]
    return {name: figure for some in made for name, figure in some.items()}


def group(name, **changes):
    return Group(name, (Run(f"{name}-seed1", record(1, 0.9, **changes)),))


def test_figures_repeat_byte_for_byte(groups, tmp_path):
    own = list(groups.values())
    for i in range(2):
        for name, figure in figures.figures_of("har2", own).items():
            style.save(figure, tmp_path / f"{name}{i}")
    names = {path.name[:-5] for path in tmp_path.glob("*.svg")}
    assert names == {"har2-size", "har2-models", "har2-curves", "har2-confusion"}
    for name in names:
        assert (tmp_path / f"{name}0.svg").read_bytes() == (tmp_path / f"{name}1.svg").read_bytes()
    assert not list(tmp_path.glob("*.png"))


def test_models_are_compared_within_one_recipe(collected):
    newer, before = collected["har2-models-mean"], collected["har2-models-earlier"]
    assert newer.get_suptitle().endswith("the recipe har2-mean")
    assert before.get_suptitle().endswith("the recipe har2-earlier")
    assert len(newer.axes[0].get_yticklabels()) == 4
    assert len(before.axes[0].get_yticklabels()) == 8


def test_a_recipe_of_one_model_is_no_comparison():
    own = [group("har2"), group("har2-gates-modelgru", model="gru", integer=False, rotation=15)]
    assert not any("models" in name for name in figures.figures_of("har2", own))


def test_the_blocks_are_shown_with_the_run_they_start_from(collected):
    texts = {text.get_text() for text in collected["har2-operations"].axes[0].texts}
    assert texts == {f"q={q}" for q in (1, 2, 4, 8, 16, 64)}


def test_copy_shows_the_cross_entropy(collected):
    """An answer that is always blank has an accuracy of 99 %."""
    assert "cross-entropy" in collected["copy-curves"].axes[0].get_ylabel()
    assert "accuracy" in collected["imdb-curves"].axes[0].get_ylabel()


def test_one_size_makes_no_figure_of_sizes():
    groups = runs.read_groups("results/paper")
    assert set(figures._sizes("copy", [groups["copy"], groups["copy-small"]])) == {"copy-size"}
    assert figures._sizes("copy", [groups["copy"], groups["copy-official"]]) == {}


def extents(figure):
    """Boxes of the labels in a figure's only axes, and of these axes."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    axes = figure.axes[0]
    # Without the line to the mark, which may cross other labels.
    return [Text.get_window_extent(text, renderer) for text in axes.texts], axes.get_window_extent()


@pytest.mark.parametrize("name", ["har2-size", "dsa19-size", "pmnist-size", "smnist-size"])
def test_labels_cover_neither_each_other_nor_the_frame(collected, name):
    boxes, frame = extents(collected[name])
    assert len(boxes) > 5
    for box, other in itertools.combinations(boxes, 2):
        assert not box.overlaps(other)
    for box in boxes:
        assert frame.x0 <= box.x0 < box.x1 <= frame.x1
        assert frame.y0 <= box.y0 < box.y1 <= frame.y1


def test_labels_stay_readable_where_points_coincide():
    figure = Figure()
    axes = figure.add_subplot()
    axes.plot([1, 2], [1, 2], "o")
    labels.place(axes, [labels.Point(1.5, 1.5, f"the same place, {i}") for i in range(8)])
    boxes, _ = extents(figure)
    for box, other in itertools.combinations(boxes, 2):
        assert not box.overlaps(other)


def test_a_class_that_never_occurs_has_an_empty_row():
    content = record(1, 0.9)
    content["confusion"] = {"classes": ["a", "b"], "counts": [[2, 1], [0, 0]]}
    figure = charts.confusion(Run("har2-seed1", content))
    assert [text.get_text() for text in figure.axes[0].texts] == ["67", "33"]


def test_every_model_has_a_mark_and_a_colour_of_its_own():
    looks = style.MODELS.values()
    assert (
        len({look.marker for look in looks}) == len({look.colour for look in looks}) == len(looks)
    )
    assert style.look("later").label == "later"
