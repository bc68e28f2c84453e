/* SPDX-License-Identifier: MIT */
/*
 * Looks addresses up in the symbol table that xen/tools/symbols.awk makes.
 *
 * The table is sorted by address. Offsets count from the start of the image, so
 * that 32 bits hold them.
 */
#include <xen/symbols.h>

#include <xen/bitops.h>
#include <xen/types.h>

extern const uint32_t symbols_count;
extern const uint32_t symbols_offset[];
extern const uint32_t symbols_name_offset[];
extern const char symbols_names[];

/* The linker script's: where the image starts and ends. */
extern const char _start[];
extern const char _end[];

const char *symbol_lookup(unsigned long addr, unsigned long *offset_out,
                          unsigned long *size_out)
{
    unsigned long start = (unsigned long)_start, end = (unsigned long)_end;
    unsigned int low = 0, high = symbols_count;
    unsigned long offset, next;

    if (addr < start || addr >= end)
        return NULL;
    offset = addr - start;

    /* low: the number of symbols at or below the address. */
    while (low < high) {
        unsigned int middle = low + (high - low) / 2;

        if (symbols_offset[middle] <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;

    next = low < symbols_count ? symbols_offset[low] : end - start;
    *offset_out = offset - symbols_offset[low - 1];
    *size_out = next - symbols_offset[low - 1];
    return symbols_names + symbols_name_offset[low - 1];
}

const char *symbol_by_number(unsigned int nr, unsigned long *addr_out)
{
    if (nr >= symbols_count)
        return NULL;
    nr = array_index_nospec(nr, symbols_count);
    *addr_out = (unsigned long)_start + symbols_offset[nr];
    return symbols_names + symbols_name_offset[nr];
}
