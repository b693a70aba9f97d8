"""Endpoints that are well for one second and not well for the next, all together.

Usage: flapping.py COUNT. Prints their ports; flaps from the first line of its input on, until the input ends.
"""

import asyncio
import sys
import time

BEGUN = None


class Flapping(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.heard = transport, b""

    def data_received(self, data):
        self.heard += data
        if not self.heard.endswith(b"\r\n\r\n"):
            return
        is_well = BEGUN is None or int(time.monotonic() - BEGUN) % 2 == 0
        status = b"200 OK" if is_well else b"503 Service Unavailable"
        self.transport.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")
        self.transport.close()


async def main(count):
    global BEGUN
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Flapping, "127.0.0.1", 0) for _ in range(count)]
    print(*[server.sockets[0].getsockname()[1] for server in servers], flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
    BEGUN = time.monotonic()
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main(int(sys.argv[1])))
