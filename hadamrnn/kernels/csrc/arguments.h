/* What Python hands to the kernels: library.py reads the names and types of the fields here.
 *
 * One field a line, as "type name;" or "type *name;". real is float or double. Arrays are
 * C-contiguous; those of vec begin at a multiple of its size. */

struct climb {
    int64_t numbers;         /* padded to whole vectors */
    int64_t block_size;      /* m, a power of two */
    int64_t steps;           /* C */
    int64_t features;        /* vectors but the last, which is the bias */
    vec *vectors;            /* (features + 1, numbers): replaced by W^C times them */
    const vec *scale;        /* (numbers): signs over sqrt(m), times the factor of fading states */
    vec *powers;             /* (C, features, numbers): written, [C - 1 - i, v] = W^i vectors[v] */
    vec *bias_sum;           /* (numbers): the bias's own powers are added to it */
    vec *bias_powers;        /* (C, numbers): they are kept here too; NULL if not */
};

struct descend {
    int64_t numbers;
    int64_t block_size;
    int64_t steps;
    int64_t features;
    vec *adjoints;           /* (features + 1, numbers): lambda_{j+1}, and then lambda_{j+1-C} */
    vec *vectors;            /* (features + 1, numbers): see descend */
    const vec *scale;
    const vec *grads;        /* (C, features, numbers): of all vectors but the last */
    const vec *bias_grad;    /* (numbers): of the last vector, the same at every step */
    vec *sign_sums;          /* (features + 1, numbers): they grow */
    int64_t rebuild;         /* whether vectors go down too */
    vec *powers;             /* (C, features, numbers): those of climb, with bias_powers; or written
                              * with rebuild; or NULL */
    const vec *bias_powers;  /* (C, numbers): those of climb; or NULL */
};

struct product {
    int64_t count;            /* k */
    int64_t width;            /* a multiple of LANES */
    int64_t stride;           /* of left from row to row, in numbers */
    int64_t step;             /* of left from number to number of a row */
    const real *left;         /* (n, k) */
    const real *right;        /* (k, width) */
    real *out;                /* (n, width) */
    int64_t grow;             /* whether to add to what out held */
};

struct scan {
    int64_t kind;             /* of inputs, enum input */
    int64_t mode;             /* of the read-out, enum mode */
    int64_t batch;
    int64_t steps;
    int64_t hidden;           /* d */
    int64_t block_size;       /* m, a power of two that divides d */
    int64_t features;         /* rows of U^T: DENSE and ONE_HOT; else 0 */
    int64_t outputs;          /* rows of V: LOGITS; else 0 */
    int64_t segment;          /* steps between states that are kept; 0 if states do not fade */
    int64_t segments;         /* states that are kept of a sequence; 0 for none */
    double least;             /* a state that has faded below is zero from the next segment on */
    const real *dense;        /* (batch, steps, features), or U x_t + b (batch, steps, d): PROJECTED */
    const int32_t *ids;       /* (batch, steps): ONE_HOT and ROWS */
    const real *weight;       /* U^T (features, d); ROWS: (symbols, d), which contains b */
    const real *bias;         /* (d): DENSE and ONE_HOT */
    const real *scale;        /* (d): signs over sqrt(m), times the factor of states that fade */
    const real *output_weight_t; /* V^T (d, outputs) */
    const real *output_bias;  /* (outputs) */
    const real *initial;      /* (batch, d): h_0 */
    real *last;               /* (batch, d): h_T, written by forward */
    real *steps_out;          /* (batch, steps, outputs): LOGITS; (batch, steps, d): ALL; written */
    real *result;             /* (batch, d): MEAN, the sum over time; written */
    real *kept;               /* (batch, segments, d): written by forward, read by backward */
    const real *weight_back;  /* (d, features): U, where wants_inputs */
    const real *grad_last;    /* from here on backward alone: gradients of the results; for MEAN */
    const real *grad_steps;   /* that of every step's part */
    const real *grad_result;
    int64_t wants_inputs;     /* whether DENSE inputs need a gradient */
    real *grad_weight;        /* (tiles, features, d): of U^T, for DENSE and ONE_HOT */
    real *grad_bias;          /* (tiles, d): for DENSE */
    real *sign_sums;          /* (tiles, d): sum over time of lambda_t * (W h_{t-1}); or NULL */
    real *grad_output;        /* (tiles, outputs, d): of V, for LOGITS */
    real *grad_inputs;        /* (batch, steps, features): of dense inputs; d: ROWS and PROJECTED */
    real *grad_initial;       /* (batch, d): of h_0 */
};

struct lookups {
    int64_t count;
    int64_t width;
    real *table;              /* (symbols, width): table[ids[n]] += rows[n] for every n in turn */
    const int32_t *ids;       /* (count) */
    const real *rows;         /* (count, width) */
};

struct cross_entropy {
    int64_t count;            /* samples */
    int64_t classes;
    double share;             /* factor of the gradients */
    const real *logits;       /* (count, classes) */
    const int64_t *targets;   /* (count): in 0 .. classes - 1 */
    double *losses;           /* (blocks): written, the sum over a block's samples */
    real *grads;              /* (count, classes): written, share * (softmax - one-hot); or NULL */
};
