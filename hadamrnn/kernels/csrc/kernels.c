/* All CPU kernels in one translation unit, for numbers of PRECISION bits; library.py compiles it.
 *
 * A kernel is int name(first, stop, arguments), as KERNEL defines it: it works on the tiles (or
 * vectors, rows, blocks) first .. stop - 1, which are all that it writes, and returns 0, or -1 for
 * want of memory. */

#include "vectors.h"

#include "arguments.h"
#include "products.h"
#include "tile.h"
#include "krylov.h"
#include "scan.h"
#include "cross_entropy.h"

int lanes(void) { return LANES; }
