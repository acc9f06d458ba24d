"""The demonstration: a gateway, a stand-in for a PACS, real images, and what happened to them.

python examples/hospital/demo.py          starts, sends, tells, ends by itself
python examples/hospital/demo.py --run    keeps the gateway running, until Ctrl-C
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pydicom import dcmread
from pydicom.data import get_testdata_file
from pynetdicom import AE, AllStoragePresentationContexts, evt

HERE = Path(__file__).resolve().parent
COMMAND = [sys.executable, "-m", "dicomrules"]
PACS_PORT, GATEWAY_PORT = 11113, 11112
SECONDS = 60

# who sends what; None: dropped into the watched folder
IMAGES = [
    ("CT_A1", "CT_small.dcm"),
    ("MR_A1", "MR_small.dcm"),
    ("US_B1", "examples_ybr_color.dcm"),
    (None, "rtplan.dcm"),
]


class Pacs:
    """A store SCP that counts: another implementation than the gateway's, so that two programs really talk."""

    def __init__(self) -> None:
        self.got: list[str] = []
        ae = AE("PACS")
        ae.supported_contexts = AllStoragePresentationContexts
        for context in AllStoragePresentationContexts:
            ae.add_supported_context(context.abstract_syntax)
        self._server = ae.start_server(
            ("127.0.0.1", PACS_PORT), block=False, evt_handlers=[(evt.EVT_C_STORE, self._store)]
        )

    def _store(self, event: evt.Event) -> int:
        self.got.append(str(event.request.AffectedSOPInstanceUID))
        return 0x0000

    def close(self) -> None:
        self._server.shutdown()


def sample(name: str) -> Path:
    """A real image that comes with the package pydicom."""
    return Path(str(get_testdata_file(name, download=False)))


def wait(condition: Callable[[], object], what: str) -> None:
    """Wait, but not for ever."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"demo: FAILED: waited {SECONDS} s for {what}; see {HERE / 'var' / 'gateway.log'}")
        time.sleep(0.1)


def say(text: str) -> None:
    print(f"\n== {text}", flush=True)


def dicomrules(*arguments: str) -> str:
    """Run a command as a person would, and show it."""
    print(f"$ dicomrules {' '.join(arguments)}", flush=True)
    done = subprocess.run([*COMMAND, *arguments], cwd=HERE, capture_output=True, text=True)
    print(done.stdout + done.stderr, end="", flush=True)
    if done.returncode:
        raise SystemExit(f"demo: FAILED: dicomrules {arguments[0]} ended with {done.returncode}")
    return done.stdout


def start_gateway() -> subprocess.Popen[str]:
    """The gateway, with what it logs in a file."""
    (HERE / "in").mkdir(exist_ok=True)
    (HERE / "var").mkdir(exist_ok=True, mode=0o700)
    (HERE / "var").chmod(0o700)
    (HERE / "gateway.yaml").chmod(0o644)
    log = (HERE / "var" / "gateway.log").open("w")
    gateway = subprocess.Popen([*COMMAND, "serve"], cwd=HERE, stdout=subprocess.PIPE, stderr=log, text=True)
    assert gateway.stdout is not None
    line = gateway.stdout.readline()
    if not line.startswith("ready"):
        raise SystemExit(f"demo: FAILED: the gateway did not start:\n{(HERE / 'var' / 'gateway.log').read_text()}")
    print(line, end="", flush=True)
    return gateway


def send_all() -> list[str]:
    """Send and drop the images; their SOP Instance UIDs."""
    for calling, name in IMAGES:
        if calling is None:
            print(f"drop {name} into in/")
            shutil.copy(sample(name), HERE / "in" / name)
        else:
            dicomrules(
                "send",
                str(sample(name)),
                "--to",
                f"127.0.0.1:{GATEWAY_PORT}",
                "--calling",
                calling,
                "--called",
                "DICOMRULES",
            )
    return [str(dcmread(sample(name), stop_before_pixels=True).SOPInstanceUID) for _, name in IMAGES]


def settled() -> bool:
    """Has everything been delivered?"""
    done = subprocess.run(
        [*COMMAND, "status", "--format", "json"], cwd=HERE, capture_output=True, text=True, check=True
    )
    status = json.loads(done.stdout)
    return status["instances"].get("delivered", 0) + status["instances"].get("done", 0) >= len(IMAGES)


def tell(uids: list[str], pacs: Pacs) -> None:
    """Rule, tags before and after, and where each went."""
    say("What happened to each")
    for (calling, name), uid in zip(IMAGES, uids, strict=True):
        done = subprocess.run(
            [*COMMAND, "trace", uid, "--format", "json"], cwd=HERE, capture_output=True, text=True, check=True
        )
        story = json.loads(done.stdout)[0]
        print(f"\n{name} from {calling or 'the watched folder'}")
        for hit in story["decision"]["hits"]:
            for change in hit["changes"]:
                before = change["before"] if change["before"] is not None else "(absent)"
                print(f"  rule {hit['rule']:10} {change['path']:18} {before} -> {change['after']}")
        for delivery in story["deliveries"]:
            print(
                f"  {delivery['state']} to {delivery['destination']}: {delivery['attempts'][-1]['outcome']['message']}"
            )
    say("The whole story of one of them")
    dicomrules("trace", uids[0])
    dicomrules("status")
    files = sorted((HERE / "out").rglob("*.dcm"))
    print(f"\nthe PACS has {len(pacs.got)} instances, the archive {len(files)} files:")
    for file in files:
        print(f"  {file.relative_to(HERE)}")


def demonstrate() -> None:
    for leftover in ("var", "in", "out", "failed"):
        shutil.rmtree(HERE / leftover, ignore_errors=True)
    say("The rules are checked and tested before anything runs")
    dicomrules("validate")
    dicomrules("test")
    say("A PACS and the gateway start")
    pacs = Pacs()
    gateway = start_gateway()
    try:
        say("Images are sent and dropped")
        uids = send_all()
        wait(settled, "all images delivered")
        tell(uids, pacs)
    finally:
        gateway.terminate()
        gateway.wait(40)
        pacs.close()
    print(f"\ndemo: OK: {len(IMAGES)} images in, {len(pacs.got)} at the PACS, all of them in the archive.")


def run() -> None:
    say("A PACS and the gateway start; Ctrl-C ends both")
    pacs = Pacs()
    gateway = start_gateway()
    print(
        f"""
send to it:   dicomrules send FILE --to 127.0.0.1:{GATEWAY_PORT} --calling CT_A1 --called DICOMRULES
or:           storescu -aet CT_A1 -aec DICOMRULES 127.0.0.1 {GATEWAY_PORT} FILE
or drop:      cp FILE.dcm {HERE / "in"}
look at it:   cd {HERE} && dicomrules status
"""
    )
    try:
        gateway.wait()
    except KeyboardInterrupt:
        gateway.wait(40)
    finally:
        pacs.close()


if __name__ == "__main__":
    run() if "--run" in sys.argv[1:] else demonstrate()
