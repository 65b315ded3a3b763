"""Speed and size, measured by commands and compared as ratios."""
