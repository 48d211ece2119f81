"""CEL, the Common Expression Language, as Kubernetes has it.

    environment = Environment({"object": "dyn"})
    expression = environment.check("object.spec.replicas <= 3")
    closure = Compiler(expression.ast, environment.functions, SlotLayout({"object": 1})).root
    closure([CostBudget(1000), document])

An expression is parsed, type-checked and compiled to Python closures once, when a policy is loaded;
what Kubernetes refuses is refused here, with its place in the text. Closures run on the raw JSON
values of a review: nothing is converted, work is counted, and the value that made an expression
false is known by its place. docs/policies.md has the comparison with kube-apiserver's own CEL.

Pure. Nothing here knows of policies, bindings or SeldonDeployments.
"""
