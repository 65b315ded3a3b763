"""The company's GitOps controller: what is merged is applied, and what is changed by hand is taken back."""
