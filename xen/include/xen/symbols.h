/* SPDX-License-Identifier: MIT */
/* Names of the hypervisor's functions, for dumps and backtraces. */
#ifndef XEN_SYMBOLS_H
#define XEN_SYMBOLS_H

/**
 * Find the function that an address of the image lies in.
 *
 * @addr        any value, such as a word found on a damaged stack
 * @offset_out  where in the function, in bytes
 * @size_out    size of the function, up to the next symbol
 *
 * Returns the function's name, or NULL where addr lies in none.
 * Locks:  none. The table is constant.
 */
const char *symbol_lookup(unsigned long addr, unsigned long *offset_out,
                          unsigned long *size_out);

/** The function with this number, in order of address; NULL past the last. */
const char *symbol_by_number(unsigned int nr, unsigned long *addr_out);

#endif /* XEN_SYMBOLS_H */
