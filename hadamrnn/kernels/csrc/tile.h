/* One tile of LANES sequences that advance together: the inner loops of the scan.
 *
 * A tile holds the state as d vectors, sequences innermost, so that every butterfly is a full-width
 * operation and the tile of a usual model stays in the first-level cache. */

/* --------------------------------------------------------------------------------- transform */

enum ending { AS_IT_IS, AND_VECTORS, AND_VALUES }; /* r; scale * r + added; scale * r + values */

INLINE void tile_pass(
    vec *to, const vec *from, int64_t place, int64_t half, const int radix, const int ending,
    const real *scale, const vec *added, const real *values)
{
    vec r[16];
    UNROLL for (int k = 0; k < radix; k++) r[k] = from[place + k * half];
    butterflies(r, radix);
    UNROLL for (int k = 0; k < radix; k++) {
        int64_t i = place + k * half;
        if (ending == AND_VECTORS) to[i] = scale[i] * r[k] + added[i];
        else if (ending == AND_VALUES) to[i] = scale[i] * r[k] + values[i];
        else to[i] = r[k];
    }
}

#define PASS(radix, ending)                                                                       \
    for (int64_t start = 0; start < rows; start += radix * half)                                  \
        for (int64_t i = start; i < start + half; i++)                                            \
            tile_pass(to, from, i, half, radix, ending, scale, added, values);

/* to = (I_q (x) S_m) from along the rows, and what the ending says; they may be one. */
INLINE void tile_transform(
    vec *to, const vec *from, int64_t rows, int64_t block_size, const int ending,
    const real *scale, const vec *added, const real *values)
{
    int64_t half = 1;
    do {
        int64_t left = block_size / half, radix = left < 8 ? left : 8;
        if (left >= 16 && left != 64 && left != 512 && left != 4096) radix = 16;
        int last = radix * half == block_size;
        if (!last && radix == 16) PASS(16, AS_IT_IS)
        else if (!last) PASS(8, AS_IT_IS)
        else if (radix == 16) PASS(16, ending)
        else if (radix == 8) PASS(8, ending)
        else if (radix == 4) PASS(4, ending)
        else if (radix == 2) PASS(2, ending)
        else PASS(1, ending)
        half *= radix;
        from = to;
    } while (half < block_size);
}

static void transform(vec *tile, int64_t rows, int64_t block_size)
{
    tile_transform(tile, tile, rows, block_size, AS_IT_IS, NULL, NULL, NULL);
}

/* to = scale * (S from) + added. */
static void transform_add(
    vec *to, const vec *from, int64_t rows, int64_t block_size, const real *scale,
    const vec *added)
{
    tile_transform(to, from, rows, block_size, AND_VECTORS, scale, added, NULL);
}

/* to = scale * (S from) + values, the same in every lane. */
static void transform_add_values(
    vec *to, const vec *from, int64_t rows, int64_t block_size, const real *scale,
    const real *values)
{
    tile_transform(to, from, rows, block_size, AND_VALUES, scale, NULL, values);
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
INLINE void products(
    vec *out, const real *start, const real *weight_t, int64_t rows, const vec *columns,
    int64_t count, const int relu)
{
    int64_t share = rows ? share_of(rows) : 1;
    for (int64_t i = 0; i < rows; i += share) {
        const real *from = start ? start + i : NULL;
#define CASE(n)                                                                                   \
    case n: sum_products(out + i, from, weight_t + i, rows, columns, count, n, relu); break;
        switch (least_of(share, rows - i)) { OF_SUMS(CASE) }
#undef CASE
    }
}

static void product_of(
    vec *out, const real *start, const real *weight_t, int64_t rows, const vec *columns,
    int64_t count)
{
    products(out, start, weight_t, rows, columns, count, 0);
}

static void product_of_relu(
    vec *out, const real *start, const real *weight_t, int64_t rows, const vec *columns,
    int64_t count)
{
    products(out, start, weight_t, rows, columns, count, 1);
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

/* tile = 0 if every number of it is below least: processors are slow with the smallest. */
static void forget(vec *tile, int64_t rows, double least)
{
    for (int64_t i = 0; i < rows; i++)
        for (int k = 0; k < LANES; k++)
            if (!(fabs((double)tile[i][k]) < least)) return; /* NaN stays */
    memset(tile, 0, (size_t)rows * BYTES);
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

INLINE void copy(vec *to, const vec *from, int64_t rows)
{
    memcpy(to, from, (size_t)rows * BYTES);
}

INLINE void clear(vec *tile, int64_t rows) { memset(tile, 0, (size_t)rows * BYTES); }

/* out += other where state > 0: the adjoint of relu. */
INLINE void add_where_active(vec *out, const vec *other, const vec *state, int64_t rows)
{
    for (int64_t i = 0; i < rows; i++) out[i] += where_positive(state[i], other[i]);
}
