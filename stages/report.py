"""Stage report: results/paper/<run>/ -> docs/results/ (page, figures) and reports/index.html."""

from pathlib import Path

from hadamrnn.errors import HadamrnnError, as_sentences

RUNS, PAGES, WEBPAGE = Path("results/paper"), Path("docs/results"), Path("reports/index.html")


def figures_of(benchmark, groups):
    """{file name: figure} for one benchmark: those that its runs can show."""
    from hadamrnn.report import figures

    blocks = [group for group in groups if "-blocks-" in group.name]
    aside = ("-blocks-", "-rate-", "-batch-", "-signs-")  # same size as the shipped model
    sized = [group for group in groups if not any(word in group.name for word in aside)]
    recipes = [g for g in groups if g.name in (benchmark, f"{benchmark}-official")]
    # Baselines share the recipe of <benchmark>-earlier where there is such a run.
    earlier = [group for group in groups if group.name == f"{benchmark}-earlier"]
    models = {group.first.model: group for group in [*reversed(sized), *earlier]}
    made = {f"{benchmark}-size": figures.accuracy_against_size(benchmark, sized)}
    if len(blocks) > 1:
        made[f"{benchmark}-operations"] = figures.accuracy_against_operations(benchmark, blocks)
    if len(models) > 1:
        made[f"{benchmark}-models"] = figures.models_compared(benchmark, list(models.values()))
    if recipes:
        made[f"{benchmark}-curves"] = figures.learning_curves(benchmark, recipes)
    if recipes and benchmark != "copy":
        made[f"{benchmark}-confusion"] = figures.confusion(recipes[0].first)
    return made


def main():
    from hadamrnn.report import figures, page, runs

    groups = runs.read_groups(RUNS).values()
    if not groups:
        raise HadamrnnError(f"{RUNS}: must hold one run or more; see paper.yaml")
    groups_of: dict[str, list] = {}
    for group in groups:
        groups_of.setdefault(group.first.benchmark, []).append(group)
    for folder in (PAGES, WEBPAGE.parent):
        folder.mkdir(parents=True, exist_ok=True)
    names = {}
    for benchmark, own in groups_of.items():
        made = figures_of(benchmark, own)
        for name, figure in made.items():
            figures.save(figure, PAGES / name)
        names[benchmark] = list(made)
    (PAGES / "README.md").write_text(page.markdown(groups_of, names), encoding="utf-8")

    def svg(name):
        text = (PAGES / f"{name}.svg").read_text(encoding="utf-8")
        return text[text.index("<svg") :]

    WEBPAGE.write_text(page.webpage(groups_of, names, svg), encoding="utf-8")
    print(f"report of {len(groups)} recipes: {PAGES / 'README.md'}, {WEBPAGE}")


if __name__ == "__main__":
    with as_sentences():
        main()
