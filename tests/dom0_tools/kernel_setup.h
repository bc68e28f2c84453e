/* SPDX-License-Identifier: MIT */
/* Small kernel files for tests: an ELF file with Xen notes. */
#ifndef KERNEL_SETUP_H
#define KERNEL_SETUP_H

#include <stdbool.h>
#include <stdint.h>

/* It loads this many bytes of text and then zeros, at pfn 256. */
#define KERNEL_BASE  0xffffffff80000000UL
#define KERNEL_START (KERNEL_BASE + 0x100000)
#define KERNEL_TEXT  0x2345UL
#define KERNEL_SIZE  0x6000UL
#define KERNEL_ENTRY (KERNEL_START + 0x40)

/* What it asks for. */
struct kernel_wish {
    bool p2m_apart;      /* at KERNEL_P2M */
    bool mod_start_pfn;  /* RAM disk may stay unmapped */
    bool hypercall_page; /* at KERNEL_HYPERCALLS */
    bool no_notes;       /* no PV kernel at all */
};

#define KERNEL_P2M        0x8000000000UL
#define KERNEL_HYPERCALLS (KERNEL_START + 0x3000)

/** Write such a file. */
void kernel_write(const char *path, const struct kernel_wish *wish);

/** Write a file of `size` bytes that differ. */
void bytes_write(const char *path, uint64_t size);
/** What is in byte n of it. */
uint8_t byte_of(uint64_t n);

#endif
