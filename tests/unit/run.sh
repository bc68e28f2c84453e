#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds and runs unit tests; closes with the line `N passed, N failed`.
# usage: run.sh folder "make command" test...
set -u

folder=$1 make=$2
shift 2
passed=0 failed=0
for test; do
    log=$folder/$test.log
    if ! $make "$folder/$test"; then
        echo "FAIL $test: does not build"
        failed=$((failed + 1))
        continue
    fi
    CMOCKA_MESSAGE_OUTPUT=stdout "$folder/$test" > "$log" 2>&1
    rc=$?
    sed -n 's/^\[       OK \] /ok /p' "$log"
    good=$(grep -c '^\[       OK \]' "$log")
    bad=$(grep -c '^\[  FAILED  \] [a-z]' "$log")
    passed=$((passed + good))
    if [ "$rc" -ne 0 ] || [ "$good" -eq 0 ]; then
        cat "$log"
        echo "FAIL $test: exit status $rc, log in $log"
        [ "$bad" -gt 0 ] || bad=1
    fi
    failed=$((failed + bad))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
