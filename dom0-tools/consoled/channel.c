/* SPDX-License-Identifier: MIT */
/*
 * Further consoles in the store; see channel.h.
 *
 * The guest can change all that its folder says at any time. Its changes are
 * only noted as they come; each console is looked at once for all of them.
 */
#include "consoled/channel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "public/io/xenbus.h"
#include "public/xen.h"

#include "consoled/client.h"
#include "consoled/message.h"
#include "consoled/protocol.h"
#include "consoled/pty.h"

#define MAX_DOMAINS DOMID_FIRST_RESERVED
#define PATH_SIZE   96

/* A transaction that others' changes undo is tried again so often. */
#define MAX_TRIES 16

static bool was_found[MAX_DOMAINS];   /* its consoles are known */
static uint32_t watched[MAX_DOMAINS]; /* a bit for each of its consoles */
static bool any_changed;

static void front_path(const struct guest *g, const char *node, char *path)
{
    snprintf(path, PATH_SIZE, "/local/domain/%u/device/console/%u%s", g->domid,
             g->number, node);
}

static void back_path(unsigned int domid, unsigned int number, const char *node,
                      char *path)
{
    snprintf(path, PATH_SIZE, "/local/domain/0/backend/console/%u/%u%s", domid,
             number, node);
}

/* A node that is a number. */
static bool number_read(struct xs_handle *xs, xs_transaction_t t,
                        const char *path, uint32_t *out)
{
    char *text = xs_read(xs, t, path, NULL), *end;
    unsigned long value = 0;
    bool found = false;

    if (text) {
        errno = 0;
        value = strtoul(text, &end, 10);
        found = !errno && end != text && !*end && *text != '-' &&
                value <= UINT32_MAX;
    }
    free(text);
    *out = (uint32_t)value;
    return found;
}

static bool back_says(struct xs_handle *xs, unsigned int domid,
                      unsigned int number, const char *node, const char *what)
{
    char path[PATH_SIZE], *text;
    bool same;

    back_path(domid, number, node, path);
    text = xs_read(xs, XBT_NULL, path, NULL);
    same = text && !strcmp(text, what);
    free(text);
    return same;
}

/* Write a node, but only where it is: what the toolstack has removed stays
 * away. */
static void node_update(struct xs_handle *xs, const char *path,
                        const char *value)
{
    unsigned int size, tries = 0;
    xs_transaction_t t;
    bool done;
    char *is;

    do {
        t = xs_transaction_start(xs);
        is = t == XBT_NULL ? NULL : xs_read(xs, t, path, &size);
        if (is && strcmp(is, value))
            xs_write(xs, t, path, value, (unsigned int)strlen(value));
        done = t == XBT_NULL || xs_transaction_end(xs, t, !is);
        free(is);
    } while (!done && errno == EAGAIN && ++tries < MAX_TRIES);
}

static void state_write(struct xs_handle *xs, const struct guest *g,
                        unsigned int state)
{
    char path[PATH_SIZE], text[12];

    back_path(g->domid, g->number, "/state", path);
    snprintf(text, sizeof(text), "%u", state);
    node_update(xs, path, text);
}

void channel_tty_write(struct xs_handle *xs, const struct guest *g)
{
    char path[PATH_SIZE], tty[PTY_PATH_SIZE];

    front_path(g, "/tty", path);
    pty_path(g, tty);
    if (*tty)
        node_update(xs, path, tty);
}

/* Once for each console: what guests write there must not fill a log. */
static void refuse(struct guest *g, const char *why)
{
    if (!g->is_broken)
        message("%s (%u): can't serve its console %u: %s",
                g->history.head->name, g->domid, g->number, why);
    g->is_broken = true;
}

/* Its driver offers a ring. */
static void ring_take(struct xs_handle *xs, struct guest *g, bool goes_on)
{
    char path[PATH_SIZE];
    uint32_t ref, port;
    int rc;

    front_path(g, "/ring-ref", path);
    if (!number_read(xs, XBT_NULL, path, &ref)) {
        refuse(g, "no ring-ref");
        return;
    }
    front_path(g, "/port", path);
    if (!number_read(xs, XBT_NULL, path, &port)) {
        refuse(g, "no port");
        return;
    }
    if (g->port && (g->ref != ref || g->remote_port != port))
        guest_disconnect(g);
    if (!g->port && (rc = guest_connect(g, port, ref, goes_on))) {
        refuse(g, strerror(-rc));
        return;
    }
    state_write(xs, g, XenbusStateConnected);
}

