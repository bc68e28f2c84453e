/* SPDX-License-Identifier: MIT */
/*
 * xenstored on bytes that it did not make. The name of the program picks one:
 *
 *   xenstore_message  requests of a domain, as one stream: the parser of
 * messages and all operations xenstore_ring     the domain's whole page,
 * changed again and again xenstore_journal  records of a journal
 *
 * Each input starts with an empty store and two domains, and ends without them:
 * then nothing may be left that was counted, except for what a journal made up.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "conn_socket.h"
#include "domain.h"
#include "journal.h"
#include "journal_file.h"
#include "ops.h"
#include "quota.h"
#include "xen_dev.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NR_DOMAINS 3
#define PORT       10 /* + domid */

static struct xenstore_domain_interface page[NR_DOMAINS];

/* The hypervisor. */

int xen_open(void)
{
    return 0;
}

void xen_close(void)
{
}

int xen_evtchn_fd(void)
{
    return -1;
}

unsigned int xen_evtchn_pending(uint32_t port[], unsigned int max)
{
    (void)port, (void)max;
    return 0;
}

void xen_evtchn_unmask(uint32_t port)
{
    (void)port;
}

int xen_evtchn_bind(domid_t domid, uint32_t remote_port)
{
    (void)remote_port;
    return PORT + domid;
}

int xen_evtchn_bind_virq(uint32_t virq)
{
    (void)virq;
    return 1;
}

void xen_evtchn_unbind(uint32_t port)
{
    (void)port;
}

void xen_evtchn_notify(uint32_t port)
{
    (void)port;
}

struct xenstore_domain_interface *xen_map_ring(domid_t domid)
{
    return domid < NR_DOMAINS ? &page[domid] : NULL;
}

struct xenstore_domain_interface *xen_map_own_ring(uint32_t *port_out)
{
    (void)port_out;
    return NULL;
}

void xen_unmap_ring(struct xenstore_domain_interface *ring)
{
    (void)ring;
}

int xen_domain_state(domid_t domid, struct xen_domain_state *out)
{
    *out = (struct xen_domain_state){.dying = false};
    return domid < NR_DOMAINS ? 0 : -ESRCH;
}

/* The main loop. */

void poller_add(struct poller *p, uint32_t events)
{
    (void)p, (void)events;
}

void poller_change(struct poller *p, uint32_t events)
{
    (void)p, (void)events;
}

/* The journal's files: records come from the input. */

static const uint8_t *records;
static size_t records_len;

int journal_file_open(const char *folder, record_fn *fn)
{
    struct record_head head;

    (void)folder;
    while (records_len >= sizeof(head)) {
        memcpy(&head, records, sizeof(head));
        records += sizeof(head);
        records_len -= sizeof(head);
        if (head.len > records_len)
            head.len = records_len;
        if (!fn(&head, (const char *)records))
            break;
        records += head.len;
        records_len -= head.len;
    }
    return 1;
}

void journal_file_begin(struct buf *batch)
{
    buf_take(batch, batch->len);
}

void journal_file_append(struct buf *batch)
{
    buf_take(batch, batch->len);
}

bool journal_file_is_long(void)
{
    return false;
}

bool journal_file_busy(void)
{
    return false;
}

void journal_file_work(size_t bytes)
{
    (void)bytes;
}

void journal_file_close(void)
{
}

static void round_of_loop(void)
{
    conn_run();
    conn_log();
    journal_commit();
    conn_flush();
}

static void introduce(domid_t domid)
{
    struct domain *d = domain_add(domid);
    char home[64];
    struct perm perm = {.domid = domid};
    struct change c = {.type = CHANGE_MKDIR, .path = home};

    memset(&page[domid], 0, sizeof(page[domid]));
    d->remote_port = 1;
    d->introduced = true;
    snprintf(home, sizeof(home), "/local/domain/%u", domid);
    ops_change(&c);
    c = (struct change){.type = CHANGE_PERMS,
                        .path = home,
                        .data = (char *)&perm,
                        .len = sizeof(perm)};
    ops_change(&c);
}

static void begin(void)
{
    ops_init();
    introduce(1);
    introduce(2);
    domain_connect();
    round_of_loop();
}

/* The domain takes all that it was sent. */
static void take_replies(struct xenstore_domain_interface *p)
{
    p->rsp_cons = p->rsp_prod;
    domain_event(PORT + 1);
    round_of_loop();
}

static void fuzz_message(const uint8_t *data, size_t size)
{
    struct xenstore_domain_interface *p = &page[1];
    int idle = 0;

    while (size && !p->error && idle < 64) {
        uint32_t room = XENSTORE_RING_SIZE - (p->req_prod - p->req_cons);

        idle = room ? 0 : idle + 1;
        for (; room && size; room--, size--)
            p->req[MASK_XENSTORE_IDX(p->req_prod++)] = *data++;
        take_replies(p);
    }
    for (int i = 0; i < 64; i++)
        take_replies(p);
}

static void fuzz_ring(const uint8_t *data, size_t size)
{
    struct xenstore_domain_interface *p = &page[1];

    /* Offset, length and bytes of each change. */
    while (size > 3) {
        size_t at = (data[0] | data[1] << 8) % sizeof(*p), len = data[2] % 64;

        data += 3;
        size -= 3;
        if (len > size)
            len = size;
        if (len > sizeof(*p) - at)
            len = sizeof(*p) - at;
        memcpy((char *)p + at, data, len);
        data += len;
        size -= len;
        domain_event(PORT + 1);
        for (int i = 0; i < 4; i++)
            round_of_loop();
    }
}

static void fuzz_journal(const uint8_t *data, size_t size)
{
    records = data;
    records_len = size;
    if (journal_open("") < 0)
        abort();
    domain_connect();
    journal_begin();
    for (int i = 0; i < 4; i++)
        round_of_loop();
}

static void (*target)(const uint8_t *data, size_t size) = fuzz_message;

static void end(void)
{
    struct domain *d;

    list_for_each_entry(d, &domain_all, struct domain, link) {
        domid_t domid = d->domid;

        domain_del(d);
        ops_remove_owned(domid);
        for (int q = QUOTA_NODES; q <= QUOTA_OUTSTANDING; q++)
            if (quota_used(domid, q) && domid && target != fuzz_journal) {
                fprintf(stderr, "domain %u: %lu of %s left\n", domid,
                        quota_used(domid, q), quota_info[q].name);
                abort();
            }
    }
    node_put(store_root);
    quota_add(0, QUOTA_NODES, -(long)quota_used(0, QUOTA_NODES));
    quota_add(0, QUOTA_MEMORY, -(long)quota_used(0, QUOTA_MEMORY));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = strrchr((*argv)[0], '_');

    (void)argc;
    if (name && !strcmp(name, "_ring"))
        target = fuzz_ring;
    else if (name && !strcmp(name, "_journal"))
        target = fuzz_journal;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    begin();
    target(data, size);
    end();
    return 0;
}
