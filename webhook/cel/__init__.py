"""CEL, the Common Expression Language, as Kubernetes speaks it.

    environment = Environment(variables={"object": "dyn"})
    expression = environment.check("object.spec.replicas <= 3")
    closure = Compiler(expression.checked, environment.functions, Layout({"object": 1})).root
    closure([Budget(1000), document])

Google's own parser and type checker (cel-expr-python) read an expression once, when a policy is
loaded: what they refuse is refused with line and column. What they return, the checked syntax
tree, is turned into Python closures that run on the raw JSON values of a review: nothing is
converted, every step is counted, and the value that made an expression false is known by its
place. docs/policies.md has the measurements.

Pure. Nothing here knows of policies, bindings or SeldonDeployments.
"""
