"""The networks HadamRNN is compared with, one module each behind one interface."""
