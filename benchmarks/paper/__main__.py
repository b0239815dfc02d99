"""python -m benchmarks.paper: see benchmarks.paper.experiments."""

from benchmarks.paper.experiments import main
from hadamrnn.errors import as_sentences

if __name__ == "__main__":
    with as_sentences():
        main()
