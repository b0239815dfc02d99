/* The fused scan: states, read-out and gradients without storing the states.
 *
 * Forward: T d (log2(m) + d_in + outputs) operations a sequence, in tiles of LANES sequences.
 * Backward: W is orthogonal, so h_{t-1} = W^T (h_t - a_t) is rebuilt from the last state while the
 * adjoint runs, and memory does not grow with T beyond what goes in and out. Where states fade,
 * that would divide by the factor at every step, and rounding would grow without bound: the
 * forward pass keeps the state before every segment of steps, and the backward pass makes a
 * segment's states again from it, the same numbers. */

/* DENSE: (batch, time, d_in) numbers; ONE_HOT: ids as one-hot columns; ROWS: ids as look-ups in a
 * (vocabulary, d) table that contains the bias; PROJECTED: U x_t + b given as (batch, time, d). */
enum input { DENSE, ONE_HOT, ROWS, PROJECTED };

/* h_T; mean over time of relu(h_t); V relu(h_t) + c at every step; every h_t. */
enum mode { LAST, MEAN, LOGITS, ALL };

#define STEPS 16 /* steps that are read or written together, whole vectors of a sequence */
#define CHUNK 8  /* of outer products that are summed together: keeps the sums out of memory */

/* ------------------------------------------------------------------------- U x_t + b of a tile */

struct inputs {
    const struct scan *a;
    int64_t first;       /* sequence of the tile */
    struct lanes dense;  /* where the tile's sequences begin */
    vec *chunk;          /* (STEPS, features): DENSE inputs of the steps of one chunk */
    int64_t loaded;      /* which one that is, -1 for none */
    vec *columns;        /* (features): ONE_HOT inputs of one step */
    vec *added;          /* (d): U x_t + b */
    real *table;         /* (features, d): ONE_HOT, U x + b of every symbol */
};

static void inputs_open(struct inputs *inputs, const struct scan *a, struct scratch *scratch)
{
    inputs->a = a;
    inputs->chunk = take(scratch, STEPS * a->features);
    inputs->columns = take(scratch, a->features);
    inputs->added = take(scratch, a->hidden);
    inputs->table = (real *)take(scratch, a->features * a->hidden / LANES + a->features);
    if (a->kind == ONE_HOT && !scratch->failed)
        for (int64_t j = 0; j < a->features; j++)
            for (int64_t i = 0; i < a->hidden; i++)
                inputs->table[j * a->hidden + i] = a->weight[j * a->hidden + i] + a->bias[i];
}

static void inputs_of_tile(struct inputs *inputs, int64_t first)
{
    const struct scan *a = inputs->a;
    inputs->first = first;
    inputs->loaded = -1;
    if (a->dense) {
        int64_t stride = a->steps * (a->kind == DENSE ? a->features : a->hidden);
        inputs->dense = lanes_at(a->dense + first * stride, stride, a->batch - first);
    }
}

/* The symbol that all sequences of the tile read at step t, or -1: blanks and padding. */
INLINE int64_t common_symbol(const struct inputs *inputs, int64_t t)
{
    const struct scan *a = inputs->a;
    const int32_t *ids = a->ids + inputs->first * a->steps + t;
    for (int64_t k = 1; k < least_of(LANES, a->batch - inputs->first); k++)
        if (ids[k * a->steps] != ids[0]) return -1;
    return ids[0];
}

/* What U is multiplied with at step t of DENSE and ONE_HOT inputs. */
static const vec *columns_at(struct inputs *inputs, int64_t t)
{
    const struct scan *a = inputs->a;
    if (a->kind == ONE_HOT) {
        const int32_t *ids = a->ids + inputs->first * a->steps + t;
        clear(inputs->columns, a->features);
        for (int64_t k = 0; k < least_of(LANES, a->batch - inputs->first); k++)
            inputs->columns[ids[k * a->steps]][k] = 1;
        return inputs->columns;
    }
    if (inputs->loaded != t / STEPS) {
        int64_t start = t - t % STEPS, steps = least_of(STEPS, a->steps - start);
        gather(inputs->chunk, &inputs->dense, start * a->features, steps * a->features);
        inputs->loaded = t / STEPS;
    }
    return inputs->chunk + t % STEPS * a->features;
}

