/* SPDX-License-Identifier: MIT */
/* Kernel files; see kernel_setup.h. */
#include "kernel_setup.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTES_AT 0x200
#define TEXT_AT  0x1000

uint8_t byte_of(uint64_t n)
{
    return (uint8_t)(n * 7 + (n >> 8) + (n >> 16) + 1);
}

void bytes_write(const char *path, uint64_t size)
{
    FILE *f = fopen(path, "w");
    uint64_t n;

    if (!f)
        abort();
    for (n = 0; n < size; n++)
        fputc(byte_of(n), f);
    fclose(f);
}

static char *note_add(char *at, uint32_t type, const void *value, uint32_t size)
{
    Elf64_Nhdr header = {.n_namesz = 4, .n_descsz = size, .n_type = type};

    memcpy(at, &header, sizeof(header));
    memcpy(at + 12, "Xen", 4);
    memcpy(at + 16, value, size);
    return at + 16 + (size + 3) / 4 * 4;
}

static char *number_add(char *at, uint32_t type, uint64_t value)
{
    return note_add(at, type, &value, sizeof(value));
}

/* Types as public/elfnote.h numbers them. */
static size_t notes_make(char *start, const struct kernel_wish *wish)
{
    char *at = start;

    at = note_add(at, 6, "test", 5);
    at = note_add(at, 5, "xen-3.0", 8);
    at = note_add(at, 8, "generic", 8);
    at = note_add(at, 9, "yes", 4);
    at = number_add(at, 3, KERNEL_BASE);
    at = number_add(at, 1, KERNEL_ENTRY);
    if (wish->p2m_apart)
        at = number_add(at, 15, KERNEL_P2M);
    if (wish->mod_start_pfn)
        at = number_add(at, 16, 1);
    if (wish->hypercall_page)
        at = number_add(at, 2, KERNEL_HYPERCALLS);
    return (size_t)(at - start);
}

void kernel_write(const char *path, const struct kernel_wish *wish)
{
    static char file[TEXT_AT + KERNEL_TEXT];
    Elf64_Ehdr *eh = (Elf64_Ehdr *)file;
    Elf64_Phdr *ph = (Elf64_Phdr *)(file + sizeof(*eh));
    size_t n;
    FILE *f;

    memset(file, 0, sizeof(file));
    memcpy(eh->e_ident, ELFMAG, SELFMAG);
    eh->e_ident[EI_CLASS] = ELFCLASS64;
    eh->e_ident[EI_DATA] = ELFDATA2LSB;
    eh->e_ident[EI_VERSION] = EV_CURRENT;
    eh->e_type = ET_EXEC;
    eh->e_machine = EM_X86_64;
    eh->e_version = EV_CURRENT;
    eh->e_phoff = sizeof(*eh);
    eh->e_ehsize = sizeof(*eh);
    eh->e_phentsize = sizeof(*ph);
    eh->e_phnum = 2;
    ph[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                         .p_offset = TEXT_AT,
                         .p_vaddr = KERNEL_START,
                         .p_paddr = KERNEL_START - KERNEL_BASE,
                         .p_filesz = KERNEL_TEXT,
                         .p_memsz = KERNEL_SIZE};
    ph[1] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = NOTES_AT};
    ph[1].p_filesz = wish->no_notes ? 0 : notes_make(file + NOTES_AT, wish);
    for (n = 0; n < KERNEL_TEXT; n++)
        file[TEXT_AT + n] = (char)byte_of(n);
    f = fopen(path, "w");
    if (!f || fwrite(file, sizeof(file), 1, f) != 1)
        abort();
    fclose(f);
}
