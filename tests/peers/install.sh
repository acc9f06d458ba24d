#!/bin/sh
# Installs Debian's DCMTK, Orthanc with DICOMweb, and stunnel, and packages of npm, where that is possible; says so where
# it is not. Their services are not started. With them come what faults are made with: strace, file systems, and a clock.
if ! command -v npm >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null
fi
node=$(dirname "$0")/node # packages of npm: as they are locked, without their install scripts
if ! command -v npm >/dev/null; then
  echo "npm is not installed: the tests with dcmjs-dimse will be reported as skipped."
elif [ ! -d "$node/node_modules/dcmjs-dimse" ]; then
  (cd "$node" && npm ci --ignore-scripts --no-audit --no-fund --silent) ||
    echo "dcmjs-dimse could not be installed: the tests with it will be reported as skipped."
fi
if command -v storescu >/dev/null && command -v dcmsend >/dev/null && command -v Orthanc >/dev/null &&
  command -v stunnel >/dev/null && command -v strace >/dev/null && command -v mkfs.xfs >/dev/null && ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 && [ -e /usr/share/orthanc/plugins/libOrthancDicomWeb.so ]; then exit 0; fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "DCMTK, Orthanc, stunnel, strace, xfsprogs or libfaketime is not installed, and installing them needs root on Debian or Ubuntu:"
  echo "  sudo apt-get install --no-install-recommends dcmtk orthanc orthanc-dicomweb stunnel4 strace xfsprogs libfaketime"
  echo "The tests that speak to them will be reported as skipped."
  exit 0
fi
policy=/usr/sbin/policy-rc.d # keeps apt-get from starting Orthanc as a service, for as long as it installs
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq && apt-get install -y -qq --no-install-recommends dcmtk orthanc orthanc-dicomweb stunnel4 strace xfsprogs libfaketime >/dev/null ||
  echo "DCMTK, Orthanc, stunnel, strace, xfsprogs and libfaketime could not be installed: the tests that speak to them will be reported as skipped."