/* added = U x_t + b, and NULL. If all sequences read one symbol: the row of the table that is it in
 * every lane; added stays. */
static const real *input_term(struct inputs *inputs, int64_t t)
{
    const struct scan *a = inputs->a;
    int64_t common = a->kind == ONE_HOT ? common_symbol(inputs, t) : -1;
    if (common >= 0) return inputs->table + common * a->hidden;
    if (a->kind == PROJECTED) gather(inputs->added, &inputs->dense, t * a->hidden, a->hidden);
    else if (a->kind == DENSE) {
        const vec *columns = columns_at(inputs, t);
        products(inputs->added, a->bias, a->weight, a->hidden, columns, a->features, 0);
    } else {
        const real *table = a->kind == ROWS ? a->weight : inputs->table;
        struct lanes rows = lanes_at(table, 0, a->batch - inputs->first);
        for (int k = 0; k < rows.count; k++)
            rows.at[k] += a->ids[(inputs->first + k) * a->steps + t] * a->hidden;
        gather(inputs->added, &rows, 0, a->hidden);
    }
    return NULL;
}

/* to = scale * (S from) + U x_t + b: one step. */
static void step(vec *to, const vec *from, struct inputs *inputs, int64_t t)
{
    const struct scan *a = inputs->a;
    const real *values = input_term(inputs, t);
    step_forth(to, from, a->hidden, a->block_size, a->scale, inputs->added, values);
}

/* --------------------------------------------------------------------------------- forward */

/* Run the recurrence for the tiles tile .. stop - 1 and write what the mode asks for. */
KERNEL(forward, tile, scan)
{
    int64_t hidden = a->hidden, outputs = a->outputs;
    struct scratch scratch = {.count = 0};
    struct inputs inputs;
    inputs_open(&inputs, a, &scratch);
    vec *state = take(&scratch, hidden), *total = take(&scratch, hidden);
    vec *logits = take(&scratch, STEPS * outputs);
    for (int64_t first = tile * LANES; first < stop * LANES && !scratch.failed; first += LANES) {
        int64_t there = a->batch - first, width = a->mode == ALL ? hidden : outputs;
        struct lanes initial = lanes_at(a->initial + first * hidden, hidden, there);
        struct lanes last = lanes_at(a->last + first * hidden, hidden, there);
        struct lanes out = lanes_at(a->steps_out + first * a->steps * width, a->steps * width, there);
        inputs_of_tile(&inputs, first);
        gather(state, &initial, 0, hidden);
        clear(total, hidden);
        for (int64_t t = 0; t < a->steps; t++) {
            if (a->segment && t % a->segment == 0) {
                forget(state, hidden, a->least);
                if (a->segments) {
                    int64_t stride = a->segments * hidden;
                    struct lanes kept = lanes_at(a->kept + first * stride, stride, there);
                    scatter(state, &kept, t / a->segment * hidden, hidden);
                }
            }
            step(state, state, &inputs, t);
            if (a->mode == ALL) scatter(state, &out, t * hidden, hidden);
            else if (a->mode == MEAN) add_where_active(total, state, state, hidden);
            else if (a->mode == LOGITS) {
                vec *row = logits + t % STEPS * outputs;
                products(row, a->output_bias, a->output_weight_t, outputs, state, hidden, 1);
                int64_t start = t - t % STEPS;
                if (t + 1 == start + STEPS || t + 1 == a->steps)
                    scatter(logits, &out, start * outputs, (t + 1 - start) * outputs);
            }
        }
        scatter(state, &last, 0, hidden);
        if (a->mode == MEAN) {
            struct lanes result = lanes_at(a->result + first * hidden, hidden, there);
            scatter(total, &result, 0, hidden);
        }
    }
    return release(&scratch);
}

/* -------------------------------------------------------------------------------- backward */

