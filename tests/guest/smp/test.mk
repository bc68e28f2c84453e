# SPDX-License-Identifier: MIT
vcpus := 2
