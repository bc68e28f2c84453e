/* SPDX-License-Identifier: MIT */
/* The store of the fake port: a flat list of nodes, one transaction at a time.
 */
#include "fake_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_NODES   512U
#define MAX_WATCHES 64U
#define MAX_DUE     4096U

struct node {
    char path[256];
    char value[256];
};

static struct node nodes[MAX_NODES];
static unsigned int nr_nodes;

/* Of a transaction, until it ends. */
static struct node saved[MAX_NODES];
static unsigned int nr_saved;
static bool open_transaction;
static domid_t transaction_of;
static unsigned int interfere;

struct watch {
    struct os_watch *watch;
    domid_t domid;
    char path[256];
};

static struct watch watches[MAX_WATCHES];

struct due {
    struct os_watch *watch;
    domid_t domid;
    char path[256]; /* as the watch sees it */
};

static struct due dues[MAX_DUE];
static unsigned int nr_dues;

/* From the domain's home, unless it begins at the root. */
static void absolute(const char *path, char *out, size_t size)
{
    if (*path == '/')
        snprintf(out, size, "%s", path);
    else
        snprintf(out, size, "/local/domain/%u/%s", fake_current(), path);
}

static bool is_below(const char *path, const char *above)
{
    size_t length = strlen(above);

    return !memcmp(path, above,
                   length < strlen(path) ? length : strlen(path)) &&
           strlen(path) >= length &&
           (path[length] == '\0' || path[length] == '/');
}

static struct node *find(const char *path)
{
    for (unsigned int i = 0; i < nr_nodes; i++)
        if (!strcmp(nodes[i].path, path))
            return &nodes[i];
    return NULL;
}

static void due_add(const struct watch *w, const char *path)
{
    struct due *d = &dues[nr_dues++];

    if (nr_dues == MAX_DUE)
        abort();
    d->watch = w->watch;
    d->domid = w->domid;
    /* In the form in which the watch was set. */
    snprintf(d->path, sizeof(d->path), "%s%s", w->watch->path,
             path + strlen(w->path));
}

/* Those on the node, and on nodes below one that was removed. */
static void fire(const char *path, bool removed)
{
    for (unsigned int i = 0; i < MAX_WATCHES; i++) {
        const struct watch *w = &watches[i];

        if (!w->watch)
            continue;
        if (is_below(path, w->path))
            due_add(w, path);
        else if (removed && is_below(w->path, path))
            due_add(w, w->path);
    }
}

static void set(const char *path, const char *value)
{
    struct node *n = find(path);

    if (!n) {
        n = &nodes[nr_nodes++];
        if (nr_nodes == MAX_NODES)
            abort();
        snprintf(n->path, sizeof(n->path), "%s", path);
    }
    snprintf(n->value, sizeof(n->value), "%s", value);
    fire(path, false);
}

static bool remove_below(const char *path)
{
    unsigned int left = 0, before = nr_nodes;

    for (unsigned int i = 0; i < nr_nodes; i++)
        if (!is_below(nodes[i].path, path))
            nodes[left++] = nodes[i];
    nr_nodes = left;
    if (left != before)
        fire(path, true);
    return left != before;
}

int os_store_read(uint32_t transaction, const char *path, char *value,
                  size_t size)
{
    char node[256];
    const struct node *n;

    (void)transaction;
    fake_store_call();
    absolute(path, node, sizeof(node));
    n = find(node);
    if (!n)
        return -XEN_ENOENT;
    if (strlen(n->value) >= size)
        return -XEN_E2BIG;
    memcpy(value, n->value, strlen(n->value) + 1);
    return 0;
}

int os_store_write(uint32_t transaction, const char *path, const char *value)
{
    char node[256];

    (void)transaction;
    fake_store_call();
    absolute(path, node, sizeof(node));
    set(node, value);
    return 0;
}

int os_store_remove(uint32_t transaction, const char *path)
{
    char node[256];

    (void)transaction;
    fake_store_call();
    absolute(path, node, sizeof(node));
    return remove_below(node) ? 0 : -XEN_ENOENT;
}

