"""What the API server refuses in a pod's security settings, whatever a level says."""
