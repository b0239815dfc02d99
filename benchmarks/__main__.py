"""``python -m benchmarks``: see benchmarks.speed.run."""

import os

# As every stage does, before torch is loaded: its idle threads would spin beside our kernels.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from benchmarks.speed.run import main
from hadamrnn.errors import as_sentences

with as_sentences():
    main()
