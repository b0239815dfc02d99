/* One tile of LANES sequences that advance together: the inner loops of the scan.
 *
 * A tile holds the state as d vectors, sequences innermost, so that every butterfly is a full-width
 * operation and the tile of a usual model stays in the first-level cache. */

/* --------------------------------------------------------------------------------- transform */

/* What stands behind or before a transform S: scale (S h) + a in time, S (scale (h - a)) against it,
 * with scale of numbers for every row, and a of vectors, of values that are the same in every lane,
 * or none; or factors (S h) and S h + a of vectors. */
enum direction { NEITHER, ADD, ADD_VALUES, TIMES, PLUS, SUBTRACT, SUBTRACT_VALUES, SCALE };

INLINE void pass(
    vec *to, const vec *from, int64_t place, int64_t half, const int radix, const int direction,
    const real *scale, const vec *added, const real *values)
{
    vec r[16];
    UNROLL for (int k = 0; k < radix; k++) {
        int64_t i = place + k * half;
        r[k] = from[i];
        if (direction == SUBTRACT) r[k] -= added[i];
        if (direction == SUBTRACT_VALUES) r[k] -= values[i];
        if (direction >= SUBTRACT) r[k] *= scale[i];
    }
    butterflies(r, radix);
    UNROLL for (int k = 0; k < radix; k++) {
        int64_t i = place + k * half;
        if (direction == ADD) r[k] = scale[i] * r[k] + added[i];
        if (direction == ADD_VALUES) r[k] = scale[i] * r[k] + values[i];
        if (direction == TIMES) r[k] *= added[i];
        if (direction == PLUS) r[k] += added[i];
        to[i] = r[k];
    }
}

#define PASS(n, direction)                                                                        \
    case n:                                                                                       \
        for (int64_t start = 0; start < rows; start += n * half)                                  \
            for (int64_t i = start; i < start + half; i++)                                        \
                pass(to, from, i, half, n, direction, scale, added, values);                      \
        break;
#define PASSES(direction)                                                                         \
    switch (radix) {                                                                              \
        PASS(1, direction) PASS(2, direction) PASS(4, direction) PASS(8, direction)               \
        PASS(16, direction)                                                                       \
    }

/* A pass with nothing before or behind it; one for all, which takes the compiler half of the time. */
static void plain_pass(vec *to, const vec *from, int64_t rows, int64_t half, int64_t radix)
{
    const real *scale = NULL, *values = NULL;
    const vec *added = NULL;
    PASSES(NEITHER)
}

/* to = what the direction makes of from, in blocks of so many rows; they may be one. half: rows
 * whose levels are done. */
INLINE void transform(
    vec *to, const vec *from, int64_t rows, int64_t block, int64_t half, const int direction,
    const real *scale, const vec *added, const real *values)
{
    do {
        int64_t left = block / half, radix = left < 8 ? left : 8;
        if (left >= 16 && left != 64 && left != 512 && left != 4096) radix = 16;
        int outermost = direction < SUBTRACT ? radix == left : half == 1;
        if (outermost) PASSES(direction)
        else plain_pass(to, from, rows, half, radix);
        half *= radix;
        from = to;
    } while (half < block);
}

/* to = scale (S from) + added, or + values where there are any. */
static void step_forth(
    vec *to, const vec *from, int64_t rows, int64_t block_size, const real *scale,
    const vec *added, const real *values)
{
    if (values) transform(to, from, rows, block_size, 1, ADD_VALUES, scale, NULL, values);
    else transform(to, from, rows, block_size, 1, ADD, scale, added, NULL);
}

/* to = S (scale (from - added)), or - values where there are any, or S (scale from). */
static void step_back(
    vec *to, const vec *from, int64_t rows, int64_t block_size, const real *scale,
    const vec *added, const real *values)
{
    if (values) transform(to, from, rows, block_size, 1, SUBTRACT_VALUES, scale, NULL, values);
    else if (added) transform(to, from, rows, block_size, 1, SUBTRACT, scale, added, NULL);
    else transform(to, from, rows, block_size, 1, SCALE, scale, NULL, NULL);
}

/* ---------------------------------------------------------------------------------- products */

/* Most sums, or columns, that are kept in registers at once, as many as the copy task's classes. A
 * multiply-add takes four steps of the machine and two begin at each, so eight sums keep it busy;
 * more than nine do not fit into the registers of AVX2 with what goes into them. */
#define SUMS 9
#define OF_SUMS(CASE) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9)
#define CHAINS 3 /* parts of the sum in active_products: a single one would wait for itself */

/* How many of count are worked on together, so that all shares are of like size. */
INLINE int64_t share_of(int64_t count)
{
    int64_t shares = (count + SUMS - 1) / SUMS;
    return (count + shares - 1) / shares;
}

INLINE void sum_products(
    vec *out, const real *start, const real *weight, int64_t stride, const vec *columns,
    int64_t count, const int rows, const int relu)
{
    vec sums[SUMS];
    UNROLL for (int k = 0; k < rows; k++) sums[k] = splat(start ? start[k] : 0);
    for (int64_t j = 0; j < count; j++) {
        const real *factors = weight + j * stride;
        vec column = relu ? where_positive(columns[j], columns[j]) : columns[j];
        UNROLL for (int k = 0; k < rows; k++) sums[k] += factors[k] * column;
    }
    UNROLL for (int k = 0; k < rows; k++) out[k] = sums[k];
}

