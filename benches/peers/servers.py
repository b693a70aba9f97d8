"""A server with one UDP thread: its files, its start and its end. The floor and ours; the others are in `peers`."""

import shutil
from pathlib import Path

from ask import Client, question_of
from process import Process, free_port
from zone import KINDS, PLACES, PREFERRED, STEERED_TTL, WEIGHTS, address

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
START_SECONDS = 120


class Server:
    """A server that is not running yet. `write` makes its files in `folder` and returns the command."""

    name = ""
    package = ""
    kinds = KINDS

    def __init__(self, bench, zone, label=""):
        self.bench, self.zone, self.port = bench, zone, free_port()
        self.folder = bench.folder / f"{self.name}{label}"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.command = self.write()
        self.process = None

    def start(self):
        """Starts it, and returns how many seconds it took to its first right answer."""
        question, right = self.first_question()
        client = Client(self.port, patience_seconds=0.002)
        self.run()
        try:
            when = client.wait_for(question, right, START_SECONDS)
        except TimeoutError as error:
            raise SystemExit(f"{self.name}: {error}\n{(self.folder / 'log').read_text()[-2000:]}")
        client.close()
        return when - self.process.started

    def run(self):
        self.process = Process(self.command, self.folder)
        self.bench.running.append(self)

    def first_question(self):
        """A question that shows that everything is loaded, and its right answers."""
        last = self.zone.fixed - 1
        return question_of("static", last), self.zone.right("static", last)

    def stop(self):
        self.process.stop()
        self.process = None
        self.bench.running.remove(self)

    def remove(self):
        """Stops it if it runs, and removes its files."""
        if self.process:
            self.stop()
        shutil.rmtree(self.folder)

    def right(self, zone, kind, n):
        return zone.right(kind, n)

    def put(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


class Floor(Server):
    """Receives and sends, and nothing else."""

    name = "floor"

    def write(self):
        return [self.bench.tools / "floor", str(self.port)]

    def start(self):
        self.run()


class Steersman(Server):
    name = "Steersman"

    def write(self):
        self.put("zones/example.com.zone", self.zone.master_file())
        steered = range(self.zone.steered)
        pools = (f'[pools.{place}{n}]\nendpoints = ["{address(place, n)}"]\n' for n in steered for place in PLACES)
        self.put("zones/pools.toml", "".join(pools) or "# none\n")
        self.put("zones/example.com.toml", "".join(map(self.policies, steered)) or "# none\n")
        return self.configured()

    def configured(self):
        self.admin_port = free_port()
        self.put(
            "steersman.toml",
            f'geoip = ["{self.bench.geoip}"]\n[dns]\nlisten = ["127.0.0.1:{self.port}"]\nworkers = 1\n'
            f'[admin]\nlisten = "127.0.0.1:{self.admin_port}"\n',
        )
        return [self.bench.steersman, "serve"]

    @staticmethod
    def policies(n):
        weights = ", ".join(f"{place}{n} = {weight}" for place, weight in WEIGHTS.items())
        preferred = ", ".join(
            f"{continent} = {[f'{place}{n}' for place in places]}" for continent, places in PREFERRED.items()
        )
        return (
            f'[fo{n}]\nttl = {STEERED_TTL}\nfailover = ["us{n}", "eu{n}"]\n'
            f"[wt{n}]\nttl = {STEERED_TTL}\nweighted = {{ {weights} }}\n"
            f'[geo{n}]\nttl = {STEERED_TTL}\ngeo = {{ {preferred}, default = "us{n}" }}\n'
        )
