/* SPDX-License-Identifier: MIT */
/*
 * Core files of guests; see core.h. There are sections, no segments:
 *
 *   ELF header, section headers, .shstrtab, .note.Xen
 *   .xen_prstatus      registers of each vcpu that is up
 *   .xen_shared_info   a page
 *   .xen_p2m           pfn and frame of each page below
 *   .xen_pages         contents, from the next multiple of a page on
 */
#include "stream/core.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "public/domctl.h"
#include "public/elfnote.h"
#include "public/xen.h"

#include "build/layout.h"
#include "lib/domctl.h"
#include "lib/domctl_state.h"
#include "lib/version.h"
#include "lib/worker.h"
#include "stream/format.h"
#include "stream/p2m.h"

#define MAGIC_PV       0xf00febedULL
#define FORMAT_VERSION 1ULL         /* 0.1 */
#define WINDOW_PAGES   (1ULL << 18) /* that one worker maps */

enum section {
    SECTION_NULL,
    SECTION_STRINGS,
    SECTION_NOTE,
    SECTION_PRSTATUS,
    SECTION_SHARED_INFO,
    SECTION_P2M,
    SECTION_PAGES,
    NR_SECTIONS,
};

static const struct {
    const char *name;
    uint32_t type;
    uint64_t align;
    uint64_t entry; /* size of an item, 0: all is one */
} sections[NR_SECTIONS] = {
    [SECTION_NULL] = {"", SHT_NULL, 0, 0},
    [SECTION_STRINGS] = {".shstrtab", SHT_STRTAB, 0, 0},
    [SECTION_NOTE] = {".note.Xen", SHT_NOTE, 0, 0},
    [SECTION_PRSTATUS] = {".xen_prstatus", SHT_PROGBITS, 8,
                          sizeof(struct vcpu_guest_context)},
    [SECTION_SHARED_INFO] = {".xen_shared_info", SHT_PROGBITS, 8, PAGE_SIZE},
    [SECTION_P2M] = {".xen_p2m", SHT_PROGBITS, 8, 16},
    [SECTION_PAGES] = {".xen_pages", SHT_PROGBITS, PAGE_SIZE, PAGE_SIZE},
};

struct note {
    Elf64_Nhdr header;
    char name[4];
};

/* All of .note.Xen. */
struct notes {
    struct note none;
    struct note header;
    struct {
        uint64_t magic;
        uint64_t nr_vcpus;
        uint64_t nr_pages;
        uint64_t page_size;
    } header_desc;
    struct note version;
    struct {
        uint64_t major;
        uint64_t minor;
        xen_extraversion_t extra;
        struct xen_compile_info compile;
        xen_capabilities_info_t capabilities;
        xen_changeset_info_t changeset;
        uint64_t virt_start;
        uint64_t page_size;
    } version_desc;
    struct note format;
    uint64_t format_desc;
};

/* An entry of .xen_p2m. */
struct p2m_entry {
    uint64_t pfn;
    uint64_t mfn;
};

struct core {
    struct privcmd *p;
    domid_t domid;
    struct stream *s;
    struct guest_p2m p2m;
    struct p2m_entry *entry;
    uint64_t nr_pages;
    struct vcpu_guest_context *context;
    uint64_t nr_vcpus;
    struct version_info version;
    Elf64_Shdr header[NR_SECTIONS];
    char strings[128];
    uint64_t window; /* first page of a worker's */
    struct error **err_out;
};