/* out = start + weight_t^T columns, of relu(columns) with relu; weight_t (count, rows) numbers;
 * start NULL for none. */
static void products(
    vec *out, const real *start, const real *weight_t, int64_t rows, const vec *columns,
    int64_t count, int relu)
{
    int64_t share = rows ? share_of(rows) : 1;
    for (int64_t i = 0; i < rows; i += share) {
        const real *from = start ? start + i : NULL;
#define CASE(n)                                                                                   \
    case n: sum_products(out + i, from, weight_t + i, rows, columns, count, n, 0); break;         \
    case n + 16: sum_products(out + i, from, weight_t + i, rows, columns, count, n, 1); break;
        switch (least_of(share, rows - i) + 16 * relu) { OF_SUMS(CASE) }
#undef CASE
    }
}

INLINE void active_products(
    vec *out, const vec *state, vec *active, const real *weight, int64_t stride,
    const vec *columns, int64_t rows, const int count)
{
    vec held[SUMS];
    UNROLL for (int k = 0; k < count; k++) held[k] = columns[k];
    for (int64_t i = 0; i < rows; i++) {
        const real *factors = weight + i * stride;
        vec sums[CHAINS] = {{0}, {0}, {0}}, h = state[i];
        UNROLL for (int k = 0; k < count; k++) sums[k % CHAINS] += factors[k] * held[k];
        out[i] += where_positive(h, sums[0] + sums[1] + sums[2]);
        active[i] = where_positive(h, h);
    }
}

/* active = relu(state); out += weight columns where state is positive; weight (rows, count). */
static void read_back(
    vec *out, const vec *state, vec *active, const real *weight, const vec *columns, int64_t rows,
    int64_t count)
{
    int64_t share = share_of(count);
    for (int64_t k = 0; k < count; k += share) {
#define CASE(n)                                                                                   \
    case n: active_products(out, state, active, weight + k, count, columns + k, rows, n); break;
        switch (least_of(share, count - k)) { OF_SUMS(CASE) }
#undef CASE
    }
}

/* Rows between neighbouring tiles that are used together: tiles a power of two apart share few
 * places of a cache. */
#define APART 2

INLINE void sum_outer(
    vec *total, int64_t total_stride, const vec *left, int64_t left_stride, const vec *right,
    int64_t right_stride, int64_t steps, const int lefts, const int rights)
{
    vec sums[16];
    UNROLL for (int n = 0; n < lefts * rights; n++)
        sums[n] = total[n / rights * total_stride + n % rights];
    for (int64_t t = 0; t < steps; t++) {
        UNROLL for (int n = 0; n < lefts * rights; n++)
            sums[n] += left[t * left_stride + n / rights] * right[t * right_stride + n % rights];
    }
    UNROLL for (int n = 0; n < lefts * rights; n++)
        total[n / rights * total_stride + n % rights] = sums[n];
}

/* total (i, k) += sum over t < steps of left (t, i) * right (t, k), lane by lane, k < columns.
 * Rows of total and right are columns + APART long; left is (steps, rows). */
static void add_outer(
    vec *total, const vec *left, const vec *right, int64_t steps, int64_t rows, int64_t columns)
{
    int64_t stride = columns + APART, k = 0;
#define OUTER(lefts, rights)                                                                      \
    sum_outer(total + i * stride + k, stride, left + i, rows, right + k, stride, steps, lefts, rights);
    for (; k + 4 <= columns; k += 4) { /* four columns stay in the first-level cache */
        int64_t i = 0;
        for (; i + 3 <= rows; i += 3) OUTER(3, 4)
        for (; i < rows; i++) OUTER(1, 4)
    }
    for (; k < columns; k++)
        for (int64_t i = 0; i < rows; i++) OUTER(1, 1)
#undef OUTER
}

/* ------------------------------------------------------------------------------------- small */

INLINE void clear(vec *tile, int64_t rows) { memset(tile, 0, (size_t)rows * BYTES); }

/* tile = 0 if every number of it is below least: processors are slow with the smallest. */
static void forget(vec *tile, int64_t rows, double least)
{
    for (int64_t i = 0; i < rows; i++)
        for (int k = 0; k < LANES; k++)
            if (!(fabs((double)tile[i][k]) < least)) return; /* NaN stays */
    clear(tile, rows);
}

/* out[i] = the sum of the lanes of tile[i]. */
static void sum_lanes(real *out, const vec *tile, int64_t rows)
{
    for (int64_t i = 0; i < rows; i++) {
        real total = tile[i][0];
        for (int k = 1; k < LANES; k++) total += tile[i][k];
        out[i] = total;
    }
}

/* out += other where state > 0: the adjoint of relu. */
INLINE void add_where_active(vec *out, const vec *other, const vec *state, int64_t rows)
{
    for (int64_t i = 0; i < rows; i++) out[i] += where_positive(state[i], other[i]);
}
