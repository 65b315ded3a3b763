"""Changes as pull requests on the GitOps repository, through GitHub's REST API.

The repository is read as ``integrations.repository`` reads it; what it declares is edited in place, one file at a time, and
an edit counts only once the files are evaluated again and nothing else has become another.
"""
