"""The company's GitHub: the REST API (v3) over the same repository that ``sandbox.git`` serves."""
