/* The Krylov form: powers of W applied to a few vectors, and the adjoint.
 *
 * Cost: n d (log2(m) + 1) additions a step for n vectors, whatever the batch. One vector is rows of
 * LANES numbers, padded with zeros to whole rows. (I_q (x) S_m) of it takes a few passes: a pass
 * loads up to sixteen rows, does all levels between them in registers, and stores them. The first
 * one also does the levels inside a row, by shuffles; the last one does what stands behind the
 * transform: h = scale (S h) + a of d = 512 reads and writes h twice. */

enum finish { PLAIN, SCALED, PLUS }; /* a transform r becomes r; factors * r; r + added */

INLINE vec finished(vec r, const int finish, const real *factors, const real *added, int64_t place)
{
    if (finish == SCALED) return r * load(factors + place);
    if (finish == PLUS) return r + load(added + place);
    return r;
}

#define OTHER(k, h) ((k) ^ (h)) % LANES
#define SIGN(k, h) ((k) & (h) ? -1 : 1)
#define WITHIN(h)                                                                                 \
    if ((h) < LANES && (h) < block_size) row = row * (vec){EACH(SIGN, h)} + SHUFFLE(row, row, OTHER, h);

/* Blocks of S_block_size times the numbers of a row. */
INLINE vec within(vec row, const int block_size)
{
    WITHIN(1)
    WITHIN(2)
    WITHIN(4)
    WITHIN(8)
    return row;
}

/* Rows of target at place + k * half, k < radix, become the transform of those of source; with
 * inside > 1 also inside each row, in blocks of so many numbers. */
INLINE void row_pass(
    real *target, const real *source, int64_t place, int64_t half, const int radix,
    const int inside, const int finish, const real *factors, const real *added)
{
    vec r[16];
    UNROLL for (int k = 0; k < radix; k++) r[k] = within(load(source + place + k * half), inside);
    butterflies(r, radix);
    UNROLL for (int k = 0; k < radix; k++) {
        int64_t to = place + k * half;
        store(target + to, finished(r[k], finish, factors, added, to));
    }
}

#define FIRST_PASS(radix, inside)                                                                 \
    for (int64_t i = 0; i < size; i += radix * LANES)                                             \
        row_pass(target, source, i, LANES, radix, inside, PLAIN, factors, added);

#define LATER_PASS(radix, finish)                                                                 \
    for (int64_t block = 0; block < size; block += radix * half)                                  \
        for (int64_t i = block; i < block + half; i += LANES)                                     \
            row_pass(target, target, i, half, radix, 1, finish, factors, added);

/* target = the transform of source and what finish says of it; size numbers; they may be one. */
INLINE void rows_transform(
    real *target, const real *source, int64_t size, int64_t block_size, const int finish,
    const real *factors, const real *added)
{
    int64_t rows = block_size / LANES, half = LANES, radix = 1;
    while (radix < 8 && radix * radix < rows) radix *= 2; /* leaves a later pass of like size */
    if (radix == 8) FIRST_PASS(8, LANES)
    else if (radix == 4) FIRST_PASS(4, LANES)
    else if (radix == 2) FIRST_PASS(2, LANES)
    else if (block_size >= LANES) FIRST_PASS(1, LANES)
    else if (block_size == 8) FIRST_PASS(1, 8)
    else if (block_size == 4) FIRST_PASS(1, 4)
    else if (block_size == 2) FIRST_PASS(1, 2)
    else FIRST_PASS(1, 1)
    half *= radix;
    if (half >= block_size && finish != PLAIN) { /* no pass is left that could do it */
        half = LANES;
        LATER_PASS(1, finish)
        return;
    }
    while (half < block_size) {
        int64_t left = block_size / half, radix = left < 8 ? left : 8;
        if (MANY_REGISTERS && left >= 16 && left != 64 && left != 512) radix = 16;
        if (radix * half < block_size) {
            if (radix == 16) LATER_PASS(16, PLAIN)
            else LATER_PASS(8, PLAIN)
        } else if (radix == 16) LATER_PASS(16, finish)
        else if (radix == 8) LATER_PASS(8, finish)
        else if (radix == 4) LATER_PASS(4, finish)
        else LATER_PASS(2, finish)
        half *= radix;
    }
}

