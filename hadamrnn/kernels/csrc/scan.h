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

INLINE int64_t vectors_of_inputs(const struct scan *a)
{
    return (STEPS + 2) * a->features + a->hidden + a->features * a->hidden / LANES;
}

static void inputs_open(struct inputs *inputs, const struct scan *a, struct scratch *scratch)
{
    inputs->a = a;
    inputs->chunk = scratch_take(scratch, STEPS * a->features);
    inputs->columns = scratch_take(scratch, a->features);
    inputs->added = scratch_take(scratch, a->hidden);
    inputs->table = (real *)scratch_take(scratch, a->features * a->hidden / LANES + a->features);
    if (a->kind == ONE_HOT)
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

/* What enters the product with U at step t of DENSE and ONE_HOT inputs. */
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
    else if (a->kind == ROWS) {
        struct lanes rows = lanes_at(NULL, 0, a->batch - inputs->first);
        for (int k = 0; k < LANES; k++) {
            int64_t sequence = inputs->first + (k < rows.count ? k : 0);
            rows.at[k] = (real *)a->weight + a->ids[sequence * a->steps + t] * a->hidden;
        }
        gather(inputs->added, &rows, 0, a->hidden);
    } else {
        const vec *columns = columns_at(inputs, t);
        product_of(inputs->added, a->bias, a->weight, a->hidden, columns, a->features);
    }
    return NULL;
}

/* to = scale * (S from) + U x_t + b: one step. */
static void step(vec *to, const vec *from, struct inputs *inputs, int64_t t)
{
    const struct scan *a = inputs->a;
    const real *values = input_term(inputs, t);
    if (values) transform_add_values(to, from, a->hidden, a->block_size, a->scale, values);
    else transform_add(to, from, a->hidden, a->block_size, a->scale, inputs->added);
}

/* --------------------------------------------------------------------------------- forward */

