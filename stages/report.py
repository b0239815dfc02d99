"""Stage report: results/paper/<run>.json -> docs/results/ (page and figures).

It starts from an empty docs/results, so that no figure of an earlier version stays behind.
"""

import shutil
from pathlib import Path

from hadamrnn.errors import HadamrnnError, as_sentences

RUNS, PAGES = Path("results/paper"), Path("docs/results")


def main() -> None:
    """Write the page of all runs there are."""
    from hadamrnn.report import page, runs
    from hadamrnn.report.figures import figures_of
    from hadamrnn.report.style import save

    groups = runs.read_groups(RUNS).values()
    if not groups:
        raise HadamrnnError(f"{RUNS}: must hold one run or more; see paper.yaml")
    groups_of = runs.by_benchmark(groups)
    drawn = {benchmark: figures_of(benchmark, own) for benchmark, own in groups_of.items()}
    names = {benchmark: list(made) for benchmark, made in drawn.items()}
    shutil.rmtree(PAGES, ignore_errors=True)
    PAGES.mkdir(parents=True)
    for made in drawn.values():
        for name, figure in made.items():
            save(figure, PAGES / name)
    (PAGES / "README.md").write_text(page.markdown(groups_of, names), encoding="utf-8")
    print(f"report of {len(groups)} recipes: {PAGES / 'README.md'}")


if __name__ == "__main__":
    with as_sentences():
        main()
