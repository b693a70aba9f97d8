"""The servers that watch the endpoints: ours as shipped and at the pace of gdnsd's fastest, and gdnsd both ways."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "peers"))

from far import PORT, address  # noqa: E402
from process import free_port  # noqa: E402

ZONE = """$TTL 300
@ SOA ns1 hostmaster 1 3600 900 604800 60
@ NS ns1
ns1 A 192.0.2.1
"""


class Steersman:
    def __init__(self, name, settings):
        self.name, self.settings = name, settings

    def write(self, folder, count, binary):
        port, admin = free_port(), free_port()
        monitor = f'[monitors.web]\nhttp = {{ port = {PORT}, body = "ok" }}\n{self.settings}'
        pools = (f'[pools.p{n}]\nmonitor = "web"\nendpoints = ["{address(n)}"]\n' for n in range(count))
        put(folder / "zones/example.com.zone", ZONE)
        put(folder / "zones/pools.toml", f'{monitor}[pools.spare]\nmonitor = "web"\nendpoints = ["{address(count)}"]\n' + "".join(pools))
        put(folder / "zones/example.com.toml", "".join(f'e{n}.failover = ["p{n}", "spare"]\n' for n in range(count)))
        put(
            folder / "steersman.toml",
            f'geoip = []\n[dns]\nlisten = ["127.0.0.1:{port}"]\nworkers = 1\n[admin]\nlisten = "127.0.0.1:{admin}"\n',
        )
        self.token, self.admin_port = folder / "state/admin.token", admin
        return [binary, "serve"], port


class Gdnsd:
    def __init__(self, name, settings):
        self.name, self.settings = name, settings

    def write(self, folder, count, _binary):
        port = free_port()
        lines = "".join(f"e{n} 30 DYNA simplefo!r{n}\n" for n in range(count))
        put(folder / "zones/example.com", ZONE + lines)
        for name in ("run", "state"):
            (folder / name).mkdir()
        resources = "".join(f"r{n} => {{ primary => {address(n)}, secondary => {address(count)} }}\n" for n in range(count))
        put(
            folder / "config",
            f"options => {{ listen => [127.0.0.1], dns_port => {port}, udp_threads => 1, tcp_threads => 1, "
            f"run_dir => {folder}/run, state_dir => {folder}/state }}\n"
            f"service_types => {{ web => {{ plugin => http_status, port => {PORT}, url_path => /, {self.settings} }} }}\n"
            f"plugins => {{ simplefo => {{ service_types => web, {resources} }} }}\n",
        )
        return ["gdnsd", "-c", folder, "start"], port


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


SHIPPED, BRISK = "Steersman as shipped", "Steersman, interval 2 s"
FASTEST, GDNSD_SHIPPED = "gdnsd at its fastest", "gdnsd as shipped"
CONTESTANTS = [
    Steersman(SHIPPED, ""),
    Steersman(BRISK, 'interval = "2s"\n'),
    Gdnsd(FASTEST, "interval => 2, timeout => 1, up_thresh => 1, ok_thresh => 1, down_thresh => 1"),
    Gdnsd(GDNSD_SHIPPED, ""),
]
