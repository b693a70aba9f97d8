"""Questions in wire form, and asking one at a time: for checks, and for the first right answer of a server that starts."""

import socket
import struct
import time

from zone import SUBNET, draw, owner

NXDOMAIN = 3
SETTLE_SECONDS = 20


def question(name, subnet=None, ident=0):
    """A question for A, with a client subnet if there is one."""
    labels = name.rstrip(".").split(".")
    wire = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"
    packet = struct.pack("!6H", ident, 0, 1, 0, 0, 1 if subnet else 0) + wire + struct.pack("!2H", 1, 1)
    if subnet:
        option = struct.pack("!2H", 8, len(subnet)) + subnet
        packet += struct.pack("!BHHIH", 0, 41, 1232, 0, len(option)) + option
    return packet


def question_of(kind, n):
    return question(owner(kind, n), SUBNET if kind == "geo-subnet" else None)


def write_questions(path, packets):
    """Writes packets as `load` reads them, each behind its length."""
    with open(path, "wb") as file:
        for packet in packets:
            file.write(struct.pack("=H", len(packet)) + packet)


def read_answer(reply):
    """The response code and the addresses of a reply."""
    _, flags, questions, answers, _, _ = struct.unpack_from("!6H", reply)
    at = 12
    for _ in range(questions):
        at = after_name(reply, at) + 4
    addresses = []
    for _ in range(answers):
        at = after_name(reply, at)
        rtype, _, _, length = struct.unpack_from("!HHIH", reply, at)
        at += 10
        if rtype == 1:
            addresses.append(socket.inet_ntoa(reply[at : at + 4]))
        at += length
    return flags & 15, addresses


def after_name(packet, at):
    while packet[at]:
        if packet[at] & 0xC0:
            return at + 2
        at += 1 + packet[at]
    return at + 1


class Client:
    """One socket to one server."""

    def __init__(self, port, patience_seconds=1.0):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(patience_seconds)
        self.ident = 0

    def ask(self, packet):
        """What is answered: response code and addresses. None if nobody is there, or not in time."""
        self.ident = (self.ident + 1) % 65536
        ident = struct.pack("!H", self.ident)
        try:
            self.socket.send(ident + packet[2:])
            while (reply := self.socket.recv(4096))[:2] != ident:
                pass
        except TimeoutError:
            return None
        except ConnectionRefusedError:
            time.sleep(0.001)
            return None
        return read_answer(reply)

    def wait_for(self, packet, right, patience_seconds):
        """Asks until the answer is one of these addresses; says when that was."""
        limit = time.monotonic() + patience_seconds
        while time.monotonic() < limit:
            answer = self.ask(packet)
            if answer and answer[0] == 0 and right.intersection(answer[1]):
                return time.monotonic()
        raise TimeoutError(f"no right answer in {patience_seconds} s; the last was {answer}")

    def close(self):
        self.socket.close()


def check(server, zone, kinds, count=40):
    """Makes sure that a server gives right answers before it is measured; what it probes may take it some seconds."""
    client = Client(server.port)
    limit = time.monotonic() + SETTLE_SECONDS
    for kind in kinds:
        for n in draw(zone, kind, count):
            while not is_right(kind, answer := client.ask(question_of(kind, n)), server.right(zone, kind, n)):
                if time.monotonic() > limit:
                    raise SystemExit(f"{server.name} answers {owner(kind, n)} with {answer}")
                time.sleep(0.1)
    client.close()


def is_right(kind, answer, right):
    if kind == "nxdomain":
        return answer == (NXDOMAIN, [])
    return answer and answer[0] == 0 and answer[1] and right.issuperset(answer[1])
