"""Stage validate: params.yaml is right. Every other stage waits for it, so that a wrong key or
value stops the pipeline before any work.

Its output is the same whatever the right values are; changing one re-runs nothing by itself.
"""

from pathlib import Path

from hadamrnn import params
from hadamrnn.errors import as_sentences


def main():
    with as_sentences():
        params.load()
    path = Path("data/params-valid.txt")
    path.parent.mkdir(exist_ok=True)
    path.write_text("params.yaml was checked by stages/validate.py\n", encoding="utf-8")


if __name__ == "__main__":
    main()
