# SPDX-License-Identifier: MIT
# Turns sorted `nm` output into the assembly source of the symbol table that
# xen/common/symbols.c reads. Addresses become offsets from _start; the assembler
# does the sums, as awk's numbers are too short for them.

BEGIN {
    base = ""
    n = 0
}

$3 == "_start" {
    base = $1
}

# Local labels and compilers' numbered copies say nothing to a reader.
$2 ~ /^[tT]$/ && $3 !~ /^[.$]/ && $1 != last {
    address[n] = $1
    name[n] = $3
    last = $1
    n++
}

function label(symbol)
{
    print ".globl " symbol
    print ".hidden " symbol
    print symbol ":"
}

END {
    print ".section .rodata, \"a\""
    print ".balign 4"
    label("symbols_count")
    print ".long " n
    label("symbols_offset")
    for (i = 0; i < n; i++)
        print ".long 0x" address[i] " - 0x" base
    label("symbols_name_offset")
    pos = 0
    for (i = 0; i < n; i++) {
        print ".long " pos
        pos += length(name[i]) + 1
    }
    label("symbols_names")
    for (i = 0; i < n; i++)
        print ".asciz \"" name[i] "\""
}
