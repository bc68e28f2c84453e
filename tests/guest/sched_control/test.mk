# SPDX-License-Identifier: MIT
vcpus := 3
