"""The graph of the company: store, inference, traversal, picture."""
