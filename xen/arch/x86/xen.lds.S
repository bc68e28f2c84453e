/* SPDX-License-Identifier: MIT */
/* Layout of the hypervisor's image. Each change of access rights starts a new
 * page; setup.c maps the parts by the symbols between them. */
#include "asm/config.h"

OUTPUT_FORMAT("elf64-x86-64")
OUTPUT_ARCH(i386:x86-64)
ENTRY(start)

PHDRS
{
    text PT_LOAD FLAGS(5);
    rodata PT_LOAD FLAGS(4);
    data PT_LOAD FLAGS(6);
    stack PT_GNU_STACK FLAGS(0);
}

SECTIONS
{
    . = XEN_VIRT_START;
    .text : AT(XEN_PHYS_START) {
        _start = .;
        *(.boot.header)
        *(.text.boot)
        *(.text.stubs)
        *(.text.hot .text.hot.*)
        *(.text .text.unlikely .text.*)
        _etext = .;
    } :text

    . = ALIGN(4096);
    .rodata : {
        _srodata = .;
        *(.rodata .rodata.*)
        *(.data.rel.ro .data.rel.ro.*)
        . = ALIGN(8);
        __ex_table_start = .;
        *(.ex_table)
        __ex_table_end = .;
        __smap_sites_start = .;
        *(.smap_sites)
        __smap_sites_end = .;
        __xpti_sites_start = .;
        *(.xpti_sites)
        __xpti_sites_end = .;
        . = ALIGN(8);
        options_start = .;
        *(.data.options)
        options_end = .;
        _erodata = .;
    } :rodata

    . = ALIGN(4096);
    .data : {
        _sdata = .;
        *(.data.page_aligned)
        *(.data .data.*)
        . = ALIGN(16);
        _edata = .;
    } :data

    .bss : {
        . = ALIGN(STACK_SIZE);
        *(.bss.stack)
        *(.bss.page_aligned)
        *(.bss .bss.unlikely)
        *(COMMON)
        . = ALIGN(64);
        percpu_start = .;
        *(.bss.percpu)
        . = ALIGN(64);
        percpu_end = .;
        . = ALIGN(4096);
        _end = .;
    } :data

    .stab 0 : { *(.stab) }
    .debug_abbrev 0 : { *(.debug_abbrev) }
    .debug_info 0 : { *(.debug_info .gnu.linkonce.wi.*) }
    .debug_line 0 : { *(.debug_line .debug_line.*) }
    .debug_str 0 : { *(.debug_str) }
    .debug_line_str 0 : { *(.debug_line_str) }
    .debug_loclists 0 : { *(.debug_loclists) }
    .debug_rnglists 0 : { *(.debug_rnglists) }
    .debug_aranges 0 : { *(.debug_aranges) }
    .debug_addr 0 : { *(.debug_addr) }
    .debug_str_offsets 0 : { *(.debug_str_offsets) }
    .debug_ranges 0 : { *(.debug_ranges) }
    .debug_loc 0 : { *(.debug_loc) }
    .comment 0 : { *(.comment) }
    .symtab 0 : { *(.symtab) }
    .strtab 0 : { *(.strtab) }
    .shstrtab 0 : { *(.shstrtab) }

    /DISCARD/ : {
        *(.note .note.*)
        *(.eh_frame .eh_frame_hdr)
    }
}

ASSERT(_end - _start <= 0xe00000, "the image does not fit the start-up mapping")
