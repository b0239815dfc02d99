/* Softmax and cross-entropy for many samples of few classes.
 *
 * The copy task asks for 128,000 rows of 9 classes a batch: too short for torch's softmax along the
 * last axis. Here LANES samples advance together, and value and gradient come from one walk.
 *
 * exp(x) = 2^n exp(r) with n = round(x / ln 2) and r = x - n ln 2, |r| <= ln(2) / 2: exp(r) by its
 * Taylor series, ln 2 in two parts so that r keeps its digits (Cody and Waite, Software Manual for
 * the Elementary Functions, 1980). Within two units in the last place. */

#define BLOCK 512   /* samples whose losses are summed together, for any number of threads */
#define LARGE 1e200 /* products of denominators are kept below: one logarithm for many samples */

#define TERMS PICK(7, 13)           /* of the series */
#define FRACTION PICK(23, 52)       /* bits of the exponent's place, and its bias */
#define BIAS PICK(127, 1023)
#define SMALLEST PICK(-87.0f, -708.0) /* smaller arguments count as it */
#define LN2_HIGH PICK(0.693359375f, 0.693145751953125)
#define LN2_LOW PICK(-2.12194440e-4f, 1.42860682030941723212e-6)
#define NEXT_WHOLE PICK(12582912.0f, 6755399441055744.0) /* what is added to it is rounded */

/* exp of numbers that are at most 0, or NaN. */
INLINE vec exponential(vec x)
{
    static const double factorial[] = {1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880, 3628800,
                                       39916800, 479001600, 6227020800.0};
    vec clipped = choose(x < splat(SMALLEST), splat(SMALLEST), x);
    vec shifted = clipped * (real)1.44269504088896340736 + splat(NEXT_WHOLE);
    vec n = shifted - splat(NEXT_WHOLE);
    vec r = clipped - n * LN2_HIGH;
    r = r - n * LN2_LOW;
    vec series = splat((real)(1 / factorial[TERMS]));
    UNROLL for (int k = TERMS - 1; k >= 0; k--) series = series * r + splat((real)(1 / factorial[k]));
    mask exponent = (mask)shifted - (mask)splat(NEXT_WHOLE) + BIAS;
    return choose(x == x, series * (vec)(exponent << FRACTION), x); /* NaN as it is */
}

/* Losses and gradients of the blocks first .. stop - 1 of BLOCK samples. */
KERNEL(cross_entropy, first, cross_entropy)
{
    int64_t classes = a->classes;
    real share = (real)a->share;
    struct scratch scratch = {.count = 0};
    vec *columns = take(&scratch, classes + LANES);
    for (int64_t block = first; block < stop && !scratch.failed; block++) {
        double loss = 0, product = 1;
        int64_t end = least_of(a->count, (block + 1) * BLOCK);
        for (int64_t start = block * BLOCK; start < end; start += LANES) {
            int lanes = (int)least_of(LANES, end - start);
            const int64_t *targets = a->targets + start;
            const real *logits = a->logits + start * classes;
            struct lanes rows = lanes_at(logits, classes, lanes);
            /* Few classes are read and written by whole vectors, the next samples' first after
             * them again, as far as these are of the same block. */
            int64_t behind = (end - start - LANES + 1) * classes;
            int64_t width = classes <= LANES && behind >= LANES ? LANES : classes;
            gather(columns, &rows, 0, width);
            for (int k = 0; k < lanes; k++) loss -= logits[k * classes + targets[k]];
            vec peak = columns[0], total = {0};
            for (int64_t c = 1; c < classes; c++) /* NaN in columns[0] stays, others win or lose */
                peak = choose(columns[c] > peak, columns[c], peak);
            for (int64_t c = 0; c < classes; c++) {
                columns[c] = exponential(columns[c] - peak);
                total += columns[c];
            }
            for (int k = 0; k < lanes; k++) {
                loss += peak[k];
                product *= total[k];
            }
            if (!(product < LARGE)) { /* NaN too */
                loss += log(product);
                product = 1;
            }
            if (!a->grads) continue;
            real *grads = a->grads + start * classes;
            struct lanes written = lanes_at(grads, classes, lanes);
            vec factor = share / total;
            for (int64_t c = 0; c < classes; c++) columns[c] *= factor;
            scatter(columns, &written, 0, width);
            for (int k = 0; k < lanes; k++) grads[k * classes + targets[k]] -= share;
        }
        a->losses[block] = loss + log(product);
    }
    return release(&scratch);
}
