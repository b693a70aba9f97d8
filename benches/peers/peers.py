"""The other servers: how the same zone is written for each, and the command that starts it with one UDP thread."""

from servers import Server
from zone import APEX, KINDS, PLACES, PREFERRED, STEERED_TTL, WEIGHTS, address

FIXED_KINDS = ["static", "nxdomain"]


class Gdnsd(Server):
    name, package, command_name = "gdnsd", "gdnsd", "gdnsd"

    def write(self):
        steered = range(self.zone.steered)
        lines = (
            f"fo{n} {STEERED_TTL} DYNA simplefo!r{n}\nwt{n} {STEERED_TTL} DYNA weighted!w{n}\n"
            f"geo{n} {STEERED_TTL} DYNA geoip!g{n}\n"
            for n in steered
        )
        self.put("zones/example.com", self.zone.master_file("".join(lines)))
        for folder in ("run", "state"):
            (self.folder / folder).mkdir()
        self.put("config", self.options() + (self.plugins(steered) if steered else ""))
        return ["gdnsd", "-c", self.folder, "start"]

    def options(self):
        return (
            f"options => {{ listen => [127.0.0.1], dns_port => {self.port}, udp_threads => 1, tcp_threads => 1, "
            f"run_dir => {self.folder}/run, state_dir => {self.folder}/state, edns_client_subnet => true }}\n"
        )

    def plugins(self, steered):
        failover = "".join(
            f"r{n} => {{ primary => {address('us', n)}, secondary => {address('eu', n)} }}\n" for n in steered
        )
        weighted = "".join(f"w{n} => {{ {self.weighted(n)} }}\n" for n in steered)
        geo = "".join(f"g{n} => {{ map => m, dcmap => {{ {self.places(n)} }} }}\n" for n in steered)
        preferred = ", ".join(f"{continent} => [{', '.join(places)}]" for continent, places in PREFERRED.items())
        return (
            "plugins => {\n"
            f"simplefo => {{ service_types => up, {failover} }}\n"
            f"weighted => {{ service_types => up, multi = false, {weighted} }}\n"
            f"geoip => {{ maps => {{ m => {{ geoip2_db => {self.bench.geoip}, datacenters => [us, eu, ap], "
            f"map => {{ {preferred} }} }} }}, resources => {{ {geo} }} }}\n}}\n"
        )

    @staticmethod
    def weighted(n):
        return ", ".join(f"{place} => [{address(place, n)}, {weight}]" for place, weight in WEIGHTS.items())

    @staticmethod
    def places(n):
        return ", ".join(f"{place} => {address(place, n)}" for place in PLACES)


class Knot(Server):
    """Knows no failover by itself, and so is not asked for it."""

    name, package, command_name = "Knot", "knot knot-module-geoip", "knotd"
    kinds = [kind for kind in KINDS if kind != "failover"]

    def write(self):
        steered = range(self.zone.steered)
        fixed = "".join(f"{kind}{n} {STEERED_TTL} A {address('us', n)}\n" for n in steered for kind in ("wt", "geo"))
        self.put("example.com.zone", self.zone.master_file(fixed))
        modules = self.modules(steered) if steered else ""
        self.put(
            "knot.conf",
            f"server:\n  listen: 127.0.0.1@{self.port}\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n"
            f"  rundir: {self.folder}\n  edns-client-subnet: on\n"
            f"database:\n  storage: {self.folder}/db\n{modules}"
            "template:\n  - id: default\n    zonefile-sync: -1\n    journal-content: none\n"
            f"zone:\n  - domain: example.com\n    file: {self.folder}/example.com.zone\n"
            + ("    module: [ mod-geoip/geo, mod-geoip/wt ]\n" if steered else ""),
        )
        return ["knotd", "-c", self.folder / "knot.conf"]

    def modules(self, steered):
        first = {continent: places[0] for continent, places in PREFERRED.items()}
        geo = "".join(
            f"geo{n}.{APEX}:\n"
            + "".join(f'  - geo: "{continent};"\n    A: {address(place, n)}\n' for continent, place in first.items())
            for n in steered
        )
        weighted = "".join(
            f"wt{n}.{APEX}:\n"
            + "".join(f"  - weight: {weight}\n    A: {address(place, n)}\n" for place, weight in WEIGHTS.items())
            for n in steered
        )
        self.put("geo.conf", geo)
        self.put("wt.conf", weighted)
        return (
            f"mod-geoip:\n  - id: geo\n    config-file: {self.folder}/geo.conf\n    ttl: {STEERED_TTL}\n    mode: geodb\n"
            f"    geodb-file: {self.bench.geoip}\n    geodb-key: [ continent/code, country/iso_code ]\n"
            f"  - id: wt\n    config-file: {self.folder}/wt.conf\n    ttl: {STEERED_TTL}\n    mode: weighted\n"
        )


