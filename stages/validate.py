"""Stage validate: params.yaml is right. Every other stage waits for it, so that a wrong key or
value stops the pipeline before any work.

Its output is the same whatever the right values are; changing one re-runs nothing by itself.
"""

from hadamrnn import files, params
from hadamrnn.datasets.common import by_name
from hadamrnn.errors import as_sentences


def main() -> None:
    with as_sentences():
        params.load(find_data=by_name.data_of)
        text = "params.yaml was checked by stages/validate.py\n"
        files.write_text("data/params-valid.txt", text)


if __name__ == "__main__":
    main()
