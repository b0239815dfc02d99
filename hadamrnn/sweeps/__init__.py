"""Many runs of the pipeline, on this machine or on a cluster, each in a clone of its own."""
