/* SPDX-License-Identifier: MIT */
/* RAM, frame table, M2P and the vmap range, in memory of the test program. */
#define _GNU_SOURCE
#include "fake/fake.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake/ram.h"

#define RAM_SIZE ((size_t)FAKE_NR_FRAMES << PAGE_SHIFT)
#define FT_SIZE  (FAKE_NR_FRAMES * sizeof(struct page_info))
#define M2P_SIZE (FAKE_NR_FRAMES * sizeof(u64))

unsigned long fake_directmap;
unsigned long fake_frametable;
unsigned long fake_m2p;
unsigned long fake_vmap;
int fake_ram_fd = -1;

unsigned long max_page = FAKE_NR_FRAMES;
unsigned long total_pages = FAKE_NR_FRAMES;
static unsigned long all_frames[BITS_TO_LONGS(FAKE_NR_FRAMES)];
unsigned long *ram_frames = all_frames;

static unsigned int frames_taken;

static unsigned long map(size_t size, int prot, int flags, int fd)
{
    void *p = mmap(NULL, size, prot, flags, fd, 0);

    if (p == MAP_FAILED)
        abort();
    return (unsigned long)p;
}

/* Before main(): tests may use RAM in their set-up already. */
__attribute__((constructor)) static void ram_init(void)
{
    int anon = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

    fake_ram_fd = memfd_create("ram", 0);
    if (fake_ram_fd < 0 || ftruncate(fake_ram_fd, RAM_SIZE) != 0)
        abort();
    fake_directmap =
        map(RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fake_ram_fd);
    fake_frametable = map(FT_SIZE, PROT_READ | PROT_WRITE, anon, -1);
    fake_m2p = map(M2P_SIZE, PROT_READ | PROT_WRITE, anon, -1);
    fake_vmap = map(FAKE_VMAP_SIZE, PROT_NONE, anon, -1);
    memset(all_frames, 0xff, sizeof(all_frames));
    fake_ram_reset();
}

void fake_ram_reset(void)
{
    memset((void *)fake_directmap, 0, RAM_SIZE);
    memset((void *)fake_frametable, 0, FT_SIZE);
    memset((void *)fake_m2p, 0xff, M2P_SIZE);
    frames_taken = 0;
}

void *fake_frame_alloc(void)
{
    mfn_t mfn;

    if (++frames_taken > FAKE_FRAMES_RESERVED)
        abort();
    mfn = _mfn(FAKE_NR_FRAMES - frames_taken);
    return memset(mfn_to_virt(mfn), 0, PAGE_SIZE);
}

void fake_frames_free(void)
{
    frames_taken = 0;
}

void m2p_set(mfn_t mfn, pfn_t pfn)
{
    ((u64 *)fake_m2p)[mfn_x(mfn)] = pfn.p;
}

pfn_t m2p_get(mfn_t mfn)
{
    return _pfn(((u64 *)fake_m2p)[mfn_x(mfn)]);
}

void arch_page_release(struct page_info *pg)
{
    (void)pg;
}
