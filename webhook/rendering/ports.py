"""The first ports that Seldon hands out to the containers of nodes; each next one gets one more.

Source: PREDICTIVE_UNIT_HTTP_SERVICE_PORT and PREDICTIVE_UNIT_GRPC_SERVICE_PORT, v1.17.
"""

FIRST_HTTP_PORT = 9000
FIRST_GRPC_PORT = 9500
