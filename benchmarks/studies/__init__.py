"""Studies: what a choice of the recipe is worth, on validation data or on people left out."""
