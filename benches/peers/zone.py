"""What every server is given: one zone, in numbers, and which answers are right.

Names: host0 … with one address each; and of each steered kind fo0 … (failover), wt0 … (weighted), geo0 … (by place).
The n-th steered name has one address in each of three places: 10.1.… (us), 10.2.… (eu), 10.3.… (ap).
"""

import random
from dataclasses import dataclass

APEX = "example.com."
TTL, STEERED_TTL = 300, 60
PLACES = {"us": 1, "eu": 2, "ap": 3}
WEIGHTS = {"us": 7, "eu": 3}
PREFERRED = {"EU": ["eu", "us"], "AS": ["ap", "us"], "NA": ["us", "eu"]}
"""By continent; wherever else a client is, us."""

SUBNET = bytes([0, 1, 24, 0, 193, 0, 0])
"""An EDNS client subnet (RFC 7871): 193.0.0.0/24, which is in Europe."""

PREFIX = {"static": "host", "nxdomain": "nx", "failover": "fo", "weighted": "wt", "geo": "geo", "geo-subnet": "geo"}
KINDS = list(PREFIX)
STEERED_KINDS = KINDS[2:]
ANSWERED_PLACES = {"failover": ["us"], "weighted": ["us", "eu"], "geo": ["us"], "geo-subnet": ["eu"]}
"""Which places are right for a client on loopback, which is nowhere, or in SUBNET."""


@dataclass(frozen=True)
class Zone:
    fixed: int
    steered: int = 0

    def master_file(self, more=""):
        """The zone as RFC 1035 text, without what is steered."""
        head = (
            f"$ORIGIN {APEX}\n$TTL {TTL}\n@ SOA ns1 hostmaster 1 7200 3600 604800 300\n"
            "@ NS ns1\n@ NS ns2\nns1 A 192.0.2.1\nns2 A 192.0.2.2\n"
        )
        hosts = "".join(f"host{n} A {host_address(n)}\n" for n in range(self.fixed))
        return head + hosts + more

    def names(self, kind):
        """How many names there are of a kind; of those that do not exist, as many as are asked for."""
        return {"static": self.fixed, "nxdomain": 10**9}.get(kind, self.steered)

    def right(self, kind, n):
        """The addresses of which one must be answered; none where the name does not exist."""
        match kind:
            case "static":
                return {host_address(n)}
            case "nxdomain":
                return set()
        return {address(place, n) for place in ANSWERED_PLACES[kind]}


SMALL = Zone(fixed=10_000, steered=1_000)


def host_address(n):
    return f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"


def address(place, n):
    return f"10.{PLACES[place]}.{n >> 8 & 255}.{n & 255}"


def owner(kind, n, apex=APEX):
    return f"{PREFIX[kind]}{n}.{apex}"


def draw(zone, kind, count, seed=7):
    """Names to ask for, as numbers, the same at every call."""
    chance = random.Random(seed)
    return [chance.randrange(zone.names(kind)) for _ in range(count)]
