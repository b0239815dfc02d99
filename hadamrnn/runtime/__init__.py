"""The C code; ``sources`` joins its files into the one that users copy."""
