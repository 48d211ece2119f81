"""A network of the caller's own: loopback, and addresses that may be in an EndpointSlice.

The API server refuses loopback addresses in EndpointSlices, and a machine's own addresses are not
ours to use. In a network namespace of its own, a thread and all processes that it starts see one
loopback device, which has two ranges besides 127.0.0.0/8: the gateway's, and that from which the
tests' nodes give addresses to pods (`components.kwok`). Nothing leaves it or comes in.
"""

import ctypes
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl

from tools.control_plane.errors import NetworkRefusedError

GATEWAY_ADDRESS = "10.210.0.1"
_POD_ADDRESS = "10.244.0.1"

_CLONE_NEWNET = 0x40000000  # <linux/sched.h>
_SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C  # <linux/sockios.h>
_IFF_UP_RUNNING = 0x1 | 0x40  # <linux/if.h>
_THIS_THREAD = "/proc/thread-self/ns/net"


@contextmanager
def private_network() -> Iterator[None]:
    """Move this thread into a new network, and back at the end.

    Processes and threads that it starts meanwhile are in the new network for good. Raise
    NetworkRefusedError where that is not allowed.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        home = os.open(_THIS_THREAD, os.O_RDONLY)
    except OSError as error:
        raise _refused(error) from error
    try:
        if libc.unshare(_CLONE_NEWNET):
            raise _refused(OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno())))
        try:
            _bring_up()
            yield
        finally:
            if libc.setns(home, _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "no way back into the first network")
    finally:
        os.close(home)


def _refused(error: OSError) -> NetworkRefusedError:
    return NetworkRefusedError(
        f"a network namespace cannot be made here ({error.strerror}), and a real gateway needs "
        "one; as root it works, or below: unshare --user --map-root-user --net"
    )


def _bring_up() -> None:
    """Start loopback, and give it more ranges, under labels as `ip addr add … label` does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        _set(device, b"lo", _SIOCSIFFLAGS, struct.pack("H", _IFF_UP_RUNNING))
        for label, address in ((b"lo:0", GATEWAY_ADDRESS), (b"lo:1", _POD_ADDRESS)):
            _set(device, label, _SIOCSIFADDR, _address(address))
            # Every address of a range on loopback is the machine's own.
            _set(device, label, _SIOCSIFNETMASK, _address("255.255.0.0"))


def _set(device: socket.socket, name: bytes, request: int, value: bytes) -> None:
    ioctl(device, request, struct.pack("16s24s", name, value))


def _address(text: str) -> bytes:
    return struct.pack("HH4s", socket.AF_INET, 0, socket.inet_aton(text))
