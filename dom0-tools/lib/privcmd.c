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

#define PAGE_SIZE    4096UL
#define BUFFER_ALIGN 64UL
#define SLAB_SIZE    (64 * PAGE_SIZE) /* of an ordinary slab */
#define MAX_SLABS    64

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
