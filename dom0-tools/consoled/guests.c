/* SPDX-License-Identifier: MIT */
/*
 * Guests from the store; see guests.h.
 *
 * Each domain's console nodes are watched, as they come after the domain. A
 * store daemon that goes away is waited for; guests are served meanwhile.
 */
#include "consoled/guests.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <uuid/uuid.h>
#include <xenstore.h>

#include "public/sched.h"

#include "consoled/channel.h"
#include "consoled/client.h"
#include "consoled/guest.h"
#include "consoled/hypervisor_log.h"
#include "consoled/message.h"
#include "consoled/pty.h"
#include "lib/domctl.h"
#include "lib/evtchn_dev.h"
#include "lib/sysctl.h"
#include "toolstack/domain.h"

#define MAX_DOMAINS DOMID_FIRST_RESERVED
#define MAX_PORTS   128

/* Of the store, at once: guests make some of them. */
#define MAX_EVENTS 256
#define RETRY_MS   1000

static struct xs_handle *xs;
static bool watched[MAX_DOMAINS]; /* its console's nodes */
static uint64_t retry_at_ms;      /* 0: nothing to try again */
static bool retry_guests;
static bool store_has_more; /* events that came, but had to wait */

static void store_ready(struct poller *p, uint32_t events);
static struct poller store = {.fd = -1, .ready = store_ready};
static struct consoled *consoled;

static void retry_later(void)
{
    if (!retry_at_ms)
        retry_at_ms = clock_ms() + RETRY_MS;
}

/* A node of a domain's home, as text that the caller frees, or NULL. */
static char *home_read(unsigned int domid, const char *node)
{
    char path[96];

    snprintf(path, sizeof(path), "/local/domain/%u/%s", domid, node);
    return xs_read(xs, XBT_NULL, path, NULL);
}

static bool home_number(unsigned int domid, const char *node, uint64_t *out)
{
    char *text = home_read(domid, node), *end;
    bool found = false;

    if (text) {
        errno = 0;
        *out = strtoull(text, &end, 10);
        found = !errno && end != text && !*end && *text != '-';
    }
    free(text);
    return found;
}

/* Another program serves it: an emulator, say. */
static bool is_of_another(unsigned int domid)
{
    char *type = home_read(domid, "console/type");
    bool another = type && strcmp(type, "xenconsoled") != 0;

    free(type);
    return another;
}

static void tty_write(struct guest *g)
{
    char path[96], tty[PTY_PATH_SIZE];

    if (g->number) {
        channel_tty_write(xs, g);
        return;
    }
    pty_path(g, tty);
    snprintf(path, sizeof(path), "/local/domain/%u/console/tty", g->domid);
    if (*tty && !xs_write(xs, XBT_NULL, path, tty, (unsigned int)strlen(tty)))
        message("xenstore: can't write %s: %s", path, strerror(errno));
}

static void owner_read(struct consoled *d, unsigned int domid,
                       const struct xen_domctl_getdomaininfo *info,
                       struct history_owner *owner)
{
    char *name = home_read(domid, "name");

    *owner = (struct history_owner){.domid = domid};
    uuid_unparse_lower(info->handle, owner->uuid);
    snprintf(owner->boot, sizeof(owner->boot), "%s", d->boot);
    snprintf(owner->name, sizeof(owner->name), "%s", name ? name : "");
    free(name);
}

/* Serve a domain, if it is there and has a console for us. */
static void guest_try(struct consoled *d, unsigned int domid)
{
    struct xen_domctl_getdomaininfo info;
    struct history_owner owner;
    uint64_t port, frame = 0;
    struct guest *g;
    int rc;

    if (!home_number(domid, "console/port", &port) || port > UINT32_MAX ||
        is_of_another(domid) ||
        domctl_info(d->privcmd, (domid_t)domid, &info, NULL) ||
        info.flags & XEN_DOMINF_dying)
        return;
    home_number(domid, "console/ring-ref", &frame);
    owner_read(d, domid, &info, &owner);
    rc = guest_begin(d, &owner, (uint32_t)port, frame, &g);
    if (rc) {
        message("%s (%u): can't serve its console: %s", owner.name, domid,
                strerror(-rc));
        retry_guests = true;
        retry_later();
        return;
    }
    tty_write(g);
    clients_attach(g);
    channels_find(xs, g);
    if (info.flags & XEN_DOMINF_shutdown && domain_has_ended(&info))
        guest_over(g, (int)domain_shutdown_reason(&info));
}

static void console_changed(struct consoled *d, unsigned int domid)
{
    struct guest *g = guest_find(d, domid, 0);
    uint64_t port;

    if (g && home_number(domid, "console/port", &port) &&
        port != g->remote_port) {
        guest_end(g, HISTORY_DESTROYED);
        g = NULL;
    }
    if (g)
        channels_find(xs, g);
    else
        guest_try(d, domid);
}

static void console_watch(unsigned int domid)
{
    char path[64], token[16];

    if (watched[domid])
        return;
    snprintf(path, sizeof(path), "/local/domain/%u/console", domid);
    snprintf(token, sizeof(token), "c%u", domid);
    /* Its first event comes at once. */
    watched[domid] = xs_watch(xs, path, token);
}

static void console_unwatch(unsigned int domid)
{
    char path[64], token[16];

    if (!watched[domid])
        return;
    snprintf(path, sizeof(path), "/local/domain/%u/console", domid);
    snprintf(token, sizeof(token), "c%u", domid);
    xs_unwatch(xs, path, token);
    channels_forget(xs, domid);
    watched[domid] = false;
}

