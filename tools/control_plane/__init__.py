"""A real Kubernetes control plane for the tests: built once (`build`), run per session (`run`)."""