static int out_of_memory(struct core *c)
{
    return error_set(c->err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
}

/* Those frames that the guest names and that are its own. */
static int pages_find(struct core *c)
{
    uint64_t pfn = 0, frames[MAX_TYPE_FRAMES];
    struct p2m_entry *e;
    size_t nr, i;
    int rc;

    c->entry = malloc((c->p2m.nr_pfns + 1) * sizeof(*c->entry));
    if (!c->entry)
        return out_of_memory(c);
    while (pfn < c->p2m.nr_pfns) {
        e = c->entry + c->nr_pages;
        for (nr = 0; nr < MAX_TYPE_FRAMES && pfn < c->p2m.nr_pfns; pfn++)
            if (c->p2m.mfn[pfn] != NO_FRAME) {
                e[nr] = (struct p2m_entry){pfn, c->p2m.mfn[pfn]};
                frames[nr++] = c->p2m.mfn[pfn];
            }
        rc =
            nr ? domctl_frame_types(c->p, c->domid, frames, nr, c->err_out) : 0;
        if (rc)
            return rc;
        for (i = 0; i < nr; i++)
            if (frames[i] >> XEN_DOMCTL_PFINFO_LTAB_SHIFT < PAGE_BROKEN)
                c->entry[c->nr_pages++] = e[i];
    }
    return 0;
}

static int vcpus_read(struct core *c)
{
    struct xen_domctl_getdomaininfo info;
    struct xen_domctl_getvcpuinfo vcpu_info;
    unsigned int vcpu;
    int rc = domctl_info(c->p, c->domid, &info, c->err_out);

    if (rc)
        return rc;
    c->context = calloc(info.max_vcpu_id + 1ULL, sizeof(*c->context));
    if (!c->context)
        return out_of_memory(c);
    for (vcpu = 0; !rc && vcpu <= info.max_vcpu_id; vcpu++) {
        rc = domctl_vcpu_info(c->p, c->domid, vcpu, &vcpu_info, c->err_out);
        if (!rc && vcpu_info.online)
            rc = domctl_get_context(c->p, c->domid, vcpu,
                                    &c->context[c->nr_vcpus++], c->err_out);
    }
    return rc;
}

static int version_get(struct core *c)
{
    return version_read(c->p, &c->version, c->err_out);
}

static int elf_header_write(struct core *c)
{
    const Elf64_Ehdr header = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
                    EV_CURRENT, ELFOSABI_SYSV},
        .e_type = ET_CORE,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_shoff = sizeof(header),
        .e_ehsize = sizeof(header),
        .e_shentsize = sizeof(Elf64_Shdr),
        .e_shnum = NR_SECTIONS,
        .e_shstrndx = SECTION_STRINGS,
    };

    return stream_write(c->s, &header, sizeof(header), c->err_out);
}

