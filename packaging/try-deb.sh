#!/bin/sh
# Installs, starts, upgrades and purges the package in a clean Debian 12 root, as root: sh packaging/try-deb.sh
# PYTHON: a Python 3.11. A chroot has no systemd: the daemon is started as the unit would start it.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
deb12=$work/debian
serve=
trap '[ -z "$serve" ] || kill $serve 2>/dev/null || true; umount "$deb12/proc" 2>/dev/null || true; rm -rf "$work"' EXIT
first=$(sh "$root/packaging/build-deb.sh" "$work")
second=$(VERSION=99.0 sh "$root/packaging/build-deb.sh" "$work")
mmdebstrap --quiet --variant=minbase --include=python3 bookworm "$deb12"
mount -t proc proc "$deb12/proc"
cp "$first" "$second" "$deb12/tmp/"
inside() { chroot "$deb12" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"; }
check() { echo "ok: $1"; }
find "$deb12" -xdev -not -path '*/proc/*' -not -path '*/tmp/*' | sort >"$work/before"

inside dpkg -i "/tmp/$(basename "$first")"
inside concierge --version
inside concierge list add +48600100200 --reason asked --source letter --config /etc/concierge/config.yaml
test "$(inside stat -c %U /var/lib/concierge/list.db)" = concierge && check "the list belongs to the service's user"
inside runuser -u concierge -- /usr/bin/concierge serve --config /etc/concierge/config.yaml >"$work/log" 2>&1 &
serve=$!
for _ in $(seq 100); do grep -q listening=agi "$work/log" && break; sleep 0.1; done
inside concierge doctor | grep "daemon over AGI: answers" && check "the daemon answers"
kill -TERM "$(pgrep -P $serve -f 'concierge serve' | head -1)" 2>/dev/null || kill -TERM $serve
wait $serve || true
serve=
grep -q draining "$work/log" && check "it drains"

sed -i 's/^  country: .*/  country: DE/' "$deb12/etc/concierge/config.yaml"
inside dpkg -i "/tmp/$(basename "$second")"
grep -q 'country: DE' "$deb12/etc/concierge/config.yaml" && check "an upgrade keeps the settings"
ls "$deb12"/var/lib/concierge/before-upgrade-from-*.db >/dev/null && check "an upgrade keeps a copy of the list"
! inside concierge check +48600100200 && check "an upgrade keeps the list"
inside dpkg -r concierge
test -e "$deb12/var/lib/concierge/list.db" && check "removing keeps the list"
inside dpkg -P concierge
find "$deb12" -xdev -not -path '*/proc/*' -not -path '*/tmp/*' | sort >"$work/after"
diff "$work/before" "$work/after" | grep '^>' | grep -v -e /var/lib/dpkg -e /var/log/dpkg.log -e '__pycache__' -e '/etc/.*-$' \
    && { echo "purge leaves something behind" >&2; exit 1; }
inside getent passwd concierge && exit 1
check "purge leaves nothing behind"
