# SPDX-License-Identifier: MIT
vcpus := 1
options := dom0_mem=32M
xpti := also
