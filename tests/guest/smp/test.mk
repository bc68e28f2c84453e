# SPDX-License-Identifier: MIT
vcpus := 2
xpti := also
