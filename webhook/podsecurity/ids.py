"""Bounds of user and group ids."""

MAX_ID = 2147483647
"""The largest id that the API server accepts (int32; apimachinery validation.IsValidUserID)."""

MAX_USER_NAMESPACE_ID = 65535
"""A user namespace of a pod maps the ids 0 to 65535 (Kubernetes, User Namespaces)."""
