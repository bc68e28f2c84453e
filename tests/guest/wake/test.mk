# SPDX-License-Identifier: MIT
vcpus := 2
seconds := 300