static void rows_plain(real *vector, int64_t size, int64_t block_size)
{
    rows_transform(vector, vector, size, block_size, PLAIN, vector, vector);
}

static void rows_scaled(
    real *target, const real *source, int64_t size, int64_t block_size, const real *factors)
{
    rows_transform(target, source, size, block_size, SCALED, factors, factors);
}

static void rows_plus(real *vector, int64_t size, int64_t block_size, const real *added)
{
    rows_transform(vector, vector, size, block_size, PLUS, added, added);
}

/* Write the next powers of W, backwards in place, of the vectors first .. stop - 1. */
int climb(int64_t first, int64_t stop, const struct climb *a)
{
    int64_t size = a->numbers, last = a->steps - 1;
    for (int64_t v = first; v < stop; v++) {
        real *vector = a->vectors + v * size;
        if (v < a->features) {
            real *powers = a->powers + v * size;
            int64_t stride = a->features * size;
            memcpy(powers + last * stride, vector, (size_t)size * sizeof(real));
            for (int64_t place = last; place >= 0; place--) {
                real *next = place > 0 ? powers + (place - 1) * stride : vector;
                rows_scaled(next, powers + place * stride, size, a->block_size, a->scale);
            }
            continue;
        }
        for (int64_t place = last; place >= 0; place--) {
            for (int64_t i = 0; i < size; i += LANES)
                store(a->bias_sum + i, load(a->bias_sum + i) + load(vector + i));
            if (a->bias_powers)
                memcpy(a->bias_powers + place * size, vector, (size_t)size * sizeof(real));
            rows_scaled(vector, vector, size, a->block_size, a->scale);
        }
    }
    return 0;
}

/* Adjoint of climb: C steps of lambda_j = W^T lambda_{j+1} + grads_j, downwards in j. With rebuild,
 * vectors are W^(j+1) times their start and go down too, W being orthogonal, and sign_sums grow by
 * lambda * vector of every step, which is u times the gradient of the signs u. */
int descend(int64_t first, int64_t stop, const struct descend *a)
{
    int64_t size = a->numbers, stride = a->features * size;
    for (int64_t v = first; v < stop; v++) {
        real *adjoint = a->adjoints + v * size, *vector = a->vectors + v * size;
        real *sums = a->sign_sums + v * size;
        for (int64_t place = 0; place < a->steps; place++) {
            for (int64_t i = 0; i < size; i += LANES) {
                vec factors = load(a->scale + i), lambda = load(adjoint + i);
                if (a->rebuild) {
                    vec later = load(vector + i);
                    store(sums + i, load(sums + i) + lambda * later);
                    store(vector + i, later * factors);
                }
                store(adjoint + i, lambda * factors);
            }
            if (a->rebuild) rows_plain(vector, size, a->block_size);
            int inner = v < a->features;
            int64_t at = place * stride + v * size;
            if (a->powers && inner) memcpy(a->powers + at, vector, (size_t)size * sizeof(real));
            rows_plus(adjoint, size, a->block_size, inner ? a->grads + at : a->bias_grad);
        }
    }
    return 0;
}

/* descend with rebuild where climb has kept all powers; vectors are W^C times their start and
 * stay. */
int descend_kept(int64_t first, int64_t stop, const struct descend *a)
{
    int64_t size = a->numbers, stride = a->features * size;
    for (int64_t v = first; v < stop; v++) {
        real *adjoint = a->adjoints + v * size, *sums = a->sign_sums + v * size;
        int inner = v < a->features;
        for (int64_t place = 0; place < a->steps; place++) {
            const real *later = a->vectors + v * size;
            if (place > 0 && inner) later = a->powers + (place - 1) * stride + v * size;
            if (place > 0 && !inner) later = a->bias_powers + (place - 1) * size;
            for (int64_t i = 0; i < size; i += LANES) {
                vec lambda = load(adjoint + i);
                store(sums + i, load(sums + i) + lambda * load(later + i));
                store(adjoint + i, lambda * load(a->scale + i));
            }
            const real *added = inner ? a->grads + place * stride + v * size : a->bias_grad;
            rows_plus(adjoint, size, a->block_size, added);
        }
    }
    return 0;
}
