"""What a SeldonDeployment stands for: the Kubernetes objects that run it, each with its origin."""
