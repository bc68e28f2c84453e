/* SPDX-License-Identifier: MIT */
/* Trees of page tables that tests build beside the ones in use. */
#include "guest.h"

static unsigned int table_index(uint64_t va, int level)
{
    return (va >> (PAGE_SHIFT + 9 * (level - 1))) & 511;
}

void tree_build(struct table_tree *tree, uint64_t va)
{
    tree->va = va;
    tree->page = page_alloc();
    tree->l1 = page_alloc();
    tree->l2 = page_alloc();
    tree->l3 = page_alloc();
    tree->l4 = page_alloc();
    tree->l1[table_index(va, 1)] = make_pte(va_to_mfn(tree->page), PTE_PAGE_RW);
    tree->l2[table_index(va, 2)] = make_pte(va_to_mfn(tree->l1), PTE_TABLE);
    tree->l3[table_index(va, 3)] = make_pte(va_to_mfn(tree->l2), PTE_TABLE);
    tree->l4[table_index(va, 4)] = make_pte(va_to_mfn(tree->l3), PTE_TABLE);
    page_set_readonly(tree->l1);
    page_set_readonly(tree->l2);
    page_set_readonly(tree->l3);
    page_set_readonly(tree->l4);
}

void tree_add_kernel(struct table_tree *tree)
{
    static const uint64_t kernel[] = {VIRT_BASE, P2M_VIRT_START};

    page_set_writable(tree->l4);
    for (unsigned int i = 0; i < ARRAY_SIZE(kernel); i++)
        tree->l4[table_index(kernel[i], 4)] = *pte_of(kernel[i], 4);
    page_set_readonly(tree->l4);
}

void tree_free(struct table_tree *tree)
{
    page_free(tree->l4);
    page_free(tree->l3);
    page_free(tree->l2);
    page_free(tree->l1);
    page_free(tree->page);
}
