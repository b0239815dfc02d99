"""Stage validate: params.yaml is right.

Every other stage waits for it, so that a wrong key or value stops the pipeline before any work. For
each stage it writes data/shared/<stage>.txt: checksums of the code, and the general parameters,
that the stage shares among all benchmarks. The stage re-runs when its own list changes.
"""

from hadamrnn import files, params
from hadamrnn.checkup import committed
from hadamrnn.datasets.common import by_name
from hadamrnn.errors import as_sentences
from stages import signature


def main() -> None:
    """Check params.yaml and write what the stages share."""
    if differs := committed.note():
        print(differs)
    with as_sentences():
        params.load(find_data=by_name.data_of)
        for stage in signature.pipeline()["vars"][0]["shared"]:
            files.write_text(f"data/shared/{stage}.txt", signature.shared(stage))


if __name__ == "__main__":
    main()
