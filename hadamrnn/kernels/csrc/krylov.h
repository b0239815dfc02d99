/* The Krylov form: powers of W applied to a few vectors, and the adjoint.
 *
 * Cost: n d (log2(m) + 1) additions a step for n vectors, whatever the batch. One vector is rows of
 * LANES numbers, padded with zeros to whole rows. (I_q (x) S_m) of it takes a few passes, each of
 * which does the levels between up to sixteen rows in registers. The first one also does the levels
 * inside a row, by shuffles; the last one does what stands behind the transform. */

#define OTHER(k, h) ((k) ^ (h)) % LANES
#define SIGN(k, h) ((k) & (h) ? -1 : 1)
#define WITHIN(h)                                                                                 \
    if ((h) < LANES && (h) < block)                                                               \
        row = row * (vec){EACH(SIGN, h)} + SHUFFLE(row, row, OTHER, h);

/* Rows to[i], i < radix, become the transform of those of from, in blocks of so many numbers. */
INLINE void inner_pass(vec *to, const vec *from, const int radix, const int block)
{
    vec r[8];
    UNROLL for (int k = 0; k < radix; k++) {
        vec row = from[k];
        WITHIN(1)
        WITHIN(2)
        WITHIN(4)
        WITHIN(8)
        r[k] = row;
    }
    butterflies(r, radix);
    UNROLL for (int k = 0; k < radix; k++) to[k] = r[k];
}

#define INNER(radix, block)                                                                       \
    for (int64_t i = 0; i < rows; i += radix) inner_pass(to + i, from + i, radix, block);

/* The first pass; returns how many rows it has combined. */
static int64_t first_pass(vec *to, const vec *from, int64_t rows, int64_t block_size)
{
    int64_t block = block_size / LANES, radix = 1;
    while (radix < 8 && radix * radix < block) radix *= 2; /* leaves a later pass of like size */
    if (radix == 8) INNER(8, LANES)
    else if (radix == 4) INNER(4, LANES)
    else if (radix == 2) INNER(2, LANES)
    else if (block_size >= LANES) INNER(1, LANES)
    else if (block_size == 8) INNER(1, 8)
    else if (block_size == 4) INNER(1, 4)
    else if (block_size == 2) INNER(1, 2)
    else INNER(1, 1)
    return radix;
}

/* to = the transform of from, times by or plus by, as the direction says. */
INLINE void rows_transform(
    vec *to, const vec *from, int64_t rows, int64_t block_size, const int direction, const vec *by)
{
    int64_t block = block_size / LANES, radix = first_pass(to, from, rows, block_size);
    transform(to, to, rows, radix < block ? block : radix, radix, direction, NULL, by, NULL);
}

static void rows_times(vec *to, const vec *from, int64_t rows, int64_t block_size, const vec *by)
{
    rows_transform(to, from, rows, block_size, TIMES, by);
}

static void rows_plus(vec *to, const vec *from, int64_t rows, int64_t block_size, const vec *by)
{
    if (by) rows_transform(to, from, rows, block_size, PLUS, by);
    else rows_transform(to, from, rows, block_size, NEITHER, by);
}

/* Write the next powers of W, backwards in place, of the vectors first .. stop - 1. */
KERNEL(climb, first, climb)
{
    int64_t rows = a->numbers / LANES, stride = a->features * rows;
    for (int64_t v = first; v < stop; v++) {
        vec *vector = a->vectors + v * rows, *now = vector;
        for (int64_t place = a->steps - 1; place >= 0; place--) {
            vec *power = v < a->features ? a->powers + place * stride + v * rows : NULL;
            if (!power && a->bias_powers) power = a->bias_powers + place * rows;
            if (power && now != power) memcpy(power, now, (size_t)rows * BYTES);
            if (v == a->features)
                for (int64_t i = 0; i < rows; i++) a->bias_sum[i] += now[i];
            /* The next power is made where it will stand. */
            vec *next = power && place ? power - (v < a->features ? stride : rows) : vector;
            rows_times(next, now, rows, a->block_size, a->scale);
            now = next;
        }
    }
    return 0;
}

/* Adjoint of climb: C steps of lambda_j = W^T lambda_{j+1} + grads_j, downwards in j. With rebuild,
 * vectors are W^(j+1) times their start and go down too, W being orthogonal; with kept powers they
 * are W^C times it, and stay. In both cases sign_sums grow by lambda * vector of every step, which
 * is u times the gradient of the signs u. */
KERNEL(descend, first, descend)
{
    int64_t rows = a->numbers / LANES, stride = a->features * rows;
    for (int64_t v = first; v < stop; v++) {
        int inner = v < a->features;
        vec *lambda = a->adjoints + v * rows, *vector = a->vectors + v * rows;
        vec *sums = a->sign_sums + v * rows, *powers = a->powers ? a->powers + v * rows : NULL;
        const vec *later = vector, *grad = inner ? a->grads + v * rows : a->bias_grad;
        for (int64_t place = 0; place < a->steps; place++) {
            for (int64_t i = 0; i < rows; i++) {
                vec factors = a->scale[i];
                if (a->rebuild || a->bias_powers) sums[i] += lambda[i] * later[i];
                if (a->rebuild) vector[i] *= factors;
                lambda[i] *= factors;
            }
            if (a->rebuild) {
                rows_plus(vector, vector, rows, a->block_size, NULL);
                if (a->powers && inner) memcpy(powers + place * stride, vector, (size_t)rows * BYTES);
            } else if (a->bias_powers)
                later = inner ? powers + place * stride : a->bias_powers + place * rows;
            rows_plus(lambda, lambda, rows, a->block_size, inner ? grad + place * stride : grad);
        }
    }
    return 0;
}
