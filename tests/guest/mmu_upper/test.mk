# SPDX-License-Identifier: MIT
vcpus := 1
xpti := also
