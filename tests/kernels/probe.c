/* The kernels' inner functions, for tests: arrays of vectors come as pointers to numbers. */

#include "kernels.c"

#define VECTORS(x) ((vec *)(x))

void probe_rows(real *to, const real *from, int64_t size, int64_t block, int64_t finish, const real *by)
{
    if (finish == PLAIN) rows_plain(to, size, block);
    else if (finish == SCALED) rows_scaled(to, from, size, block, by);
    else rows_plus(to, size, block, by);
}

void probe_tile(
    real *to, const real *from, int64_t rows, int64_t block, int64_t ending, const real *scale,
    const real *added)
{
    if (ending == AS_IT_IS) transform(VECTORS(to), rows, block);
    else if (ending == AND_VECTORS)
        transform_add(VECTORS(to), VECTORS(from), rows, block, scale, VECTORS(added));
    else transform_add_values(VECTORS(to), VECTORS(from), rows, block, scale, added);
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
    if (relu) product_of_relu(VECTORS(out), start, weight_t, rows, VECTORS(columns), count);
    else product_of(VECTORS(out), start, weight_t, rows, VECTORS(columns), count);
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
