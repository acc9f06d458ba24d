#!/bin/sh
# Installs Debian's DCMTK and Orthanc where that is possible; says so where it is not. Their services are not started.
if command -v storescu >/dev/null && command -v dcmsend >/dev/null && command -v Orthanc >/dev/null; then exit 0; fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "DCMTK or Orthanc is not installed, and installing them needs root on Debian or Ubuntu:"
  echo "  sudo apt-get install --no-install-recommends dcmtk orthanc"
  echo "The tests that speak to them will be reported as skipped."
  exit 0
fi
policy=/usr/sbin/policy-rc.d # keeps apt-get from starting Orthanc as a service, for as long as it installs
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq && apt-get install -y -qq --no-install-recommends dcmtk orthanc >/dev/null ||
  echo "DCMTK and Orthanc could not be installed: the tests that speak to them will be reported as skipped."
