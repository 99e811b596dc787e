#!/bin/sh
# Builds concierge_VERSION_ARCH.deb for Debian 12 with Python 3.11 and dpkg-deb: sh packaging/build-deb.sh [FOLDER]
# PYTHON: the interpreter (default python3, must be 3.11). VERSION: another one than in setup.cfg.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
out=$(mkdir -p "${1:-$root/dist}" && cd "${1:-$root/dist}" && pwd)
python=${PYTHON:-python3}
version=${VERSION:-$(sed -n 's/^version = //p' "$root/setup.cfg")}
arch=$(dpkg --print-architecture)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "needs Python 3.11" >&2; exit 2; }

tree=$work/tree
mkdir -p "$tree/DEBIAN" "$tree/usr/bin" "$tree/usr/lib" "$tree/lib/systemd/system" "$tree/etc/logrotate.d" \
    "$tree/usr/share/concierge" "$tree/usr/share/doc/concierge"
mkdir "$work/source"
(cd "$root" && cp -r agi ami concierge dialplan migrations models sql web README.md LICENSE config.example.yaml \
    pyproject.toml setup.cfg "$work/source/")
"$python" -m pip install --quiet --disable-pip-version-check --no-compile --no-warn-script-location \
    -c "$root/constraints.txt" --target "$tree/usr/lib/concierge" "$work/source[web,mariadb]"
rm -rf "$tree/usr/lib/concierge/bin"
mv "$tree/usr/lib/concierge/share/concierge"/* "$tree/usr/share/concierge/"
rm -rf "$tree/usr/lib/concierge/share"
install -m 0755 "$root/packaging/launcher.py" "$tree/usr/bin/concierge"
for unit in concierge.service concierge-selftest.service concierge-selftest.timer; do
    install -m 0644 "$root/packaging/$unit" "$tree/lib/systemd/system/$unit"
done
install -m 0644 "$root/packaging/concierge.logrotate" "$tree/etc/logrotate.d/concierge"
install -m 0644 "$root/LICENSE" "$tree/usr/share/doc/concierge/copyright"
install -m 0644 "$root/README.md" "$root/CHANGELOG.md" "$root/docs/operations.md" "$tree/usr/share/doc/concierge/"
for script in postinst prerm postrm; do install -m 0755 "$root/packaging/$script" "$tree/DEBIAN/$script"; done
echo /etc/logrotate.d/concierge >"$tree/DEBIAN/conffiles"
cat >"$tree/DEBIAN/control" <<CONTROL
Package: concierge
Version: $version
Architecture: $arch
Maintainer: Concierge <root@localhost>
Depends: python3 (>= 3.11), python3 (<< 3.12), passwd
Recommends: logrotate
Suggests: asterisk, sox, espeak-ng
Section: comm
Priority: optional
Installed-Size: $(du -sk "$tree/usr" | cut -f1)
Description: dialplan companion for Asterisk and FreePBX
 Asks before each outbound call whether the number may be called, records each
 opt-out, calls back who was promised it, and proves that every caller reaches
 a person.
CONTROL
find "$tree" -name __pycache__ -prune -exec rm -rf {} +
dpkg-deb --root-owner-group --build -Zgzip "$tree" "$out/concierge_${version}_$arch.deb" >/dev/null
echo "$out/concierge_${version}_$arch.deb"