struct adjoint {
    vec *state;                              /* (d): h_t, where it is rebuilt */
    vec *lambda;                             /* (d): the gradient of h_t, a row of the queue */
    vec *shared;                             /* (d): gradient of every step's part of the mean */
    vec *sign_sum, *bias_sum;                /* (d) */
    vec *input_queue, *lambda_queue;         /* (CHUNK, features), (CHUNK, d + APART) */
    vec *weight_sum;                         /* (features, d + APART) */
    vec *logits, *active, *output_sum;       /* (STEPS, outputs), (CHUNK, d + APART), (outputs, d + APART) */
    vec *segment;                            /* (segment, d): states of one segment */
    int64_t queued;                          /* rows of the queue that are full */
};

static void adjoint_open(struct adjoint *b, const struct scan *a, struct scratch *scratch)
{
    int64_t hidden = a->hidden, row = hidden + APART;
    b->state = take(scratch, hidden);
    b->shared = take(scratch, hidden);
    b->sign_sum = take(scratch, hidden);
    b->bias_sum = take(scratch, hidden);
    b->input_queue = take(scratch, CHUNK * a->features);
    b->lambda_queue = take(scratch, CHUNK * row);
    b->weight_sum = take(scratch, a->features * row);
    b->logits = take(scratch, STEPS * a->outputs);
    b->active = take(scratch, a->outputs ? CHUNK * row : 0);
    b->output_sum = take(scratch, a->outputs * row);
    b->segment = take(scratch, a->segments ? a->segment * hidden : 0);
}

/* The states of the segment in which t is the last step, made again from the kept one. */
static void remake(struct adjoint *b, struct inputs *inputs, int64_t t)
{
    const struct scan *a = inputs->a;
    int64_t stride = a->segments * a->hidden, start = t - t % a->segment, first = inputs->first;
    struct lanes kept = lanes_at(a->kept + first * stride, stride, a->batch - first);
    gather(b->state, &kept, t / a->segment * a->hidden, a->hidden);
    for (int64_t s = start; s <= t; s++) {
        vec *made = b->segment + (s - start) * a->hidden;
        step(made, s > start ? made - a->hidden : b->state, inputs, s);
    }
}

/* lambda += what the read-out of step t makes of its gradient. */
static void read_out_back(
    struct adjoint *b, const struct scan *a, const vec *state, const struct lanes *grads, int64_t t,
    vec *spare)
{
    int64_t hidden = a->hidden, start = t - t % STEPS;
    if (a->mode == ALL) {
        gather(spare, grads, t * hidden, hidden);
        for (int64_t i = 0; i < hidden; i++) b->lambda[i] += spare[i];
    } else if (a->mode == MEAN) add_where_active(b->lambda, b->shared, state, hidden);
    else if (a->mode == LOGITS) {
        if (t % STEPS == STEPS - 1 || t + 1 == a->steps)
            gather(b->logits, grads, start * a->outputs, (t + 1 - start) * a->outputs);
        const vec *logits = b->logits + t % STEPS * a->outputs;
        vec *active = b->active + t % CHUNK * (hidden + APART);
        read_back(b->lambda, state, active, a->output_weight_t, logits, hidden, a->outputs);
        if (t % CHUNK == 0) {
            int64_t steps = least_of(CHUNK, a->steps - t);
            add_outer(b->output_sum, logits, b->active, steps, a->outputs, hidden);
        }
    }
}

/* sum of U and b += those of the queue. */
static void add_queue(struct adjoint *b, const struct scan *a)
{
    int64_t hidden = a->hidden;
    if (a->features)
        add_outer(b->weight_sum, b->input_queue, b->lambda_queue, b->queued, a->features, hidden);
    if (a->kind == DENSE)
        for (int64_t i = 0; i < hidden; i++) {
            vec sum = b->bias_sum[i];
            for (int64_t n = 0; n < b->queued; n++) sum += b->lambda_queue[n * (hidden + APART) + i];
            b->bias_sum[i] = sum;
        }
    b->queued = 0;
}

/* Gradients of what enters at step t, and of the signs; then one step back in time of lambda, and
 * of the state where none is kept. */
