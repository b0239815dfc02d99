"""``python -m hadamrnn.cli``, where the console script is not installed."""

import sys

from hadamrnn.cli import main

sys.exit(main())
