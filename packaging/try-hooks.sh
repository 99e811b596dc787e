#!/bin/sh
# Runs the hooks of .pre-commit-hooks.yaml with the real pre-commit in a new repository, from this checkout's last commit:
# a broken dialplan has to be refused, a repaired one taken, and a commit without a dialplan left alone.
# Takes about a minute and some 200 MB below a temporary folder: packaging/try-hooks.sh [PRE-COMMIT]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
program=${1:-}
if [ -z "$program" ]; then
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check pre-commit
    program=$work/venv/bin/pre-commit
fi
export PRE_COMMIT_HOME="$work/cache" GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.org GIT_COMMITTER_NAME=t \
    GIT_COMMITTER_EMAIL=t@example.org GIT_CONFIG_GLOBAL=/dev/null
unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE

mkdir "$work/pbx"
cd "$work/pbx"
git init --quiet
cat > .pre-commit-config.yaml <<EOF
repos:
  - repo: $root
    rev: $(git -C "$root" rev-parse HEAD)
    hooks: [{id: concierge-lint}, {id: concierge-test}]
EOF
printf '[from-trunk]\nexten => s,1,Answer()\n same => n,Goto(desk,s,1)\n' > extensions.conf
cat > calls.yaml <<EOF
dialplan: extensions.conf
calls:
  - {name: the desk, at: from-trunk, expect: reaches operator}
EOF
"$program" install >/dev/null
git add .

says() { # FILE with the output, wanted words…
    file=$1
    shift
    for words in "$@"; do
        grep -qF "$words" "$file" || { echo "pre-commit did not say: $words"; cat "$file"; exit 1; }
    done
}

if git commit --quiet -m broken > "$work/broken" 2>&1; then
    echo "a broken dialplan was committed"
    exit 1
fi
says "$work/broken" "concierge lint" "Failed" "extensions.conf:3:12: D101" "the desk"
printf '[desk]\nexten => s,1,Dial(PJSIP/operator,30)\n' >> extensions.conf
git add .
git commit --quiet -m repaired > "$work/repaired" 2>&1 || { cat "$work/repaired"; exit 1; }
says "$work/repaired" "concierge lint" "concierge test" "Passed"
echo hello > README
git add .
git commit --quiet -m readme > "$work/readme" 2>&1 || { cat "$work/readme"; exit 1; }
says "$work/readme" "Skipped"
"$program" run --all-files > "$work/all" || { cat "$work/all"; exit 1; }
says "$work/all" "Passed"
echo "pre-commit: refused, taken, left alone"
