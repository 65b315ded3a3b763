"""The company's Kubernetes objects, made of the compact description in ``workloads.yaml``."""
