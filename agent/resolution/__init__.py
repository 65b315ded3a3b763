"""Proposals, policy, applying and watching."""
