"""CEL as Kubernetes has it: a table of answers recorded from kube-apiserver's own packages."""
