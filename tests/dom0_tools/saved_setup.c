/* SPDX-License-Identifier: MIT */
/* Guests that can be saved; see saved_setup.h. */
#include "saved_setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "public/sched.h"
#include "public/xen.h"

#include "kernel_setup.h"
#include "xl_setup.h"

static char folder[] = "/tmp/saved_test.XXXXXX";

struct fake_domain *guest(void)
{
    return &fake_domain[1];
}

/* Frame of a page of the guest by its own p2m. */
uint64_t mfn_of(const struct fake_domain *d, uint64_t pfn)
{
    const uint64_t *table = fake_frame(d->pinned);
    uint64_t va = KERNEL_P2M + pfn * 8;
    int shift;

    for (shift = 39; shift >= 12; shift -= 9)
        table = fake_frame((table[va >> shift & 511] & FRAME) >> 12);
    return table[pfn & 511];
}

uint64_t pfn_of(const struct fake_domain *d, uint64_t mfn)
{
    uint64_t pfn = 0;

    while (pfn < NR_PAGES && mfn_of(d, pfn) != mfn)
        pfn++;
    return pfn;
}

/* It says where its memory is, and goes to sleep when it is asked to. */
static void guest_listens(void)
{
    struct shared_info *info = fake_frame(guest()->shared_info_mfn);
    struct vcpu_guest_context *c = &guest()->vcpu[0].context;
    struct start_info *start;

    info->arch.max_pfn = NR_PAGES;
    info->arch.p2m_cr3 = guest()->pinned << 12;
    info->arch.p2m_vaddr = KERNEL_P2M;
    info->evtchn_pending[0] = 7;
    info->vcpu_info[0].arch.cr2 = 0x77;
    c->user_regs.rdx = mfn_of(guest(), (c->user_regs.rsi - KERNEL_BASE) >> 12);
    start = fake_frame(c->user_regs.rdx);
    start->store_mfn = pfn_of(guest(), start->store_mfn);
    start->console.domU.mfn = pfn_of(guest(), start->console.domU.mfn);
    c->gdt_ents = 512;
    c->gdt_frames[0] = mfn_of(guest(), 3);
}

static void daemons(const char *path, const char *value)
{
    if (strcmp(path, "/local/domain/1/control/shutdown") ||
        strcmp(value, "suspend"))
        return;
    fake_store_set(path, "");
    guest()->info.flags = XEN_DOMINF_shutdown | SHUTDOWN_suspend
                                                    << XEN_DOMINF_shutdownshift;
}

int saved_host(void **state)
{
    FILE *f = fopen("vm.cfg", "w");

    xl_reset(state);
    fake_store_watcher(daemons);
    fprintf(f, "name = 'vm'\nuuid = '" UUID "'\nkernel = 'kernel'\n"
               "ramdisk = 'ramdisk'\nmemory = 8\nvcpus = 1\nmaxvcpus = 2\n"
               "on_crash = 'preserve'\non_reboot = 'rename-restart'\n");
    fclose(f);
    if (xl("create -e vm.cfg"))
        return -1;
    guest_listens();
    return 0;
}

int saved_folder_make(void **state)
{
    const struct kernel_wish wish = {.p2m_apart = true, .mod_start_pfn = true};

    (void)state;
    if (!mkdtemp(folder) || chdir(folder))
        return -1;
    setenv("XENIA_SAVED_CONFIGS", folder, 1);
    kernel_write("kernel", &wish);
    bytes_write("ramdisk", 5000);
    return 0;
}

int saved_folder_remove(void **state)
{
    (void)state;
    return system("rm -r ./*") || chdir("/") || rmdir(folder);
}