class Nsd(Server):
    name, package, command_name = "NSD", "nsd", "nsd"
    kinds = FIXED_KINDS

    def write(self):
        self.put("example.com.zone", self.zone.master_file())
        self.put(
            "nsd.conf",
            f"""server:
    ip-address: 127.0.0.1@{self.port}
    server-count: 1
    username: ""
    chroot: ""
    zonesdir: "{self.folder}"
    database: ""
    pidfile: "{self.folder}/pid"
    xfrdfile: "{self.folder}/xfrd.state"
    zonelistfile: "{self.folder}/zone.list"
    xfrdir: "{self.folder}"
    cookie-secret-file: "{self.folder}/cookie"
    minimal-responses: yes
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
remote-control:
    control-enable: no
zone:
    name: example.com
    zonefile: example.com.zone
""",
        )
        return ["nsd", "-d", "-c", self.folder / "nsd.conf"]


class PowerDns(Server):
    """Its failover asks whether ports are open: its own is, and another address's is not."""

    name, package, command_name = "PowerDNS", "pdns-server pdns-backend-geoip pdns-backend-bind", "pdns_server"

    def write(self):
        steered = range(self.zone.steered)
        lines = "".join(map(self.lua, steered))
        zone = self.put("example.com.zone", self.zone.master_file(lines))
        named = self.put("named.conf", f'zone "example.com" {{ type master; file "{zone}"; }};\n')
        yaml = self.put("geo.yaml", "domains: []\n")
        self.put(
            "pdns.conf",
            f"launch=bind,geoip\nbind-config={named}\ngeoip-database-files=mmdb:{self.bench.geoip}\n"
            f"geoip-zones-file={yaml}\nenable-lua-records=yes\nlocal-address=127.0.0.1\nlocal-port={self.port}\n"
            f"receiver-threads=1\ndistributor-threads=1\nsocket-dir={self.folder}\nedns-subnet-processing=yes\n"
            "guardian=no\ndaemon=no\n",
        )
        return ["pdns_server", f"--config-dir={self.folder}"]

    def lua(self, n):
        weighted = ", ".join(f"{{{weight}, '{address(place, n)}'}}" for place, weight in WEIGHTS.items())
        us, eu, ap = (address(place, n) for place in PLACES)
        geo = f"continent('EU') and '{eu}' or continent('AS') and '{ap}' or '{us}'"
        return (
            f"fo{n} {STEERED_TTL} LUA A \"ifportup({self.port}, {{'127.0.0.1', '127.0.0.2'}})\"\n"
            f'wt{n} {STEERED_TTL} LUA A "pickwrandom({{{weighted}}})"\n'
            f'geo{n} {STEERED_TTL} LUA A "({geo})"\n'
        )

    def right(self, zone, kind, n):
        return {"127.0.0.1"} if kind == "failover" else super().right(zone, kind, n)


class Bind(Server):
    name, package, command_name = "BIND", "bind9", "named"
    kinds = FIXED_KINDS

    def write(self):
        zone = self.put("example.com.zone", self.zone.master_file())
        self.put(
            "named.conf",
            f'options {{ directory "{self.folder}"; listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; '
            f'recursion no; pid-file "{self.folder}/pid"; session-keyfile "{self.folder}/key"; minimal-responses yes; '
            "};\ncontrols { };\n"
            f'zone "example.com" {{ type primary; file "{zone}"; }};\n',
        )
        return ["named", "-f", "-n", "1", "-U", "1", "-c", self.folder / "named.conf"]


PEERS = [Gdnsd, Knot, Nsd, PowerDns, Bind]
