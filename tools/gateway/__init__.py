"""A real gateway for tests: Contour, which reads routes, and Envoy, which sends requests by them.

    with private_network(), ControlPlane.start(binaries) as plane:
        with Gateway.start(plane, provide_contour(os.environ, print)) as gateway:
            gateway.http        # "10.210.0.1:8080", where clients ask

Belongs here: building, starting and stopping both, and the network they need. Does not belong here:
routes, backends and what is asked (`tests/apiserver`).
"""
