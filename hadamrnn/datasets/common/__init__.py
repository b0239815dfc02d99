"""What the data sets share: downloads, splits, and the formats of several of them."""
