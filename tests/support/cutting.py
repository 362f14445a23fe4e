"""A proxy between two programs that cuts connections at random bytes."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading


class CuttingProxy:
    """Brings ``port`` of 127.0.0.1 to ``target``. While ``cutting``, each connection ends after a random number of
    bytes up to ``most``."""

    def __init__(self, target: int, most: int, seed: int) -> None:
        self.target = target
        self.most = most
        self.cutting = True
        self.cuts = 0
        self.port = 0
        self._chance = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cutting-proxy", daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        """End it with all its connections."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)

        async def begin() -> None:
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            self._ready.set()

        task = self._loop.create_task(begin())
        self._loop.run_forever()
        del task
        for left in asyncio.all_tasks(self._loop):
            left.cancel()
        with contextlib.suppress(Exception):
            self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        left = [self._chance.randrange(1, self.most)]
        try:
            await asyncio.gather(self._pump(reader, far_writer, left), self._pump(far_reader, writer, left))
        except (ConnectionError, EOFError):
            pass
        finally:
            writer.transport.abort()
            far_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: list[int]) -> None:
        while data := await reader.read(1 << 16):
            if self.cutting and len(data) >= left[0]:
                writer.write(data[: left[0]])
                with contextlib.suppress(ConnectionError):
                    await writer.drain()
                self.cuts += 1
                raise EOFError
            left[0] -= len(data)
            writer.write(data)
            await writer.drain()
        raise EOFError
