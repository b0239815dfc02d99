"""Which figures the runs of a benchmark can show."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from hadamrnn.report import charts, curves
from hadamrnn.report.runs import Group

SAME_SIZE = ("-blocks-", "-rate-", "-batch-", "-signs-")
"""Sweeps whose models are as large as the one they start from."""


def _sizes(benchmark: str, groups: Sequence[Group]) -> dict[str, Figure]:
    sized = [group for group in groups if not any(word in group.name for word in SAME_SIZE)]
    if len({group.first.size_bytes for group in sized}) < 2:
        return {}
    return {f"{benchmark}-size": charts.accuracy_against_size(benchmark, sized)}


def _operations(benchmark: str, groups: Sequence[Group]) -> dict[str, Figure]:
    """The sweep of blocks, with the run it starts from where that one has other blocks."""
    blocks = {group.first.q: group for group in groups if "-blocks-" in group.name}
    if len(blocks) < 2:
        return {}
    first = next(iter(blocks.values())).first
    for group in groups:
        run = group.first
        same = (run.recipe, run.hidden_size) == (first.recipe, first.hidden_size)
        if same and len(group.runs) > 1 and run.model == first.model:
            blocks.setdefault(run.q, group)
    ordered = [group for _, group in sorted(blocks.items(), key=lambda item: item[0] or 0)]
    return {f"{benchmark}-operations": charts.accuracy_against_operations(benchmark, ordered)}


def _models(benchmark: str, groups: Sequence[Group]) -> dict[str, Figure]:
    """A figure for each recipe that several models were trained with.

    Of one model the group with most seeds stands for the others: sweeps have one seed.
    """
    recipes: dict[tuple[Any, ...], dict[str, Group]] = {}
    for group in sorted(groups, key=lambda group: -len(group.runs)):
        recipes.setdefault(group.first.recipe, {}).setdefault(group.first.model, group)
    made = {}
    for models in recipes.values():
        if len(models) > 1:
            chosen = list(models.values())
            variant = chosen[0].name.removeprefix(benchmark)
            made[f"{benchmark}-models{variant}"] = charts.models_compared(benchmark, chosen)
    return made


def _recipes(benchmark: str, groups: Sequence[Group]) -> dict[str, Figure]:
    recipes = [g for g in groups if g.name in (benchmark, f"{benchmark}-official")]
    if not recipes:
        return {}
    made = {f"{benchmark}-curves": curves.learning_curves(benchmark, recipes)}
    first = recipes[0].first
    if first.record["confusion"] and not first.per_step:
        made[f"{benchmark}-confusion"] = charts.confusion(first)
    return made


def figures_of(benchmark: str, groups: Sequence[Group]) -> dict[str, Figure]:
    """The figures of one benchmark: those that its runs can show.

    Parameters
    ----------
    benchmark : str
        The data set.
    groups : sequence of Group
        All its runs.

    Returns
    -------
    dict of str to Figure
        By the names of their files, without ending.
    """
    makers = (_sizes, _operations, _models, _recipes)
    return {name: figure for make in makers for name, figure in make(benchmark, groups).items()}
