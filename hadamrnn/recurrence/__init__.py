"""The linear recurrence h_t = W h_{t-1} + U x_t + b in several forms with one answer."""
