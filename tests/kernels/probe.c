/* The kernels' inner functions, for tests: arrays of vectors come as pointers to numbers. */

#include "kernels.c"

#define VECTORS(x) ((vec *)(x))

void probe_rows(real *to, const real *from, int64_t size, int64_t block, int64_t times, const real *by)
{
    const vec *vectors = VECTORS(by);
    if (times) rows_times(VECTORS(to), VECTORS(from), size / LANES, block, vectors);
    else rows_plus(VECTORS(to), VECTORS(from), size / LANES, block, vectors);
}

void probe_tile(
    real *to, const real *from, int64_t rows, int64_t block, int64_t direction, const real *scale,
    const real *added)
{
    const vec *vectors = direction == ADD || direction == SUBTRACT ? VECTORS(added) : NULL;
    const real *values = direction == ADD_VALUES || direction == SUBTRACT_VALUES ? added : NULL;
    if (direction >= SUBTRACT) step_back(VECTORS(to), VECTORS(from), rows, block, scale, vectors, values);
    else step_forth(VECTORS(to), VECTORS(from), rows, block, scale, vectors, values);
}

void probe_gather(real *columns, const real *base, int64_t stride, int64_t lanes, int64_t offset, int64_t count)
{
    struct lanes from = lanes_at(base, stride, lanes);
    gather(VECTORS(columns), &from, offset, count);
}

void probe_scatter(const real *columns, real *base, int64_t stride, int64_t lanes, int64_t offset, int64_t count)
{
    struct lanes to = lanes_at(base, stride, lanes);
    scatter(VECTORS(columns), &to, offset, count);
}

void probe_product(
    real *out, const real *start, const real *weight_t, int64_t rows, const real *columns,
    int64_t count, int64_t relu)
{
    products(VECTORS(out), start, weight_t, rows, VECTORS(columns), count, (int)relu);
}

void probe_read_back(
    real *out, const real *state, real *active, const real *weight, const real *columns,
    int64_t rows, int64_t count)
{
    read_back(VECTORS(out), VECTORS(state), VECTORS(active), weight, VECTORS(columns), rows, count);
}

void probe_outer(
    real *total, const real *left, const real *right, int64_t steps, int64_t rows, int64_t columns)
{
    add_outer(VECTORS(total), VECTORS(left), VECTORS(right), steps, rows, columns);
}

void probe_exponential(real *x) { store(x, exponential(load(x))); }

void probe_where_positive(real *x, const real *condition)
{
    store(x, where_positive(load(condition), load(x)));
}

void probe_forget(real *tile, int64_t rows, double least) { forget(VECTORS(tile), rows, least); }

void probe_sum_lanes(real *out, const real *tile, int64_t rows) { sum_lanes(out, VECTORS(tile), rows); }

int64_t probe_apart(void) { return APART; }