int os_store_list(const char *path, char *names, size_t size)
{
    (void)path, (void)names, (void)size;
    return -XEN_ENOSYS; /* no driver asks */
}

int os_store_begin(uint32_t *transaction_out)
{
    fake_store_call();
    memcpy(saved, nodes, sizeof(saved));
    nr_saved = nr_nodes;
    open_transaction = true;
    transaction_of = fake_current();
    *transaction_out = 1;
    return 0;
}

static void undo(void)
{
    memcpy(nodes, saved, sizeof(saved));
    nr_nodes = nr_saved;
}

int os_store_end(uint32_t transaction, bool abort_it)
{
    (void)transaction;
    fake_store_call();
    open_transaction = false;
    if (!abort_it && !interfere)
        return 0;
    undo();
    if (abort_it)
        return 0;
    interfere--;
    return -XEN_EAGAIN;
}

int os_store_watch(struct os_watch *watch)
{
    fake_store_call();
    if (fake_fails())
        return -XEN_ENOSPC;
    for (unsigned int i = 0; i < MAX_WATCHES; i++) {
        struct watch *w = &watches[i];

        if (w->watch)
            continue;
        w->watch = watch;
        w->domid = fake_current();
        absolute(watch->path, w->path, sizeof(w->path));
        due_add(w, w->path);
        return 0;
    }
    return -XEN_ENOSPC;
}

static void forget(const struct os_watch *watch)
{
    unsigned int left = 0;

    for (unsigned int i = 0; i < nr_dues; i++)
        if (dues[i].watch != watch)
            dues[left++] = dues[i];
    nr_dues = left;
}

void os_store_unwatch(struct os_watch *watch)
{
    fake_store_call();
    for (unsigned int i = 0; i < MAX_WATCHES; i++)
        if (watches[i].watch == watch)
            watches[i].watch = NULL;
    forget(watch);
}

/* The first event of each domain: its order is kept. */
static unsigned int heads(unsigned int at[])
{
    unsigned int nr = 0;
    bool seen[8] = {false};

    for (unsigned int i = 0; i < nr_dues; i++) {
        if (seen[dues[i].domid])
            continue;
        seen[dues[i].domid] = true;
        at[nr++] = i;
    }
    return nr;
}

unsigned int fake_watches_due(void)
{
    unsigned int at[8];

    return heads(at);
}

void fake_watches_do(unsigned int which)
{
    unsigned int at[8];
    struct due d;

    heads(at);
    d = dues[at[which]];
    nr_dues--;
    for (unsigned int i = at[which]; i < nr_dues; i++)
        dues[i] = dues[i + 1];
    fake_enter(d.domid);
    d.watch->fn(d.watch->arg, d.path);
}

const char *fake_store_get(const char *path)
{
    const struct node *n = find(path);

    return n ? n->value : "";
}

void fake_store_set(const char *path, const char *value)
{
    if (value)
        set(path, value);
    else
        remove_below(path);
}

void fake_store_set_number(const char *path, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%lu", value);
    set(path, text);
}

void fake_store_interfere(unsigned int nr)
{
    interfere = nr;
}

void fake_store_begin(void)
{
    open_transaction = false;
    nr_nodes = 0;
    nr_dues = 0;
    interfere = 0;
}

void fake_store_kill(domid_t domid)
{
    if (open_transaction && transaction_of == domid)
        undo();
    if (transaction_of == domid)
        open_transaction = false;
    for (unsigned int i = 0; i < MAX_WATCHES; i++) {
        if (!watches[i].watch || watches[i].domid != domid)
            continue;
        forget(watches[i].watch);
        watches[i].watch = NULL;
    }
}

bool fake_store_end(void)
{
    bool good = true;

    for (unsigned int i = 0; i < MAX_WATCHES; i++) {
        if (!watches[i].watch)
            continue;
        fprintf(stderr, "domain %u has left the watch %s\n", watches[i].domid,
                watches[i].path);
        watches[i].watch = NULL;
        good = false;
    }
    return good;
}
