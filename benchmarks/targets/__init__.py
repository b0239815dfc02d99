"""Models on emulated microcontrollers, measured and drawn."""
