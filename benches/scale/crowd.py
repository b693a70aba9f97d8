"""Half of the endpoints: one process that answers for very many addresses of loopback, as a well HTTP server would.

Usage: crowd.py PORT. Says `ready` when it listens.
"""

import asyncio
import resource
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"


class Well(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.heard = transport, b""

    def data_received(self, data):
        self.heard += data
        if self.heard.endswith(b"\r\n\r\n"):
            self.transport.write(ANSWER)
            self.transport.close()


async def serve(port):
    # Every address of 127.0.0.0/8 at once.
    server = await asyncio.get_running_loop().create_server(Well, "0.0.0.0", port, backlog=4096)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(serve(int(sys.argv[1])))
