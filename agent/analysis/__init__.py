"""Pure functions on arrays and lines: change points, trends, log templates, ranking."""
