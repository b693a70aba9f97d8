"""The far side: HTTP endpoints in a network of their own, each a process, and what may happen to them.

Reads orders from standard input, a line each, and says `ok` when one is carried out:

    start N, kill N, stop N, cont N, well N, status N, body N, vanish N, appear N
    lose PERCENT FIRST LAST
"""

import asyncio
import os
import signal
import subprocess
import sys

PORT = 8080
WELL = ("200 OK", "all is ok\n")
MANNERS = {
    signal.SIGHUP: WELL,
    signal.SIGUSR1: ("503 Service Unavailable", "all is ok\n"),
    signal.SIGUSR2: ("200 OK", "out of order\n"),
}
RULES = """
table ip far {
  set gone { type ipv4_addr; }
  chain in { type filter hook input priority 0; ip daddr @gone drop; }
  chain out { type filter hook output priority 0; ip saddr @gone drop; }
}
"""
LOSS = """
add rule ip far in ip daddr {whose} numgen random mod 1000 < {permille} drop
add rule ip far out ip saddr {whose} numgen random mod 1000 < {permille} drop
"""


def address(number):
    return f"198.18.{1 + number // 200}.{1 + number % 200}"


def shell(*command, text=None):
    subprocess.run(command, input=text, text=True, check=True)


def endpoint(number):
    """A server: patient with idle connections, and well until a signal says otherwise."""
    said = [WELL]

    async def answer(reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            status, body = said[0]
            head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write((head + body).encode())
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def serve():
        for number_of_signal, manner in MANNERS.items():
            asyncio.get_running_loop().add_signal_handler(
                number_of_signal, lambda manner=manner: said.__setitem__(0, manner)
            )
        server = await asyncio.start_server(answer, address(number), PORT, backlog=256)
        os.write(ready[1], b".")
        await server.serve_forever()

    ready = os.pipe()
    if pid := os.fork():
        os.read(ready[0], 1)
        os.close(ready[0])
        os.close(ready[1])
        return pid
    try:
        asyncio.run(serve())
    finally:
        os._exit(1)


def kill(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def main():
    count = int(sys.argv[1])
    sys.stdin.readline()  # The interface is here.
    shell("ip", "link", "set", "lo", "up")
    shell("ip", "link", "set", "far", "up")
    for number in range(count):
        shell("ip", "address", "add", f"{address(number)}/15", "dev", "far")
    shell("nft", "-f", "-", text=RULES)
    pids = {}
    print("ok", flush=True)
    signals = {"stop": signal.SIGSTOP, "cont": signal.SIGCONT, "well": signal.SIGHUP}
    signals |= {"status": signal.SIGUSR1, "body": signal.SIGUSR2}
    for line in sys.stdin:
        order, number, *more = (int(word) if word.isdigit() else word for word in line.split())
        match order:
            case "lose":
                whose = "-".join(map(address, more))
                shell("nft", "-f", "-", text=LOSS.format(whose=whose, permille=10 * number))
            case "start":
                pids[number] = endpoint(number)
            case "kill":
                kill(pids.pop(number))
            case "vanish":
                shell("nft", "add", "element", "ip", "far", "gone", f"{{ {address(number)} }}")
            case "appear":
                shell("nft", "delete", "element", "ip", "far", "gone", f"{{ {address(number)} }}")
            case _:
                os.kill(pids[number], signals[order])
        print("ok", flush=True)
    for pid in pids.values():
        kill(pid)


if __name__ == "__main__":
    main()
