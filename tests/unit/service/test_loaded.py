"""What a gateway loads before anybody asks for it: that is what each of its processes has in memory for good."""

import subprocess
import sys

SERVES = ("cli.serve", "service.gateway", "service.intake", "service.delivery")
PIXELS = ("pydicom", "numpy", "PIL", "gdcm", "pylibjpeg", "openjpeg", "jpeg_ls")
OTHERS = ("uvicorn", "httpx", "minio", "watchfiles", "prometheus_client", "pynetdicom", "requests", "cryptography")


def test_a_gateway_loads_nothing_that_only_some_gateways_need() -> None:
    """pydicom with all coders of pixels would be 40 MB in each process, and 1.5 s at each start."""
    loads = "; ".join(f"import dicomrules.{name}" for name in SERVES)
    tells = f"import sys; print(*(set({PIXELS + OTHERS}) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", f"{loads}; {tells}"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
