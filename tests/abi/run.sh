#!/bin/sh
# SPDX-License-Identifier: MIT
# Compare every constant, size and offset of xen/include/public with the stock
# headers (libxen-dev): tests/abi/run.sh BUILD_DIR
#
# A probe is generated from each of our headers and built against both sets;
# what the two print must be the same.
set -u

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
public=$root/xen/include/public
stock=${STOCK_INCLUDE:-/usr/include}
out=${1:?usage: run.sh BUILD_DIR}/tests/abi
cc=${CC:-gcc}
passed=0
failed=0

# The stock header that has what ours has.
stock_name()
{
    case $1 in
    arch_x86_64.h) echo arch-x86_64.h ;;
    types.h) echo xen.h ;;
    *) echo "$1" ;;
    esac
}

# probe SIDE HEADER INCLUDE FLAGS...: what SIDE says, in $base.SIDE.
probe()
{
    side=$1 header=$2 include=$3
    shift 3
    python3 "$here/gen.py" "$public/$header" "$include" \
        "$here/exceptions.txt" "$side" > "$base.$side.c" &&
        $cc -std=gnu11 -w "$@" -o "$base.$side.bin" "$base.$side.c" &&
        "$base.$side.bin" > "$base.$side"
}

check()
{
    base=$out/$(echo "${1%.h}" | tr / _)
    if ! probe ours "$1" "public/$1" -I"$root/xen/include" ||
        ! probe stock "$1" "xen/$(stock_name "$1")" -D__XEN_TOOLS__ \
            -isystem "$stock"; then
        echo "FAIL tests/abi: $1: the probe does not build"
        return 1
    fi
    paste -d ' ' "$base.stock" "$base.ours" | awk -v header="$1" '
        $1 != $3 || $2 != $4 {
            printf "FAIL tests/abi: %s: %s: expected %s, got %s\n",
                header, $1, $2, $4
            bad = 1
        }
        END {
            if (!bad)
                printf "ok %s: %d values\n", header, NR
            exit bad
        }'
}

if [ ! -e "$stock/xen/xen.h" ]; then
    echo "FAIL tests/abi: no stock headers in $stock/xen; install libxen-dev"
    echo "0 passed, 1 failed"
    exit 1
fi

mkdir -p "$out"
for header in $(cd "$public" && find . -name '*.h' | sed 's|^\./||' | sort); do
    if check "$header"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