static int section_headers_write(struct core *c)
{
    const uint64_t sizes[NR_SECTIONS] = {
        [SECTION_STRINGS] = sizeof(c->strings),
        [SECTION_NOTE] = sizeof(struct notes),
        [SECTION_PRSTATUS] = c->nr_vcpus * sizeof(*c->context),
        [SECTION_SHARED_INFO] = PAGE_SIZE,
        [SECTION_P2M] = c->nr_pages * sizeof(*c->entry),
        [SECTION_PAGES] = c->nr_pages << PAGE_SHIFT,
    };
    uint64_t at = sizeof(Elf64_Ehdr) + sizeof(c->header);
    uint32_t name = 1;
    unsigned int i;

    for (i = SECTION_STRINGS; i < NR_SECTIONS; i++) {
        if (i == SECTION_PAGES)
            at = (at + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
        c->header[i] = (Elf64_Shdr){.sh_name = name,
                                    .sh_type = sections[i].type,
                                    .sh_offset = at,
                                    .sh_size = sizes[i],
                                    .sh_addralign = sections[i].align,
                                    .sh_entsize = sections[i].entry};
        strcpy(c->strings + name, sections[i].name);
        name += (uint32_t)strlen(sections[i].name) + 1;
        at += sizes[i];
    }
    return stream_write(c->s, c->header, sizeof(c->header), c->err_out);
}

static int strings_write(struct core *c)
{
    return stream_write(c->s, c->strings, sizeof(c->strings), c->err_out);
}

static struct note note_make(uint32_t type, size_t size)
{
    return (struct note){
        .header = {.n_namesz = 4, .n_descsz = (uint32_t)size, .n_type = type},
        .name = "Xen"};
}

static int notes_write(struct core *c)
{
    const struct version_info *v = &c->version;
    struct notes n = {
        .none = note_make(XEN_ELFNOTE_DUMPCORE_NONE, 0),
        .header = note_make(XEN_ELFNOTE_DUMPCORE_HEADER, sizeof(n.header_desc)),
        .header_desc = {MAGIC_PV, c->nr_vcpus, c->nr_pages, PAGE_SIZE},
        .version =
            note_make(XEN_ELFNOTE_DUMPCORE_XEN_VERSION, sizeof(n.version_desc)),
        .version_desc = {.major = v->major,
                         .minor = v->minor,
                         .compile = v->compile,
                         .virt_start = v->virt_start,
                         .page_size = v->page_size},
        .format = note_make(XEN_ELFNOTE_DUMPCORE_FORMAT_VERSION,
                            sizeof(n.format_desc)),
        .format_desc = FORMAT_VERSION,
    };

    memcpy(n.version_desc.extra, v->extra, sizeof(v->extra));
    memcpy(n.version_desc.capabilities, v->capabilities,
           sizeof(v->capabilities));
    memcpy(n.version_desc.changeset, v->changeset, sizeof(v->changeset));
    return stream_write(c->s, &n, sizeof(n), c->err_out);
}

static int prstatus_write(struct core *c)
{
    return stream_write(c->s, c->context, c->nr_vcpus * sizeof(*c->context),
                        c->err_out);
}

static int shared_info_write(struct core *c)
{
    return stream_write(c->s, c->p2m.shared_info, PAGE_SIZE, c->err_out);
}

static int p2m_write(struct core *c)
{
    return stream_write(c->s, c->entry, c->nr_pages * sizeof(*c->entry),
                        c->err_out);
}

/* Up to the multiple of a page where they begin. */
static int gap_write(struct core *c)
{
    static const char zeros[PAGE_SIZE];
    const Elf64_Shdr *before = &c->header[SECTION_P2M];
    uint64_t end = before->sh_offset + before->sh_size;

    return stream_write(c->s, zeros, c->header[SECTION_PAGES].sh_offset - end,
                        c->err_out);
}

/* In a worker. */
static int window_write(void *ctx, struct error **err_out)
{
    struct core *c = ctx;
    uint64_t at = c->window, end = at + WINDOW_PAGES, mfn[BATCH_PAGES];
    size_t nr;
    void *pages;
    int rc = 0;

    for (end = end < c->nr_pages ? end : c->nr_pages; at < end && !rc;
         at += nr) {
        for (nr = 0; nr < BATCH_PAGES && at + nr < end; nr++)
            mfn[nr] = c->entry[at + nr].mfn;
        pages = privcmd_map(c->p, c->domid, mfn, nr, false, err_out);
        rc = pages ? stream_write(c->s, pages, nr << PAGE_SHIFT, err_out)
                   : error_rc(err_out);
        progress_tell(&c->s->progress, at << PAGE_SHIFT,
                      c->nr_pages << PAGE_SHIFT);
    }
    return rc;
}

static int pages_write(struct core *c)
{
    int rc = 0;

    for (; c->window < c->nr_pages && !rc; c->window += WINDOW_PAGES)
        rc = worker_run(window_write, c, c->s->cancel, c->err_out);
    return rc;
}

int core_write(struct privcmd *p, domid_t domid, struct stream *s,
               struct error **err_out)
{
    static int (*const steps[])(struct core *) = {
        pages_find,
        vcpus_read,
        version_get,
        elf_header_write,
        section_headers_write,
        strings_write,
        notes_write,
        prstatus_write,
        shared_info_write,
        p2m_write,
        gap_write,
        pages_write,
    };
    struct core c = {.p = p, .domid = domid, .s = s, .err_out = err_out};
    size_t i;
    int rc = p2m_read(p, domid, &c.p2m, err_out);

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]) && !rc; i++)
        rc = steps[i](&c);
    p2m_free(&c.p2m);
    free(c.entry);
    free(c.context);
    return rc;
}
