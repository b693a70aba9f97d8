"""Open pages, as the daemon knows them: each follows events and looks at how everything stands, as often as page/model.js does.

Usage: clients.py PORT TOKEN PAGES. Says `open` when all of them are, and at the end of its input what came, in JSON.
"""

import asyncio
import json
import random
import resource
import sys
import time

APART, ANYWAY, ENDPOINTS = 1.0, 5.0, 3.0
"""Seconds between looks: at least, where nothing happens, and at the endpoints of open pools."""
OPEN = "&".join(f"pool=p{n}" for n in range(12))


class Page:
    def __init__(self, port, token):
        self.port, self.head = port, f"Host: x\r\nAuthorization: Bearer {token}\r\nAccept-Encoding: gzip\r\n"
        self.events = self.missing = self.looks = self.unchanged = self.bytes = self.errors = 0
        self.slowest, self.last, self.news = 0.0, None, asyncio.Event()

    async def request(self, path, more=""):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 24)
        writer.write(f"GET {path} HTTP/1.1\r\n{self.head}{more}\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        return reader, writer, int(head.split()[1]), head

    async def look(self, path, every, soon=None):
        tag, opened = "", False
        await asyncio.sleep(random.random())
        while True:
            began = time.monotonic()
            try:
                reader, writer, status, head = await self.request(path, f"If-None-Match: {tag}\r\n" if tag else "")
                self.bytes += len(await reader.read())
                writer.close()
                self.looks += 1
                self.unchanged += status == 304
                self.errors += status not in (200, 304)
                tag = next((line[6:].replace("w/", "W/") for line in head.split("\r\n") if line.startswith("etag:")), tag)
            except (OSError, asyncio.IncompleteReadError):
                self.errors += 1
            took = time.monotonic() - began
            self.slowest = max(self.slowest, took)
            await asyncio.sleep(max(APART, 3 * took))
            if soon:
                try:
                    await asyncio.wait_for(soon.wait(), every)
                except TimeoutError:
                    pass
                soon.clear()
            else:
                await asyncio.sleep(every)

    async def follow(self, opened):
        while True:
            query = "" if self.last else "last=100&"
            more = f"Last-Event-ID: {self.last}\r\n" if self.last else ""
            try:
                reader, writer, status, _ = await self.request(f"/api/v1/events?{query}per_second=20", more)
                self.errors += status != 200
                opened()
                while line := await reader.readline():
                    if line.startswith(b"id: "):
                        self.last, self.events = line[4:].decode().strip(), self.events + 1
                        self.news.set()
                    self.missing += b'"missing"' in line
                writer.close()
            except (OSError, asyncio.IncompleteReadError):
                self.errors += 1
                await asyncio.sleep(1)


async def main(port, token, count):
    pages, waiting = [Page(port, token) for _ in range(count)], asyncio.Semaphore(0)
    tasks = []
    for page in pages:
        tasks.append(asyncio.create_task(page.follow(waiting.release)))
        tasks.append(asyncio.create_task(page.look("/api/v1/overview", ANYWAY, page.news)))
        tasks.append(asyncio.create_task(page.look(f"/api/v1/endpoints?{OPEN}", ENDPOINTS)))
        await asyncio.sleep(0.005)
    for _ in pages:
        await waiting.acquire()
    print("open", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    total = {key: sum(getattr(page, key) for page in pages) for key in ("events", "missing", "looks", "unchanged", "bytes", "errors")}
    print(json.dumps({**total, "slowest": max(page.slowest for page in pages)}), flush=True)
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
