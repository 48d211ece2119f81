"""The Kubernetes objects that run a SeldonDeployment, each with its source."""