static void input_back(struct adjoint *b, struct inputs *inputs, const vec *kept, int64_t t)
{
    const struct scan *a = inputs->a;
    int64_t hidden = a->hidden, row = hidden + APART;
    const real *values = a->kind == ONE_HOT || !kept || a->sign_sums ? input_term(inputs, t) : NULL;
    const vec *added = values ? NULL : inputs->added, *state = kept ? kept : b->state;
    vec *lambda = b->lambda;
    if (a->sign_sums)
        for (int64_t i = 0; i < hidden; i++)
            b->sign_sum[i] += (state[i] - (values ? splat(values[i]) : added[i])) * lambda[i];
    if (values) {
        vec *sum = b->weight_sum + (values - inputs->table) / hidden * row;
        for (int64_t i = 0; i < hidden; i++) sum[i] += lambda[i];
    } else if (a->features) {
        const vec *columns = columns_at(inputs, t);
        memcpy(b->input_queue + b->queued * a->features, columns, (size_t)a->features * BYTES);
        b->queued++;
    }
    if (a->grad_inputs) {
        int64_t width = a->kind == DENSE ? a->features : hidden, stride = a->steps * width;
        real *base = a->grad_inputs + inputs->first * stride;
        struct lanes out = lanes_at(base, stride, a->batch - inputs->first);
        if (a->kind == DENSE) products(inputs->columns, NULL, a->weight_back, width, lambda, hidden, 0);
        scatter(a->kind == DENSE ? inputs->columns : lambda, &out, t * width, width);
    }
    if (!kept) step_back(b->state, b->state, hidden, a->block_size, a->scale, added, values);
    if (b->queued == CHUNK || t == 0) add_queue(b, a);
    b->lambda = b->lambda_queue + b->queued * row; /* lambda itself stays in the queue */
    step_back(b->lambda, lambda, hidden, a->block_size, a->scale, NULL, NULL);
}

/* Adjoint of forward; what is written per tile is summed by the caller. */
KERNEL(backward, tile, scan)
{
    int64_t hidden = a->hidden, outputs = a->outputs, row = hidden + APART;
    struct scratch scratch = {.count = 0};
    struct inputs inputs;
    struct adjoint b;
    inputs_open(&inputs, a, &scratch);
    adjoint_open(&b, a, &scratch);
    for (; tile < stop && !scratch.failed; tile++) {
        int64_t first = tile * LANES, there = a->batch - first;
        int64_t width = a->mode == ALL ? hidden : outputs, stride = a->steps * width;
        struct lanes last = lanes_at(a->last + first * hidden, hidden, there);
        struct lanes grad_last = lanes_at(a->grad_last + first * hidden, hidden, there);
        struct lanes grads = lanes_at(a->grad_steps + first * stride, stride, there);
        inputs_of_tile(&inputs, first);
        gather(b.state, &last, 0, hidden);
        b.queued = 0;
        b.lambda = b.lambda_queue;
        gather(b.lambda, &grad_last, 0, hidden);
        if (a->mode == MEAN) {
            struct lanes shared = lanes_at(a->grad_result + first * hidden, hidden, there);
            gather(b.shared, &shared, 0, hidden);
        }
        clear(b.sign_sum, hidden);
        clear(b.bias_sum, hidden);
        clear(b.weight_sum, a->features * row);
        clear(b.output_sum, outputs * row);
        for (int64_t t = a->steps - 1; t >= 0; t--) {
            const vec *kept = a->segments ? b.segment + t % a->segment * hidden : NULL;
            if (kept && ((t + 1) % a->segment == 0 || t + 1 == a->steps)) {
                forget(b.lambda, hidden, a->least);
                remake(&b, &inputs, t);
            }
            read_out_back(&b, a, kept ? kept : b.state, &grads, t, inputs.added);
            input_back(&b, &inputs, kept, t);
        }
        struct lanes initial = lanes_at(a->grad_initial + first * hidden, hidden, there);
        scatter(b.lambda, &initial, 0, hidden);
        sum_lanes(a->grad_bias + tile * hidden, b.bias_sum, hidden);
        if (a->sign_sums) sum_lanes(a->sign_sums + tile * hidden, b.sign_sum, hidden);
        for (int64_t j = 0; j < a->features; j++)
            sum_lanes(a->grad_weight + (tile * a->features + j) * hidden, b.weight_sum + j * row, hidden);
        for (int64_t c = 0; c < outputs; c++)
            sum_lanes(a->grad_output + (tile * outputs + c) * hidden, b.output_sum + c * row, hidden);
    }
    return release(&scratch);
}
