"""The catalogue of failure modes: what each would show, which checks tell, what speaks against it, what mends it."""
