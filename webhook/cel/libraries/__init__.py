"""Function libraries beyond CEL's own, one module for each that Kubernetes loads.

A module has LIBRARY: its name, the Kubernetes minor that brought it (environment/base.go of
k8s.io/apiserver), and its functions with their signatures and implementations.
"""
