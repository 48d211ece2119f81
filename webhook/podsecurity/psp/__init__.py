"""PodSecurityPolicy's rules: the model, its settings, the conversion."""
