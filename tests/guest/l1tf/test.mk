# SPDX-License-Identifier: MIT
vcpus := 1
options := spec-ctrl=l1tf,verw,rsb dom0_mem=32M
only := own
