# SPDX-License-Identifier: MIT
vcpus := 1
