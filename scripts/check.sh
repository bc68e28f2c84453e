#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs parts of `make check` one after the other and adds their results up. The
# last line is `N passed, N failed[, N skipped]`.
# usage: check.sh log-folder "make command" part...
#
# A part is a target of the Makefile. One that closes with such a line of its own
# counts as what it says, any other as one check.
set -u

logs=$1 make=$2
shift 2
passed=0 failed=0 skipped=0
mkdir -p "$logs"

# The number before word $1 in the closing line of log $2, or nothing.
count()
{
    tail -n 1 "$2" | grep -E '^[0-9]+ passed, [0-9]+ failed' |
        sed -n "s/.*\(^\| \)\([0-9]*\) $1.*/\2/p"
}

for part; do
    log=$logs/$part.log
    start=$(date +%s)
    echo "== $part"
    # What went well is in the log; the screen shows the rest.
    { $make "$part" 2>&1; echo $? > "$log.rc"; } | tee "$log.all" |
        grep --line-buffered -vE '^ok |^  [A-Z]+ |^make|^$'
    rc=$(cat "$log.rc")
    grep -v '^make' "$log.all" > "$log"
    good=$(count passed "$log") bad=$(count failed "$log")
    rm -f "$log.rc" "$log.all"
    if [ -z "$good" ]; then
        [ "$rc" -eq 0 ] && good=1 bad=0 || good=0 bad=1
        [ "$rc" -eq 0 ] && echo "ok $part" || echo "FAIL $part: see $log"
    elif [ "$rc" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
        echo "FAIL $part: exit status $rc, see $log"
    fi
    rest=$(count skipped "$log")
    passed=$((passed + good)) failed=$((failed + bad))
    skipped=$((skipped + ${rest:-0}))
    echo "== $part took $(($(date +%s) - start)) s"
done

tail=
[ "$skipped" -eq 0 ] || tail=", $skipped skipped"
echo "$passed passed, $failed failed$tail"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
