"""The loop, hypotheses, evidence, budget and report."""
