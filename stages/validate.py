"""Stage validate: params.yaml is right.

Every other stage waits for it, so that a wrong key or value stops the pipeline before any work. For
each stage it writes data/shared/<stage>.txt: checksums of the code, and the general parameters,
that the stage shares among all benchmarks. The stage re-runs when its own list changes. For each
benchmark it writes data/shared/raw/<benchmark>.txt: checksums of the user's own files that it is
made from, or else of its module. Its preparation re-runs when they change.
"""

from hadamrnn import files, params
from hadamrnn.checkup import committed
from hadamrnn.datasets.common import by_name
from hadamrnn.errors import as_sentences
from stages import raw_files, signature


def main() -> None:
    """Check params.yaml and write what the stages share."""
    if differs := committed.note():
        print(differs)
    with as_sentences():
        settings = params.load(find_facts=by_name.facts_of)
        for stage in signature.pipeline()["vars"][0]["shared"]:
            files.write_text(f"data/shared/{stage}.txt", signature.shared(stage))
        for name, one in settings.items():
            files.write_text(f"data/shared/raw/{name}.txt", raw_files.checksums(name, one.data))


if __name__ == "__main__":
    main()
