/* A matrix product that passes over the zeros of one factor: most pixels, events, bits are zero.
 *
 * Cost: one comparison for each number of the left factor, and one multiply-add a column for each
 * that is not zero. Sums stay in registers, SHARE lines of the right factor in the first-level
 * cache; they grow in the order of the left factor, so results depend on nothing but the
 * arguments. */

#define LISTED 8 /* vectors that are summed at once: enough to hide the time of a multiply-add */
#define SHARE 64 /* most lines of the right factor that are used together: 32 KiB with AVX-512 */

/* counts[i] = how many of row i of the numbers are not zero. */
int filled(int64_t first, int64_t stop, const struct filled *a)
{
    for (int64_t i = first; i < stop; i++) {
        const real *row = a->numbers + i * a->width;
        mask count = {0};
        int64_t total = 0, j = 0;
        for (; j + LANES <= a->width; j += LANES) count -= load(row + j) != (vec){0};
        for (; j < a->width; j++) total += row[j] != 0;
        for (int k = 0; k < LANES; k++) total += count[k];
        a->counts[i] = total;
    }
    return 0;
}

/* out + k += sum over n < count of values[n] * (vector k of line places[n]), k < vectors. */
INLINE void sum_listed(
    real *out, const real *values, const int32_t *places, int64_t count, const vec *lines,
    const int vectors)
{
    vec sums[LISTED];
    UNROLL for (int k = 0; k < vectors; k++) sums[k] = load(out + k * LANES);
    for (int64_t n = 0; n < count; n++) {
        const vec *line = lines + places[n];
        vec factor = splat(values[n]);
        UNROLL for (int k = 0; k < vectors; k++) sums[k] += factor * line[k];
    }
    UNROLL for (int k = 0; k < vectors; k++) store(out + k * LANES, sums[k]);
}

/* out = left @ right in the rows first .. stop - 1 of out. */
int product(int64_t first, int64_t stop, const struct product *a)
{
    int64_t rows = stop - first, shares = (a->count + SHARE - 1) / SHARE;
    int64_t share = (a->count + shares - 1) / shares; /* all of like size */
    int64_t *found = malloc((size_t)rows * sizeof(int64_t));
    int32_t *places = malloc((size_t)(rows * share) * sizeof(int32_t));
    real *values = malloc((size_t)(rows * share) * sizeof(real));
    struct scratch scratch;
    int failed = scratch_open(&scratch, share * LISTED) || !found || !places || !values;
    vec *packed = scratch.next;
    for (int64_t begin = 0; begin < a->count && !failed; begin += share) {
        int64_t end = least_of(begin + share, a->count);
        for (int64_t i = 0; i < rows; i++) {
            const real *row = a->left + (first + i) * a->stride;
            int64_t number = i * share;
            for (int64_t j = begin; j < end; j++) { /* written always, kept by counting: no branch */
                real value = row[j * a->step];
                places[number] = (int32_t)(j - begin) * LISTED;
                values[number] = value;
                number += value != 0;
            }
            found[i] = number - i * share;
        }
        for (int64_t column = 0; column < a->width; column += LISTED * LANES) {
            int64_t vectors = least_of(LISTED, (a->width - column) / LANES);
            for (int64_t j = begin; j < end; j++) /* together: lines a power of two apart share few places of a cache */
                for (int64_t k = 0; k < vectors; k++)
                    packed[(j - begin) * LISTED + k] = load(a->right + j * a->width + column + k * LANES);
            for (int64_t i = 0; i < rows; i++) {
                real *out = a->out + (first + i) * a->width + column;
                const real *value = values + i * share;
                const int32_t *place = places + i * share;
                if (begin == 0 && !a->grow) memset(out, 0, (size_t)(vectors * BYTES));
                if (vectors == LISTED) sum_listed(out, value, place, found[i], packed, LISTED);
                else
                    for (int64_t k = 0; k < vectors; k++)
                        sum_listed(out + k * LANES, value, place, found[i], packed + k, 1);
            }
        }
    }
    free(found);
    free(places);
    free(values);
    free(scratch.memory);
    return -failed;
}

/* The adjoint of look-ups, in the groups first .. stop - 1 of LANES columns. */
int add_lookups(int64_t first, int64_t stop, const struct lookups *a)
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
