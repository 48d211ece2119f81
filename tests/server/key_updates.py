"""A client that asks for new TLS keys, which `ssl` cannot: Python's OpenSSL, by ctypes."""

import _ssl
import ctypes
import socket
from types import TracebackType
from typing import Any, Self

# Its symbols, and those of what it links; of a Python that contains it, the program's.
_OPENSSL = ctypes.CDLL(getattr(_ssl, "__file__", None))
_SET_MINIMUM_VERSION, _TLS_1_3, _UPDATE_REQUESTED = 123, 0x0304, 1


def _call(name: str, *arguments: Any, returns: Any = ctypes.c_int) -> Any:
    function = getattr(_OPENSSL, name)
    function.restype = returns
    return function(*arguments)


class KeyUpdater:
    """One connection; it never reads, so that whatever is sent to it fills buffers."""

    def __init__(self, port: int, timeout: float) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout)
        method = ctypes.c_void_p(_call("TLS_client_method", returns=ctypes.c_void_p))
        self._context = ctypes.c_void_p(_call("SSL_CTX_new", method, returns=ctypes.c_void_p))
        version = ctypes.c_long(_TLS_1_3)
        _call("SSL_CTX_ctrl", self._context, _SET_MINIMUM_VERSION, version, None)
        self._tls = ctypes.c_void_p(_call("SSL_new", self._context, returns=ctypes.c_void_p))
        self._socket.setblocking(True)  # OpenSSL waits for nothing otherwise
        _call("SSL_set_fd", self._tls, self._socket.fileno())
        assert _call("SSL_connect", self._tls) == 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._socket.close()
        _call("SSL_free", self._tls, returns=None)
        _call("SSL_CTX_free", self._context, returns=None)

    def renew(self, times: int) -> bool:
        """Ask for new keys so often; return whether the connection took it."""
        return all(
            _call("SSL_key_update", self._tls, _UPDATE_REQUESTED) == 1
            and _call("SSL_do_handshake", self._tls) == 1
            for _ in range(times)
        )

    def wait_until_closed(self, timeout: float) -> bool:
        """Return whether the peer ends the connection in time."""
        self._socket.settimeout(timeout)
        try:
            while self._socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:  # a reset
            return True
        return True
