/* SPDX-License-Identifier: MIT */
/* Start-up of the boot CPU, from head.S to main.c. */
#ifndef ASM_BOOT_H
#define ASM_BOOT_H

#include "xen/boot_info.h"

/** Where head.S ends: `magic` says which protocol, `info` where its data is. */
void __noreturn start_first_cpu(u32 magic, u32 info);

/**
 * Copy what the loader handed over into boot_info.
 *
 * panic()s if the protocol is unknown or memory map or modules are missing.
 */
void boot_info_collect(u32 magic, u32 info);

#endif
