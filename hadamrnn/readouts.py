"""Names of the read-outs: what of the states h_t the output layer sees.

last      relu(h_T)
mean      m, the mean over time of relu(h_t)
log_mean  log2(m + LOG_FLOOR)
"""

READOUTS = ("last", "mean", "log_mean")
LOG_FLOOR = 2.0**-7
"""What is added to a mean before its logarithm is taken."""
