/* SPDX-License-Identifier: MIT */
/* What the boot loader handed over, whatever protocol it spoke. */
#ifndef XEN_BOOT_INFO_H
#define XEN_BOOT_INFO_H

#include "xen/types.h"

#define BOOT_MAX_MODULES 8
#define BOOT_MAX_E820    128
#define BOOT_CMDLINE_LEN 1024
#define BOOT_RSDP_LEN    36

/* A file that the loader put into memory, page aligned. */
struct boot_module {
    paddr_t start;
    u64 size; /* bytes */
    char cmdline[BOOT_CMDLINE_LEN];
};

/* A range of the firmware's memory map. */
struct e820_entry {
    u64 addr;
    u64 size;
    u32 type; /* E820_* */
} __packed;

#define E820_RAM      1
#define E820_RESERVED 2
#define E820_ACPI     3
#define E820_NVS      4
#define E820_UNUSABLE 5

struct boot_framebuffer {
    bool present; /* else text mode, or nothing known */
    paddr_t addr;
    u32 pitch, width, height;
    u8 bpp;
    u8 red_pos, red_size, green_pos, green_size, blue_pos, blue_size;
};

struct boot_info {
    char loader_name[64];
    char cmdline[BOOT_CMDLINE_LEN];

    unsigned int nr_modules;
    struct boot_module module[BOOT_MAX_MODULES];

    unsigned int nr_e820;
    struct e820_entry e820[BOOT_MAX_E820];

    unsigned int rsdp_len; /* 0: the loader gave none */
    u8 rsdp[BOOT_RSDP_LEN];

    bool text_mode; /* the screen shows VGA text at 0xb8000 */
    struct boot_framebuffer framebuffer;
};

extern struct boot_info boot_info;

#endif
