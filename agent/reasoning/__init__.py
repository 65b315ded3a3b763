"""The two reasoners: a model, and rules that need none."""
