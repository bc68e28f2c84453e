# SPDX-License-Identifier: MIT
# Toolchain and options: everything a user may set on make's command line.

# Version of the product, as the hypervisor's banner shows it.
VERSION := 0.1

# Output folder; every file that a build makes is below it.
O ?= build

# Compiler: gcc or clang (or a versioned name of one of them).
ifeq ($(origin CC),default)
CC := gcc
endif
LD      := ld
NM      := nm
OBJCOPY := objcopy
HOSTCC  ?= $(CC)

# y: assertions, lock checks and traces of errors in the hypervisor.
DEBUG ?= n

# y: retpolines, against guests that mislead the prediction of indirect branches
# in the hypervisor, for CPUs that the log of a start says this helps.
RETPOLINE ?= n

# 1: show whole commands.
V ?=

# Warnings, for all C code.
WARN_FLAGS := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes \
              -Wshadow -Wundef -Wvla

# The same source gives the same bytes, wherever it lies.
REPRO_FLAGS := -ffile-prefix-map=$(ROOT)/=

CC_IS_CLANG := $(findstring clang,$(CC))
