/* What Python hands to the kernels: library.py reads the names and types of the fields here.
 *
 * One field a line, as "type name;" or "type *name;". real is float or double. Arrays are
 * C-contiguous. */

struct climb {
    int64_t numbers;          /* padded to whole vectors of LANES */
    int64_t block_size;       /* m, a power of two */
    int64_t steps;            /* C */
    int64_t features;         /* vectors but the last, which is the bias */
    real *vectors;            /* (features + 1, numbers): replaced by W^C times them */
    const real *scale;        /* (numbers): signs over sqrt(m), times the factor of states that fade */
    real *powers;             /* (C, features, numbers): written, [C - 1 - i, v] = W^i vectors[v] */
    real *bias_sum;           /* (numbers): the bias's own powers are added to it */
    real *bias_powers;        /* (C, numbers): they are kept here too; NULL if not */
};

struct descend {
    int64_t numbers;
    int64_t block_size;
    int64_t steps;
    int64_t features;
    real *adjoints;           /* (features + 1, numbers): lambda_{j+1}, and then lambda_{j+1-C} */
    real *vectors;            /* (features + 1, numbers): see descend and descend_kept */
    const real *scale;
    const real *grads;        /* (C, features, numbers): of all vectors but the last */
    const real *bias_grad;    /* (numbers): of the last vector, the same at every step */
    real *sign_sums;          /* (features + 1, numbers): they grow */
    int64_t rebuild;          /* descend: whether vectors go down too */
    real *powers;             /* (C, features, numbers) as of climb; descend: written, or NULL */
    const real *bias_powers;  /* (C, numbers) as of climb; descend_kept alone */
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

struct filled {
    int64_t width;
    const real *numbers;      /* (n, width) */
    int64_t *counts;          /* (n): written */
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
    real *sign_sums;          /* (tiles, d): sum over time of lambda_t * (W h_{t-1}) */
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
