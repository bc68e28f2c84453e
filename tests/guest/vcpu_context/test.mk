# SPDX-License-Identifier: MIT
vcpus := 2
options := dom0_mem=32M
xpti := also
