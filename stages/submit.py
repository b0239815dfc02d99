"""Write GLUE's submission file of a benchmark: python -m stages.submit sst2.

Not a stage of the pipeline: it reads the prepared, unlabelled test set and the exported integer
model, and writes results/<benchmark>/<GLUE's name>.tsv, which gluebenchmark.com scores.
"""

import numpy as np

from hadamrnn import params
from stages import common


def main(settings: params.Settings) -> None:
    """Write the submission file of one benchmark."""
    from hadamrnn import files, integer
    from hadamrnn.datasets.common import glue
    from hadamrnn.errors import HadamrnnError
    from hadamrnn.prepared import arrays, lengths

    benchmark = settings.benchmark
    if benchmark not in glue.SUBMISSIONS:
        raise HadamrnnError(
            f"stage: GLUE scores {' and '.join(glue.SUBMISSIONS)} alone; got {benchmark!r}"
        )
    folder = common.prepared(benchmark)
    inputs = arrays.load_unlabelled(folder)
    steps = lengths.read(folder, "unlabelled", arrays.read_card(folder))
    model = integer.load(common.exports(benchmark) / "model.hrnn")
    classes = np.zeros(len(inputs), dtype=np.int64)
    for rows, length in lengths.parts(steps, inputs.shape):
        classes[rows] = model.predict(inputs[rows, :length])
    path = common.results(benchmark) / glue.SUBMISSIONS[benchmark]
    files.write_text(path, glue.submission(classes))
    print(f"wrote {path}: {len(inputs)} predictions of the integer model")


if __name__ == "__main__":
    common.run(main)
