"""graphgate: admission control for inference graphs on Kubernetes."""