static void domains_come(void)
{
    unsigned int nr, i;
    char **names = xs_directory(xs, XBT_NULL, "/local/domain", &nr);

    for (i = 0; names && i < nr; i++) {
        char *end;
        unsigned long domid = strtoul(names[i], &end, 10);

        if (end != names[i] && !*end && domid && domid < MAX_DOMAINS)
            console_watch((unsigned int)domid);
    }
    free(names);
}

/* All consoles of one that has ended. */
static void domain_over(struct consoled *d,
                        const struct xen_domctl_getdomaininfo *info)
{
    int reason = (int)domain_shutdown_reason(info);
    struct guest *g;

    for (g = d->guests; g; g = g->next) {
        if (g->domid != info->domain)
            continue;
        if (domain_has_ended(info))
            guest_over(g, reason);
        g->history.head->reason = reason;
    }
}

/* Those that are not in the hypervisor's list, or are on their way out. */
static void domains_go(struct consoled *d)
{
    struct xen_domctl_getdomaininfo *list;
    static bool there[MAX_DOMAINS];
    struct guest *g, *next;
    unsigned int domid;
    size_t nr, i;

    if (sysctl_domains(d->privcmd, &list, &nr, NULL))
        return;
    memset(there, 0, sizeof(there));
    for (i = 0; i < nr; i++) {
        if (list[i].flags & XEN_DOMINF_shutdown)
            domain_over(d, &list[i]);
        there[list[i].domain % MAX_DOMAINS] =
            !(list[i].flags & XEN_DOMINF_dying);
    }
    free(list);
    for (g = d->guests; g; g = next) {
        next = g->next;
        if (!there[g->domid])
            guest_end(g, HISTORY_DESTROYED);
    }
    for (domid = 1; domid < MAX_DOMAINS; domid++)
        if (!there[domid])
            console_unwatch(domid);
}

static void store_event(struct consoled *d, const char *token)
{
    if (!strcmp(token, "come"))
        domains_come();
    else if (!strcmp(token, "go"))
        domains_go(d);
    else if (*token == 'c')
        console_changed(d, (unsigned int)strtoul(token + 1, NULL, 10));
    else
        channel_event(d, token);
}

static void store_lost(void)
{
    message("xenstore: the daemon has gone; waiting for another");
    poller_remove(&store);
    store.fd = -1;
    xs_close(xs);
    xs = NULL;
    memset(watched, 0, sizeof(watched));
    channels_forget_all();
    retry_later();
}

static void store_ready(struct poller *p, uint32_t events)
{
    unsigned int nr = 0;
    char **event = NULL;

    (void)p, (void)events;
    store_has_more = false;
    while (nr++ < MAX_EVENTS && (event = xs_check_watch(xs))) {
        store_event(consoled, event[XS_WATCH_TOKEN]);
        free(event);
    }
    if (event)
        store_has_more = true;
    else if (errno != EAGAIN)
        store_lost();
    if (xs)
        channels_look(consoled, xs);
}

static int store_connect(void)
{
    xs = xs_open(0);
    if (!xs)
        return errno ? -errno : -EIO;
    if (!xs_watch(xs, "@introduceDomain", "come") ||
        !xs_watch(xs, "@releaseDomain", "go")) {
        int rc = -errno;

        xs_close(xs);
        xs = NULL;
        return rc;
    }
    store.fd = xs_fileno(xs);
    /* What came along with the answers makes no descriptor readable. */
    retry_at_ms = 0;
    return poller_add(&store, EPOLLIN);
}

/* Guests' terminals are in no store that has begun anew. */
static void ttys_write(struct consoled *d)
{
    struct guest *g;

    for (g = d->guests; g; g = g->next)
        tty_write(g);
}

int guests_open(struct consoled *d)
{
    int rc;

    consoled = d;
    rc = store_connect();
    if (!rc)
        store_ready(&store, 0);
    return rc;
}

void guests_events(struct consoled *d)
{
    uint32_t ports[MAX_PORTS];
    int nr = evtchn_dev_pending(d->evtchn, ports, MAX_PORTS), i;

    for (i = 0; i < nr; i++) {
        struct guest *g = d->guests;

        while (g && g->port != ports[i])
            g = g->next;
        if (g)
            guest_event(g);
        else
            hypervisor_log_event(d, ports[i]);
    }
}

void guests_reopen_logs(struct consoled *d)
{
    struct guest *g;

    for (g = d->guests; g; g = g->next)
        guest_reopen_log(g);
    hypervisor_log_reopen(d);
}

void guests_retry(struct consoled *d)
{
    unsigned int domid;

    if (store_has_more)
        store_ready(&store, 0);
    if (!retry_at_ms || clock_ms() < retry_at_ms)
        return;
    retry_at_ms = 0;
    if (!xs) {
        if (store_connect()) {
            retry_later();
            return;
        }
        message("xenstore: connected again");
        ttys_write(d);
        store_ready(&store, 0);
    }
    if (!retry_guests || !xs)
        return;
    retry_guests = false;
    for (domid = 1; domid < MAX_DOMAINS; domid++)
        if (watched[domid] && !guest_find(d, domid, 0))
            guest_try(d, domid);
}

int guests_timeout(void)
{
    uint64_t now = clock_ms();

    if (store_has_more)
        return 0;
    if (!retry_at_ms)
        return -1;
    return retry_at_ms > now ? (int)(retry_at_ms - now) : 0;
}
