"""The first ports that Seldon hands out to the containers of nodes; each next one gets one more.

Source: PREDICTIVE_UNIT_HTTP_SERVICE_PORT and PREDICTIVE_UNIT_GRPC_SERVICE_PORT, v1.17.
"""

HTTP = 9000
GRPC = 9500
