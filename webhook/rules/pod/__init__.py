"""Rules on pod templates: containers, volumes, probes, resources, scheduling."""