/* Run the recurrence for the tiles tile .. stop - 1 and write what the mode asks for. */
int forward(int64_t tile, int64_t stop, const struct scan *a)
{
    int64_t hidden = a->hidden, outputs = a->outputs;
    struct scratch scratch;
    struct inputs inputs;
    if (scratch_open(&scratch, vectors_of_inputs(a) + 2 * hidden + STEPS * outputs)) return -1;
    inputs_open(&inputs, a, &scratch);
    vec *state = scratch_take(&scratch, hidden), *total = scratch_take(&scratch, hidden);
    vec *logits = scratch_take(&scratch, STEPS * outputs);
    for (int64_t first = tile * LANES; first < stop * LANES; first += LANES) {
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
                product_of_relu(row, a->output_bias, a->output_weight_t, outputs, state, hidden);
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
    free(scratch.memory);
    return 0;
}

/* -------------------------------------------------------------------------------- backward */

struct adjoint {
    vec *state, *lambda;                     /* (d): h_t and its gradient */
    vec *shared;                             /* (d): gradient of every step's part of the mean */
    vec *sign_sum, *bias_sum;                /* (d) */
    vec *input_queue, *lambda_queue;         /* (CHUNK, features), (CHUNK, d + APART) */
    vec *weight_sum;                         /* (features, d + APART) */
    vec *logits, *active, *output_sum;       /* (STEPS, outputs), (CHUNK, d + APART), (outputs, d + APART) */
    vec *segment;                            /* (segment, d): states of one segment */
    int64_t queued;
};

INLINE int64_t vectors_of_adjoint(const struct scan *a)
{
    int64_t row = a->hidden + APART, queues = (a->features > 0) + (a->outputs > 0);
    return 5 * a->hidden + (CHUNK + row) * a->features + (STEPS + row) * a->outputs +
           queues * CHUNK * row + (a->segments ? a->segment * a->hidden : 0);
}

static void adjoint_open(struct adjoint *b, const struct scan *a, struct scratch *scratch)
{
    int64_t hidden = a->hidden, row = hidden + APART;
    b->state = scratch_take(scratch, hidden);
    b->lambda = scratch_take(scratch, hidden);
    b->shared = scratch_take(scratch, hidden);
    b->sign_sum = scratch_take(scratch, hidden);
    b->bias_sum = scratch_take(scratch, hidden);
    b->input_queue = scratch_take(scratch, CHUNK * a->features);
    b->lambda_queue = scratch_take(scratch, a->features ? CHUNK * row : 0);
    b->weight_sum = scratch_take(scratch, a->features * row);
    b->logits = scratch_take(scratch, STEPS * a->outputs);
    b->active = scratch_take(scratch, a->outputs ? CHUNK * row : 0);
    b->output_sum = scratch_take(scratch, a->outputs * row);
    b->segment = scratch_take(scratch, a->segments ? a->segment * hidden : 0);
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

/* Gradients of what enters at step t, and of the signs; then lambda (and the state, where it is
 * rebuilt) times scale. */
static void input_back(struct adjoint *b, struct inputs *inputs, const vec *kept, int64_t t)
{
    const struct scan *a = inputs->a;
    const real *values = input_term(inputs, t), *scale = a->scale;
    const vec *added = inputs->added, *state = kept ? kept : b->state;
    int64_t hidden = a->hidden;
    vec *lambda = b->lambda, *next = kept ? inputs->added : b->state;
    if (values) {
        vec *sum = b->weight_sum + (values - inputs->table) / hidden * (hidden + APART);
        for (int64_t i = 0; i < hidden; i++) {
            vec before = state[i] - values[i];
            b->sign_sum[i] += before * lambda[i];
            sum[i] += lambda[i];
            next[i] = before * scale[i];
            lambda[i] *= scale[i];
        }
        return;
    }
    if (a->features) {
        const vec *columns = a->kind == ONE_HOT ? inputs->columns : columns_at(inputs, t);
        copy(b->input_queue + b->queued * a->features, columns, a->features);
        copy(b->lambda_queue + b->queued * (hidden + APART), lambda, hidden);
        b->queued++;
    }
    if (a->kind == DENSE)
        for (int64_t i = 0; i < hidden; i++) b->bias_sum[i] += lambda[i];
    if (a->grad_inputs) {
        int64_t width = a->kind == DENSE ? a->features : hidden, stride = a->steps * width;
        real *base = a->grad_inputs + inputs->first * stride;
        struct lanes out = lanes_at(base, stride, a->batch - inputs->first);
        if (a->kind == DENSE) {
            product_of(inputs->columns, NULL, a->weight_back, width, lambda, hidden);
            scatter(inputs->columns, &out, t * width, width);
        } else scatter(lambda, &out, t * width, width);
    }
    for (int64_t i = 0; i < hidden; i++) {
        vec before = state[i] - added[i];
        b->sign_sum[i] += before * lambda[i];
        next[i] = before * scale[i];
        lambda[i] *= scale[i];
    }
}

/* Adjoint of forward; what is written per tile is summed by the caller. */
int backward(int64_t tile, int64_t stop, const struct scan *a)
{
    int64_t hidden = a->hidden, outputs = a->outputs, row = hidden + APART;
    struct scratch scratch;
    struct inputs inputs;
    struct adjoint b;
    if (scratch_open(&scratch, vectors_of_inputs(a) + vectors_of_adjoint(a))) return -1;
    inputs_open(&inputs, a, &scratch);
    adjoint_open(&b, a, &scratch);
    for (; tile < stop; tile++) {
        int64_t first = tile * LANES, there = a->batch - first;
        int64_t width = a->mode == ALL ? hidden : outputs, stride = a->steps * width;
        struct lanes last = lanes_at(a->last + first * hidden, hidden, there);
        struct lanes grad_last = lanes_at(a->grad_last + first * hidden, hidden, there);
        struct lanes grads = lanes_at(a->grad_steps + first * stride, stride, there);
        inputs_of_tile(&inputs, first);
        gather(b.state, &last, 0, hidden);
        gather(b.lambda, &grad_last, 0, hidden);
        if (a->mode == MEAN) {
            struct lanes shared = lanes_at(a->grad_result + first * hidden, hidden, there);
            gather(b.shared, &shared, 0, hidden);
        }
        clear(b.sign_sum, hidden);
        clear(b.bias_sum, hidden);
        clear(b.weight_sum, a->features * row);
        clear(b.output_sum, outputs * row);
        b.queued = 0;
        for (int64_t t = a->steps - 1; t >= 0; t--) {
            const vec *kept = a->segments ? b.segment + t % a->segment * hidden : NULL;
            if (kept && ((t + 1) % a->segment == 0 || t + 1 == a->steps)) {
                forget(b.lambda, hidden, a->least);
                remake(&b, &inputs, t);
            }
            read_out_back(&b, a, kept ? kept : b.state, &grads, t, inputs.added);
            input_back(&b, &inputs, kept, t);
            if (b.queued == CHUNK || (t == 0 && b.queued)) {
                add_outer(b.weight_sum, b.input_queue, b.lambda_queue, b.queued, a->features, hidden);
                b.queued = 0;
            }
            if (!kept) transform(b.state, hidden, a->block_size);
            transform(b.lambda, hidden, a->block_size);
        }
        struct lanes initial = lanes_at(a->grad_initial + first * hidden, hidden, there);
        scatter(b.lambda, &initial, 0, hidden);
        sum_lanes(a->grad_bias + tile * hidden, b.bias_sum, hidden);
        sum_lanes(a->sign_sums + tile * hidden, b.sign_sum, hidden);
        for (int64_t j = 0; j < a->features; j++)
            sum_lanes(a->grad_weight + (tile * a->features + j) * hidden, b.weight_sum + j * row, hidden);
        for (int64_t c = 0; c < outputs; c++)
            sum_lanes(a->grad_output + (tile * outputs + c) * hidden, b.output_sum + c * row, hidden);
    }
    free(scratch.memory);
    return 0;
}
