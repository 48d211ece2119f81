"""What we are measured against: the least that Starlette on uvicorn can do with a body.

python -m benchmarks.echo PORT CERTIFICATE KEY
"""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def echo(request: Request) -> Response:
    """Send the body back."""
    return Response(await request.body(), media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(
        Starlette(routes=[Route("/{endpoint}", echo, methods=["POST"])]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        ssl_certfile=sys.argv[2],
        ssl_keyfile=sys.argv[3],
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
