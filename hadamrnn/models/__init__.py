"""The torch layer, the classifier around it, its quantizers, and the baselines."""
