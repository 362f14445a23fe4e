"""A socket to a place that somebody else named, by the addresses that the guard allows and by no other."""

from __future__ import annotations

import asyncio
import socket

from core.fetch.guard import Guard, Purpose


async def open_socket(guard: Guard, host: str, port: int, purpose: Purpose, seconds: float) -> socket.socket:
    """Connected, not blocking, to the first address that answers; ``seconds`` are for each. Raises OSError
    (TimeoutError among them), and as ``Guard.check_host``."""
    loop = asyncio.get_running_loop()
    problem: OSError = TimeoutError()
    for address in await guard.check_host(host, port, purpose):
        connected = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        connected.setblocking(False)
        try:
            async with asyncio.timeout(seconds):
                await loop.sock_connect(connected, (address, port))
        except OSError as error:
            connected.close()
            problem = error
            continue
        except BaseException:
            connected.close()
            raise
        return connected
    raise problem
