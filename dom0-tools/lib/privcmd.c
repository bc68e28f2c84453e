/* SPDX-License-Identifier: MIT */
/* Hypercalls through Linux's privcmd driver; see privcmd.h. */
#include "lib/privcmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PRIVCMD_PATH   "/dev/xen/privcmd"
#define HYPERCALL_PATH "/dev/xen/hypercall"

/* The driver's calls. Source: Linux include/uapi/xen/privcmd.h. */
struct privcmd_hypercall {
    uint64_t op;
    uint64_t arg[5];
};
#define PRIVCMD_HYPERCALL                                                      \
    _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))

struct privcmd_mmap_entry {
    uint64_t va;
    uint64_t mfn;
    uint64_t npages;
};

struct privcmd_mmap {
    int num;
    domid_t dom;
    const struct privcmd_mmap_entry *entry;
};
#define PRIVCMD_MMAP _IOC(_IOC_NONE, 'P', 2, sizeof(struct privcmd_mmap))

struct privcmd_mmapbatch_v2 {
    unsigned int num;
    domid_t dom;
    uint64_t addr;
    const uint64_t *arr;
    int *err;
};
#define PRIVCMD_MMAPBATCH_V2                                                   \
    _IOC(_IOC_NONE, 'P', 4, sizeof(struct privcmd_mmapbatch_v2))

struct privcmd_mmap_resource {
    domid_t dom;
    uint32_t type;
    uint32_t id;
    uint32_t idx;
    uint64_t num;
    uint64_t addr;
};
#define PRIVCMD_MMAP_RESOURCE                                                  \
    _IOC(_IOC_NONE, 'P', 7, sizeof(struct privcmd_mmap_resource))

#define PAGE_SIZE    4096UL
#define BUFFER_ALIGN 64UL
#define SLAB_SIZE    (8 * PAGE_SIZE) /* of an ordinary slab */
#define MAX_SLABS    64

/* Frames side by side from which on a call for them is cheaper than the
 * kernel's steps for each one. */
#define RUN_PAGES 16

/* Memory that buffers are cut from; big ones have a slab of their own. */
struct slab {
    char *base;
    size_t size;
    size_t used;
};

struct privcmd {
    int fd;
    int buffer_fd; /* of memory that the kernel never moves */
    unsigned int nr_slabs;
    struct slab slab[MAX_SLABS];
};

static int open_fail(struct error **err_out, int rc)
{
    if (rc == -EACCES || rc == -EPERM) {
        error_set(err_out, ERROR_PERMISSION, rc, "%s: %s", PRIVCMD_PATH,
                  strerror(-rc));
        return error_hint(err_out, "run this as root");
    }
    if (rc == -ENOENT || rc == -ENODEV || rc == -ENXIO) {
        error_set(err_out, ERROR_NO_HYPERVISOR, rc,
                  "no hypervisor: %s is missing", PRIVCMD_PATH);
        return error_hint(err_out, "start the machine under the hypervisor, "
                                   "and load the module xen-privcmd");
    }
    return error_set(err_out, ERROR_NO_HYPERVISOR, rc, "%s: %s", PRIVCMD_PATH,
                     strerror(-rc));
}

int privcmd_open(struct privcmd **p_out, struct error **err_out)
{
    struct privcmd *p = calloc(1, sizeof(*p));
    int rc;

    if (!p)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    p->buffer_fd = -1;
    p->fd = open(PRIVCMD_PATH, O_RDWR | O_CLOEXEC);
    if (p->fd >= 0)
        p->buffer_fd = open(HYPERCALL_PATH, O_RDWR | O_CLOEXEC);
    if (p->buffer_fd < 0) {
        rc = open_fail(err_out, -errno);
        privcmd_close(p);
        return rc;
    }
    *p_out = p;
    return 0;
}

static void slab_pop(struct privcmd *p)
{
    struct slab *slab = &p->slab[--p->nr_slabs];

    munmap(slab->base, slab->size);
}

void privcmd_close(struct privcmd *p)
{
    if (!p)
        return;
    while (p->nr_slabs)
        slab_pop(p);
    if (p->buffer_fd >= 0)
        close(p->buffer_fd);
    if (p->fd >= 0)
        close(p->fd);
    free(p);
}

/* A mark is the number of the slab and the bytes used of it. */
size_t privcmd_mark(const struct privcmd *p)
{
    return p->nr_slabs == 0
               ? 0
               : ((size_t)p->nr_slabs << 32) | p->slab[p->nr_slabs - 1].used;
}

static struct slab *slab_push(struct privcmd *p, size_t size)
{
    struct slab *slab = &p->slab[p->nr_slabs];
    void *base;

    if (p->nr_slabs == MAX_SLABS)
        return NULL;
    size = size > SLAB_SIZE ? (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1)
                            : SLAB_SIZE;
    base =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, p->buffer_fd, 0);
    if (base == MAP_FAILED)
        return NULL;
    *slab = (struct slab){.base = base, .size = size};
    p->nr_slabs++;
    return slab;
}

void *privcmd_buffer(struct privcmd *p, size_t size)
{
    struct slab *slab = p->nr_slabs ? &p->slab[p->nr_slabs - 1] : NULL;
    void *buffer;

    if (size == 0 || size > (1UL << 30))
        return NULL;
    size = (size + BUFFER_ALIGN - 1) & ~(BUFFER_ALIGN - 1);
    if (!slab || slab->size - slab->used < size)
        slab = slab_push(p, size);
    if (!slab)
        return NULL;
    buffer = slab->base + slab->used;
    slab->used += size;
    memset(buffer, 0, size);
    return buffer;
}

