"""A relay of TCP connections that can be reset as a network device does it: RST, whatever is under way."""

import asyncio
import socket
import struct
import threading
from typing import Any

LOOPBACK = "127.0.0.1"
_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: on, zero seconds. What is not sent is dropped, and the peer gets a RST."""
_CHUNK = 1 << 16


class Relay:
    """Forwards to one port. An event loop of its own: a socket that a thread reads from cannot be closed with a RST."""

    def __init__(self, port: int) -> None:
        self._target, self.port, self.resets = port, 0, 0
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: Any = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, LOOPBACK, 0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(LOOPBACK, self._target)
        self._open.add(writer)
        try:
            await asyncio.gather(_pump(reader, up_writer), _pump(up_reader, writer))
        finally:
            self._open.discard(writer)

    def reset(self) -> None:
        """Reset every connection there is; new ones are taken as ever."""
        self._loop.call_soon_threadsafe(self._reset)

    def _reset(self) -> None:
        for writer in self._open:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            writer.transport.abort()
            self.resets += 1

    def close(self) -> None:
        """End everything."""
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    except OSError:  # reset by either side
        pass
    finally:
        writer.close()
