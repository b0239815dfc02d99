"""Machine code of C sources: compiled once for a processor and a compiler, kept, never stale.

- A wheel may hold code that was compiled before, for several kinds of processors (``prebuilt``).
- Else it is compiled at first use and kept in a file (``kept``) whose name holds hashes of all that
  decides what it does: sources, options, processor, compiler, and its own content.
- Where there is no compiler, the code that any compiler has left for these sources is used.
"""

from hadamrnn.machine_code.code import NATIVE, Code
from hadamrnn.machine_code.kept import user_cache
from hadamrnn.machine_code.loading import load

__all__ = ["NATIVE", "Code", "load", "user_cache"]
