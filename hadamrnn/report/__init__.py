"""Tables, figures and the page made from results/paper (arrays and rows in, text and SVG out)."""
