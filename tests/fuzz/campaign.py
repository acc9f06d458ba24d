"""A campaign of atheris against one of the targets: `python -m tests.fuzz.campaign rules --seconds 600`.

The first broken promise ends it; what broke it is kept in bench/scratch/fuzz. Run counts are printed at the end.
"""

import argparse
import importlib
import sys
from pathlib import Path
from random import Random
from types import ModuleType

import atheris

KEPT = Path(__file__).resolve().parents[2] / "bench" / "scratch" / "fuzz"
TARGETS = {
    "rules": "fuzz_rules",
    "data_set": "fuzz_data_set",
    "upper_layer": "fuzz_upper_layer",
    "gateway": "fuzz_gateway",
    "stow": "fuzz_stow",
}
TEXTS = ("rules", "gateway")


def target(name: str) -> ModuleType:
    """The module of a target, instrumented so that atheris sees which branches are taken."""
    with atheris.instrument_imports(include=["dicomrules"]):
        return importlib.import_module(f"tests.fuzz.{TARGETS[name]}")


def seeds(module: ModuleType, folder: Path) -> Path:
    """The corpus of a target as files; what earlier campaigns found stays."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(module.corpus()):
        content = one if isinstance(one, bytes) else one.encode("utf-8", "surrogatepass")
        (folder / f"seed-{number:03d}").write_bytes(content)
    return folder


def main() -> None:
    """Run until the time is over or a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=600)
    arguments = parser.parse_args()
    module = target(arguments.target)
    text = arguments.target in TEXTS

    def one_input(data: bytes) -> None:
        module.check(data.decode("utf-8", "replace") if text else data)

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < 0.3:
            return bytes(atheris.Mutate(data, most))
        if text:
            return module.mutated(data.decode("utf-8", "replace"), random).encode("utf-8", "replace")[:most]
        return module.mutated(data, random)[:most]

    corpus = seeds(module, KEPT / arguments.target)
    options = [
        f"-max_total_time={arguments.seconds}",
        f"-max_len={module.LONGEST}",
        "-timeout=30",
        "-print_final_stats=1",
        f"-artifact_prefix={KEPT}/{arguments.target}-",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one_input, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
