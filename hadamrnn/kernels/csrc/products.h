/* A matrix product that passes over the zeros of one factor: most pixels, events, bits are zero.
 *
 * Cost: one comparison for each number of the left factor, and one multiply-add a column for each
 * that is not zero. Sums stay in registers, SHARE lines of the right factor in the first-level
 * cache; they grow in the order of the left factor, so results depend on nothing but the
 * arguments. */

#define LISTED 8 /* vectors that are summed at once: enough to hide the time of a multiply-add */
#define SHARES 8 /* of them, whose lists are made at once */
#define SHARE 128 /* most lines of the right factor that are used together: 64 KiB with AVX-512 */

/* out + k = sum over n < count of values[n] * (vector k of line places[n]), k < vectors, added to
 * what out held with grow. */
INLINE void sum_listed(
    real *out, const real *values, const int32_t *places, int64_t count, const vec *lines,
    const int vectors, int64_t grow)
{
    vec sums[LISTED];
    UNROLL for (int k = 0; k < vectors; k++) sums[k] = grow ? load(out + k * LANES) : (vec){0};
    for (int64_t n = 0; n < count; n++) {
        const vec *line = lines + places[n];
        vec factor = splat(values[n]);
        UNROLL for (int k = 0; k < vectors; k++) sums[k] += factor * line[k];
    }
    UNROLL for (int k = 0; k < vectors; k++) store(out + k * LANES, sums[k]);
}

/* out = left @ right in the rows first .. stop - 1 of out. */
KERNEL(product, first, product)
{
    int64_t rows = stop - first, shares = (a->count + SHARE - 1) / SHARE;
    int64_t share = (a->count + shares - 1) / shares; /* all of like size */
    int64_t group = least_of(SHARES, shares);
    struct scratch scratch = {.count = 0};
    int64_t *found = (int64_t *)take(&scratch, rows * group * 8 / BYTES + 1);
    int32_t *places = (int32_t *)take(&scratch, rows * group * share * 4 / BYTES + 1);
    real *values = (real *)take(&scratch, rows * group * share / LANES + 1);
    vec *packed = take(&scratch, share * LISTED);
    for (int64_t start = 0; start < shares && !scratch.failed; start += group) {
        int64_t end = least_of(start + group, shares);
        for (int64_t i = 0; i < rows; i++)
            for (int64_t s = start; s < end; s++) {
                const real *row = a->left + (first + i) * a->stride + s * share * a->step;
                int64_t list = i * group + s - start, number = list * share;
                int64_t count = least_of(share, a->count - s * share);
                for (int64_t j = 0; j < count; j++) { /* written always, kept by counting */
                    real value = row[j * a->step];
                    places[number] = (int32_t)j * LISTED;
                    values[number] = value;
                    number += value != 0;
                }
                found[list] = number - list * share;
            }
        for (int64_t column = 0; column < a->width; column += LISTED * LANES)
            for (int64_t s = start; s < end; s++) {
                int64_t vectors = least_of(LISTED, (a->width - column) / LANES);
                int64_t count = least_of(share, a->count - s * share);
                const real *right = a->right + s * share * a->width + column;
                /* Together: lines a power of two apart share few places of a cache. */
                for (int64_t j = 0; j < count; j++)
                    for (int64_t k = 0; k < vectors; k++)
                        packed[j * LISTED + k] = load(right + j * a->width + k * LANES);
                for (int64_t i = 0; i < rows; i++) {
                    int64_t list = i * group + s - start, grow = a->grow || s > 0;
                    real *out = a->out + (first + i) * a->width + column, *value = values + list * share;
                    const int32_t *place = places + list * share;
                    if (vectors == LISTED)
                        sum_listed(out, value, place, found[list], packed, LISTED, grow);
                    else
                        for (int64_t k = 0; k < vectors; k++)
                            sum_listed(out + k * LANES, value, place, found[list], packed + k, 1, grow);
                }
            }
    }
    return release(&scratch);
}

/* The adjoint of look-ups, in the groups first .. stop - 1 of LANES columns. */
KERNEL(add_lookups, first, lookups)
{
    int64_t begin = first * LANES, end = least_of(stop * LANES, a->width);
    for (int64_t n = 0; n < a->count; n++) {
        real *target = a->table + a->ids[n] * a->width;
        const real *row = a->rows + n * a->width;
        int64_t i = begin;
        for (; i + LANES <= end; i += LANES) store(target + i, load(target + i) + load(row + i));
        for (; i < end; i++) target[i] += row[i];
    }
    return 0;
}
