/* SPDX-License-Identifier: MIT */
/*
 * Further domains. A test kernel in place of dom0 is the control domain: it
 * creates domains whose kernel is a copy of its own image, and runs functions
 * of the test in them.
 *
 *   control side                           guest side
 *   domain_build(&d, NULL)                 guest_start() ─▶ guest_main()
 *   domain_run(&d, function) ─ mailbox ─▶  function()
 *     ◀────── log, words ────── mailbox ─  CHECK(), mailbox->word[]
 *   domain_destroy(&d)
 *
 * The copy has the initialised data of the control domain as it is then; all
 * other variables are zero. Guests share nothing with it but the mailbox.
 */
#ifndef GUEST_DOMAIN_H
#define GUEST_DOMAIN_H

#include "public/domctl.h"
#include "public/grant_table.h"
#include "public/memory.h"
#include "public/sysctl.h"

#include "guest.h"

/* All that a domain's kernel maps lies below 2 MiB: one L1 table. */
#define DOMAIN_MAX_PFNS 512

#define MAILBOX_LOG     2048 /* bytes, a power of two */
#define MAILBOX_WORDS   128

/* A page of the guest that the control domain has mapped. */
struct mailbox {
    void (*function)(void); /* to run; the guest sets it to NULL at the end */
    domid_t domid;          /* the guest's */
    volatile uint32_t written, read; /* bytes of the log since the start */
    uint32_t lock;
    volatile uint64_t word[MAILBOX_WORDS]; /* the test's */
    char log[MAILBOX_LOG];
};

/** In a guest: its mailbox. In the control domain: NULL. */
extern struct mailbox *mailbox;

/* A domain, as its builder sees it. */
struct domain {
    domid_t id;
    struct mailbox *mailbox;       /* mapped, or NULL */
    uint64_t nr_pfns;              /* 0 before domain_load() */
    uint64_t mfn[DOMAIN_MAX_PFNS]; /* by pfn; INVALID_MFN where there is none */
    uint64_t shared_info_mfn;
    /* Frames of the tables. */
    uint64_t l4, l3, l2, l1;
    uint64_t start_info_va;
};

/* ---- control.c: calls of the control domain --------------------------- */

/** Make a domctl or sysctl; fills in command, version and domain. */
long domctl(uint32_t cmd, domid_t domid, struct xen_domctl *op);
long sysctl(uint32_t cmd, struct xen_sysctl *op);

/** A domctl without arguments. */
long domctl_plain(uint32_t cmd, domid_t domid);

long memory_op(unsigned long cmd, void *arg);
long evtchn_op(int cmd, void *arg);
long grant_op(unsigned int cmd, void *arg, unsigned int nr);

/** XENMEM_*_reservation, populate_physmap: returns the extents done. */
long reserve(unsigned long cmd, domid_t domid, uint64_t *frames, uint64_t nr,
             unsigned int order);

/** mmuext_op on another domain's frame. */
long mmuext_foreign(uint32_t cmd, uint64_t mfn, domid_t domid);

/** The L1 entry of a page of the pool, to map a foreign frame: the result. */
long map_foreign_at(void *page, domid_t domid, uint64_t mfn, uint64_t flags);

/** Map a foreign frame at a new page; NULL if refused. page_free() unmaps. */
void *map_foreign(domid_t domid, uint64_t mfn, uint64_t flags);

/** The domain's state; returns false if there is none with this id. */
bool domain_info(domid_t domid, struct xen_domctl_getdomaininfo *info);

/** XEN_DOMINF_* with the shutdown code; 0 if there is no such domain. */
uint32_t domain_flags(domid_t domid);

/** Wait until the flags in mask are as wanted, or (~0, 0) the domain is gone.
 */
bool domain_wait_flags(domid_t domid, uint32_t mask, uint32_t wanted);

/* What must be as before when all domains of a test are gone. */
struct host_count {
    uint64_t free_pages;
    uint64_t own_pages;
    uint64_t nr_domains;
};

/** Count, when nothing changes any more. */
void host_count(struct host_count *count);

/** Check it, after a wait of at most some seconds. */
void host_check(const char *name, const struct host_count *before);

/* ---- domain.c: domains from creation to destruction ------------------- */

/** What domain_create() takes if it is given nothing. */
void domain_config(struct xen_domctl_createdomain *config);

/** createdomain, max_vcpus, max_mem, address size. Returns the first error. */
long domain_create(struct domain *d,
                   const struct xen_domctl_createdomain *config);

/** Memory, image, tables (not pinned), start_info, mailbox. */
void domain_load(struct domain *d);

/** Pin the L4 table. Returns the result. */
long domain_pin(const struct domain *d);

/** The context that starts the kernel. */
void domain_context(const struct domain *d, struct vcpu_guest_context *context);
long domain_set_context(domid_t domid, unsigned int vcpu,
                        struct vcpu_guest_context *context);
long domain_get_context(domid_t domid, unsigned int vcpu,
                        struct vcpu_guest_context *context);

/** All of the above, then unpause. Ends the test if anything fails. */
void domain_build(struct domain *d,
                  const struct xen_domctl_createdomain *config);

/** Give the mailbox back: the control domain maps nothing of it then. */
void domain_unmap(struct domain *d);

/** Unmap, destroy, wait until the id is free. */
void domain_destroy(struct domain *d);

/** Have the hypervisor's pools of small objects grow to what a few domains at
 * once need, so that host_count() before and after a test agree. */
void host_warm_up(void);

/* ---- run.c: functions that run in a domain ---------------------------- */

/** Start a function in it; it must not run one already. */
void domain_start(struct domain *d, void (*function)(void));

/** Print what its checks have said so far; they count. */
void domain_drain(struct domain *d);

/** Wait until the function has returned; a failed check if it does not. */
void domain_finish(struct domain *d);

/** Both. */
void domain_run(struct domain *d, void (*function)(void));

#endif
