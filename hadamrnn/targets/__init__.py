"""Where the C code runs: this machine's compiler and emulated microcontrollers."""