static void channel_look(struct xs_handle *xs, struct guest *g)
{
    char path[PATH_SIZE];
    uint32_t front, back;

    front_path(g, "/state", path);
    if (!number_read(xs, XBT_NULL, path, &front))
        front = XenbusStateUnknown;
    back_path(g->domid, g->number, "/state", path);
    if (!number_read(xs, XBT_NULL, path, &back))
        back = XenbusStateUnknown;
    switch (front) {
    case XenbusStateInitialising:
        guest_disconnect(g);
        state_write(xs, g, XenbusStateInitWait);
        break;
    case XenbusStateInitialised:
    case XenbusStateConnected:
        /* Where both ends are connected, and this one does not know of it, a
         * predecessor was. */
        ring_take(xs, g, front == back);
        break;
    default:
        guest_disconnect(g);
        state_write(xs, g, XenbusStateClosed);
        break;
    }
}

void channels_look(struct consoled *d, struct xs_handle *xs)
{
    struct guest *g;

    if (!any_changed)
        return;
    any_changed = false;
    for (g = d->guests; g; g = g->next)
        if (g->is_changed) {
            g->is_changed = false;
            channel_look(xs, g);
        }
}

void channel_event(struct consoled *d, const char *token)
{
    unsigned int domid, number;
    struct guest *g;

    if (sscanf(token, "d%u.%u", &domid, &number) != 2)
        return;
    g = guest_find(d, domid, number);
    if (g)
        g->is_changed = any_changed = true;
}

static void watch_change(struct xs_handle *xs, unsigned int domid,
                         unsigned int number, bool begin)
{
    char path[PATH_SIZE], token[24];

    snprintf(path, sizeof(path), "/local/domain/%u/device/console/%u", domid,
             number);
    snprintf(token, sizeof(token), "d%u.%u", domid, number);
    if (!begin)
        xs_unwatch(xs, path, token);
    else if (xs_watch(xs, path, token)) /* its first event comes at once */
        watched[domid] |= 1u << number;
}

/* What the first console's history says of its owner. */
static struct history_owner owner_of(const struct guest *first,
                                     unsigned int number)
{
    const struct history_head *head = first->history.head;
    struct history_owner owner = {.domid = first->domid, .number = number};

    snprintf(owner.uuid, sizeof(owner.uuid), "%.36s", head->uuid);
    snprintf(owner.boot, sizeof(owner.boot), "%.36s", head->boot);
    snprintf(owner.name, sizeof(owner.name), "%s", head->name);
    return owner;
}

/* Serve one, unless it is another program's to serve. */
static void channel_begin(struct xs_handle *xs, struct guest *first,
                          unsigned int number)
{
    struct guest *g = guest_find(first->d, first->domid, number);
    struct history_owner owner = owner_of(first, number);
    int rc;

    if (!back_says(xs, first->domid, number, "/type", "xenconsoled"))
        return;
    if (!g) {
        rc = guest_make(
            first->d, &owner,
            back_says(xs, first->domid, number, "/connection", "socket"), &g);
        if (rc) {
            message("%s (%u): can't serve its console %u: %s", owner.name,
                    owner.domid, number, strerror(-rc));
            return;
        }
        clients_attach(g);
    }
    channel_tty_write(xs, g);
    watch_change(xs, first->domid, number, true);
}

void channels_find(struct xs_handle *xs, struct guest *first)
{
    char path[PATH_SIZE], **names;
    unsigned int nr = 0, i;

    if (was_found[first->domid])
        return;
    was_found[first->domid] = true;
    snprintf(path, sizeof(path), "/local/domain/0/backend/console/%u",
             first->domid);
    names = xs_directory(xs, XBT_NULL, path, &nr);
    for (i = 0; names && i < nr; i++) {
        unsigned long number = strtoul(names[i], NULL, 10);

        if (number && number < CONSOLED_MAX_CONSOLES)
            channel_begin(xs, first, (unsigned int)number);
    }
    free(names);
}

void channels_forget(struct xs_handle *xs, unsigned int domid)
{
    unsigned int number;

    for (number = 1; watched[domid] && number < CONSOLED_MAX_CONSOLES; number++)
        if (watched[domid] & 1u << number)
            watch_change(xs, domid, number, false);
    watched[domid] = 0;
    was_found[domid] = false;
}

void channels_forget_all(void)
{
    memset(was_found, 0, sizeof(was_found));
    memset(watched, 0, sizeof(watched));
}
