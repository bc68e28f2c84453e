# SPDX-License-Identifier: MIT
# Lines of llvm-cov's report, as: file, lines, reached, and a mark where those
# are less than nine of ten, which is a failure.
$1 ~ /\.c$/ || $1 == "TOTAL" {
    few = $10 + 0 < 90 && $1 != "TOTAL"
    failed += few
    printf "%-10s %-36s %5d lines %7s%s\n", name, $1, $8, $10,
           few ? "  <" : ""
}
END { exit failed > 0 }
