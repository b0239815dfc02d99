"""What is wrong with an environment and a clone, and the command that mends it.

The standard library alone, but for what is looked at: other packages are asked in processes of
their own.
"""
