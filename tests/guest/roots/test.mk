# SPDX-License-Identifier: MIT
vcpus := 2
options := xpti=on
only := own