void privcmd_release(struct privcmd *p, size_t mark)
{
    unsigned int nr = (unsigned int)(mark >> 32);

    /* The first slab stays for the next call. */
    while (p->nr_slabs > (nr ? nr : 1))
        slab_pop(p);
    if (p->nr_slabs)
        p->slab[p->nr_slabs - 1].used = nr ? (uint32_t)mark : 0;
}

/* The system call itself: the C library's ioctl() cuts the result to an int. */
int64_t privcmd_call(struct privcmd *p, unsigned int nr, uint64_t a1,
                     uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    struct privcmd_hypercall call = {nr, {a1, a2, a3, a4, a5}};
    long rc = syscall(SYS_ioctl, p->fd, PRIVCMD_HYPERCALL, &call);

    return rc == -1 ? -errno : rc;
}

static int map_fail(struct error **err_out, int rc, domid_t domid,
                    const char *what)
{
    return error_set(err_out, ERROR_HYPERVISOR, rc,
                     "can't map %s of domain %u: %s", what, domid,
                     strerror(-rc));
}

/* First error of a batch whose ioctl returned `rc`, 0 if there is none. */
static int batch_result(int rc, const int *errors, size_t nr)
{
    int first = rc < 0 ? -errno : 0;
    size_t i;

    for (i = 0; i < nr && (!first || first == -ENOENT); i++)
        if (errors[i])
            return errors[i];
    return first;
}

static bool run_begins(const uint64_t *frames, size_t i)
{
    return i == 0 || frames[i] != frames[i - 1] + 1;
}

/* Map each frame alone. */
static int singles_map(struct privcmd *p, domid_t domid, char *base,
                       const uint64_t *frames, size_t nr)
{
    struct privcmd_mmapbatch_v2 batch = {.num = (unsigned int)nr,
                                         .dom = domid,
                                         .addr = (uintptr_t)base,
                                         .arr = frames,
                                         .err = calloc(nr, sizeof(int))};
    int rc = -ENOMEM;

    if (batch.err)
        rc = batch_result(ioctl(p->fd, PRIVCMD_MMAPBATCH_V2, &batch), batch.err,
                          nr);
    free(batch.err);
    return rc;
}

/* Map frames of which whole runs lie side by side. */
static int runs_map(struct privcmd *p, domid_t domid, const char *base,
                    const uint64_t *frames, size_t nr, size_t nr_runs)
{
    struct privcmd_mmap_entry *run = malloc(nr_runs * sizeof(*run)),
                              *next = run;
    struct privcmd_mmap map = {.num = (int)nr_runs, .dom = domid, .entry = run};
    size_t i;
    int rc;

    if (!run)
        return -ENOMEM;
    for (i = 0; i < nr; i++)
        if (run_begins(frames, i))
            *next++ = (struct privcmd_mmap_entry){
                (uintptr_t)base + i * PAGE_SIZE, frames[i], 1};
        else
            next[-1].npages++;
    rc = ioctl(p->fd, PRIVCMD_MMAP, &map) ? -errno : 0;
    free(run);
    return rc;
}

static int frames_map(struct privcmd *p, domid_t domid, char *base,
                      const uint64_t *frames, size_t nr)
{
    size_t nr_runs = 0, i;

    for (i = 0; i < nr; i++)
        nr_runs += run_begins(frames, i);
    return nr_runs <= nr / RUN_PAGES
               ? runs_map(p, domid, base, frames, nr, nr_runs)
               : singles_map(p, domid, base, frames, nr);
}

void *privcmd_map(struct privcmd *p, domid_t domid, const uint64_t *frames,
                  size_t nr, bool writable, struct error **err_out)
{
    void *base =
        mmap(NULL, nr * PAGE_SIZE, PROT_READ | (writable ? PROT_WRITE : 0),
             MAP_SHARED, p->fd, 0);
    int rc =
        base == MAP_FAILED ? -errno : frames_map(p, domid, base, frames, nr);

    if (!rc)
        return base;
    if (base != MAP_FAILED)
        munmap(base, nr * PAGE_SIZE);
    map_fail(err_out, rc, domid, "memory");
    return NULL;
}

void *privcmd_map_resource(struct privcmd *p, domid_t domid, unsigned int type,
                           unsigned int id, uint64_t first, size_t nr,
                           struct error **err_out)
{
    struct privcmd_mmap_resource resource = {.dom = domid,
                                             .type = type,
                                             .id = id,
                                             .idx = (uint32_t)first,
                                             .num = nr};
    void *base = mmap(NULL, nr * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                      p->fd, 0);
    int rc = 0;

    resource.addr = (uintptr_t)base;
    if (base == MAP_FAILED || ioctl(p->fd, PRIVCMD_MMAP_RESOURCE, &resource))
        rc = -errno;
    if (!rc)
        return base;
    if (base != MAP_FAILED)
        munmap(base, nr * PAGE_SIZE);
    map_fail(err_out, rc, domid, "a resource");
    return NULL;
}

void privcmd_unmap(void *address, size_t nr)
{
    if (address)
        munmap(address, nr * PAGE_SIZE);
}
