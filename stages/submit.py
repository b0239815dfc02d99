"""Write GLUE's submission file of a benchmark: python -m stages.submit sst2.

Not a stage of the pipeline: it reads the prepared, unlabelled test set and the exported integer
model, and writes results/<benchmark>/<GLUE's name>.tsv, which gluebenchmark.com scores.
"""

from stages import common


def main(settings):
    from hadamrnn import integer, submission
    from hadamrnn.datasets import prepared
    from hadamrnn.errors import HadamrnnError

    benchmark = settings.benchmark
    if benchmark not in submission.FILE_NAMES:
        raise HadamrnnError(
            f"stage: GLUE scores {' and '.join(submission.FILE_NAMES)} alone; got {benchmark!r}"
        )
    inputs = prepared.load_unlabelled(common.prepared(benchmark))
    model = integer.load(common.exports(benchmark) / "model.hrnn")
    path = common.results(benchmark) / submission.FILE_NAMES[benchmark]
    submission.write(model.predict(inputs), path)
    print(f"wrote {path}: {len(inputs)} predictions of the integer model")


if __name__ == "__main__":
    common.run(main)
