/* SPDX-License-Identifier: MIT */
/*
 * A store for unit tests: the client library's interface over a list of nodes
 * in this program. A transaction acts at once, and an abort takes back what was
 * done since it began; watches fire on every change.
 */
#include "fake_dom0.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <xenstore.h>

#include "xenstore/client/batch.h"

#define MAX_NODES 1024

struct node {
    char *path;
    char *value;
    char perms[64];
};

static struct node nodes[MAX_NODES];
static unsigned int nr_nodes;
/* As they were when a transaction began. */
static struct node before[MAX_NODES];
static unsigned int nr_before;
static int open_error;
static unsigned int requests, fail_at;
static int fail_error;
static void (*watcher)(const char *path, const char *value);

struct xs_handle {
    int fd;
    bool watched;
    bool event;
};

static struct node *node_find(const char *path)
{
    unsigned int i;

    for (i = 0; i < nr_nodes; i++)
        if (!strcmp(nodes[i].path, path))
            return &nodes[i];
    return NULL;
}

static bool is_below(const char *path, const char *parent)
{
    size_t len = strlen(parent);

    return !strncmp(path, parent, len) && (!path[len] || path[len] == '/');
}

static void node_free(struct node *n)
{
    free(n->path);
    free(n->value);
    *n = nodes[--nr_nodes];
}

static struct node *node_make(const char *path)
{
    struct node *n = node_find(path);
    char *slash, *parent;

    if (n)
        return n;
    if (nr_nodes == MAX_NODES)
        abort();
    parent = strdup(path);
    slash = strrchr(parent, '/');
    if (slash > parent) {
        *slash = 0;
        node_make(parent);
    }
    n = &nodes[nr_nodes++];
    *n = (struct node){.path = strdup(path), .value = strdup("")};
    *slash = 0;
    snprintf(n->perms, sizeof(n->perms), "%s",
             slash > parent ? node_find(parent)->perms : "n0");
    free(parent);
    return n;
}

void fake_store_set(const char *path, const char *value)
{
    struct node *n;

    if (!path) {
        while (nr_nodes)
            node_free(&nodes[nr_nodes - 1]);
        open_error = 0;
        requests = fail_at = 0;
        watcher = NULL;
        return;
    }
    n = node_make(path);
    free(n->value);
    n->value = strdup(value);
}

const char *fake_store_get(const char *path)
{
    struct node *n = node_find(path);

    return n ? n->value : NULL;
}

unsigned int fake_store_count(const char *path)
{
    unsigned int i, nr = 0;

    for (i = 0; i < nr_nodes; i++)
        nr += is_below(nodes[i].path, path);
    return nr;
}

const char *fake_store_perms(const char *path)
{
    struct node *n = node_find(path);

    return n ? n->perms : "";
}

void fake_store_fail(int error)
{
    open_error = error;
}

void fake_store_request_fail(unsigned int n, int error)
{
    fail_at = n ? requests + n : 0;
    fail_error = error;
}

unsigned int fake_store_requests(void)
{
    return requests;
}

void fake_store_watcher(void (*fn)(const char *path, const char *value))
{
    watcher = fn;
}

/* Counts a request; says whether it fails, and then sets errno. */
static bool request_fails(void)
{
    if (++requests != fail_at)
        return false;
    errno = fail_error;
    return true;
}

/* The client library. */

struct xs_handle *xs_open(unsigned long flags)
{
    struct xs_handle *h;

    (void)flags;
    if (open_error) {
        errno = open_error;
        return NULL;
    }
    h = calloc(1, sizeof(*h));
    h->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return h;
}

void xs_close(struct xs_handle *h)
{
    if (h)
        close(h->fd);
    free(h);
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
              unsigned int *len)
{
    struct node *n = node_find(path);

    (void)h, (void)t;
    if (request_fails())
        return NULL;
    if (!n) {
        errno = ENOENT;
        return NULL;
    }
    if (len)
        *len = (unsigned int)strlen(n->value);
    return strdup(n->value);
}

static void changed(struct xs_handle *h)
{
    h->event = h->watched;
    if (h->event)
        eventfd_write(h->fd, 1);
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
              const void *data, unsigned int len)
{
    char value[4096];

    (void)t;
    if (request_fails())
        return false;
    snprintf(value, sizeof(value), "%.*s", (int)len, (const char *)data);
    fake_store_set(path, value);
    if (watcher)
        watcher(path, value);
    changed(h);
    return true;
}

bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    (void)h, (void)t;
    if (request_fails())
        return false;
    node_make(path);
    return true;
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    unsigned int i = 0;

    (void)t;
    if (request_fails())
        return false;
    while (i < nr_nodes)
        if (is_below(nodes[i].path, path))
            node_free(&nodes[i]);
        else
            i++;
    changed(h);
    return true;
}

char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path,
                    unsigned int *num)
{
    size_t len = strlen(path), size = 0;
    unsigned int i;
    char **list, *text;

    (void)h, (void)t;
    if (request_fails())
        return NULL;
    if (!node_find(path)) {
        errno = ENOENT;
        return NULL;
    }
    for (i = 0; i < nr_nodes; i++)
        size += strlen(nodes[i].path) + 1;
    list = calloc(1, (nr_nodes + 1) * sizeof(*list) + size);
    text = (char *)(list + nr_nodes + 1);
    *num = 0;
    for (i = 0; i < nr_nodes; i++) {
        const char *name = nodes[i].path + len + 1;

        if (!is_below(nodes[i].path, path) || strlen(nodes[i].path) <= len ||
            strchr(name, '/'))
            continue;
        list[(*num)++] = strcpy(text, name);
        text += strlen(name) + 1;
    }
    return list;
}

bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t,
                        const char *path, struct xs_permissions *perms,
                        unsigned int num_perms)
{
    static const char letters[] = "nrwb";
    struct node *n = node_find(path);
    size_t used = 0;
    unsigned int i;

    (void)h, (void)t;
    if (request_fails())
        return false;
    if (!n) {
        errno = ENOENT;
        return false;
    }
    n->perms[0] = 0;
    for (i = 0; i < num_perms && used < sizeof(n->perms); i++)
        used += (size_t)snprintf(n->perms + used, sizeof(n->perms) - used,
                                 "%s%c%u", i ? "," : "",
                                 letters[perms[i].perms & 3], perms[i].id);
    return true;
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
    (void)path, (void)token;
    if (request_fails())
        return false;
    h->watched = true;
    changed(h);
    return true;
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
    (void)path, (void)token;
    h->watched = h->event = false;
    return true;
}

int xs_fileno(struct xs_handle *h)
{
    return h->fd;
}

char **xs_check_watch(struct xs_handle *h)
{
    eventfd_t count;

    eventfd_read(h->fd, &count);
    if (!h->event) {
        errno = EAGAIN;
        return NULL;
    }
    h->event = false;
    return calloc(2, sizeof(char *));
}

static void before_forget(void)
{
    while (nr_before) {
        free(before[--nr_before].path);
        free(before[nr_before].value);
    }
}

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
    (void)h;
    if (request_fails())
        return XBT_NULL;
    before_forget();
    for (; nr_before < nr_nodes; nr_before++) {
        before[nr_before] = nodes[nr_before];
        before[nr_before].path = strdup(nodes[nr_before].path);
        before[nr_before].value = strdup(nodes[nr_before].value);
    }
    return 1;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort)
{
    bool fails = request_fails();

    (void)h, (void)t;
    if (!fails && !abort) {
        before_forget();
        return true;
    }
    while (nr_nodes)
        node_free(&nodes[nr_nodes - 1]);
    memcpy(nodes, before, nr_before * sizeof(nodes[0]));
    nr_nodes = nr_before;
    nr_before = 0;
    return !fails;
}

bool xs_introduce_domain(struct xs_handle *h, unsigned int domid,
                         unsigned long mfn, unsigned int eventchn)
{
    (void)h, (void)domid, (void)mfn, (void)eventchn;
    return !request_fails();
}

bool xs_resume_domain(struct xs_handle *h, unsigned int domid)
{
    (void)h, (void)domid;
    return !request_fails();
}

bool xs_release_domain(struct xs_handle *h, unsigned int domid)
{
    (void)h, (void)domid;
    return !request_fails();
}

/* Of a daemon with two limits: `quota`, `quota DOMID`, `quota set NAME N`. */
char *xs_control_command(struct xs_handle *h, const char *cmd, void *data,
                         unsigned int len)
{
    static unsigned long limits[2];
    static const char *const names[2] = {"nodes", "watches"};
    const char *first = data, *name;
    char *reply = NULL;
    unsigned int i;

    (void)h;
    if (request_fails())
        return NULL;
    errno = EINVAL;
    if (strcmp(cmd, "quota"))
        return NULL;
    if (len && !strcmp(first, "set")) {
        name = first + 4;
        for (i = 0; i < 2; i++)
            if (!strcmp(names[i], name)) {
                limits[i] = strtoul(name + strlen(name) + 1, NULL, 10);
                return strdup("OK");
            }
        return NULL;
    }
    if ((len ? asprintf(&reply,
                        "Domain %s:\nnodes            :       13 of %lu\n"
                        "refusals         :        0\n",
                        first, limits[0])
             : asprintf(&reply,
                        "Quota settings:\n"
                        "nodes            : %8lu nodes of the tree\n"
                        "watches          : %8lu watches\n",
                        limits[0], limits[1])) < 0)
        return NULL;
    return reply;
}

/* The texts behind each other that the daemon takes, as "n0" and "r1". */
static bool perms_set(struct xs_handle *h, xs_transaction_t t,
                      const struct xs_batch_item *item)
{
    struct xs_permissions perms[2];
    unsigned int nr = 0;
    const char *at = item->data, *end = at + item->len;

    for (; at < end && nr < 2; at += strlen(at) + 1) {
        perms[nr].perms = *at == 'r' ? XS_PERM_READ : XS_PERM_NONE;
        perms[nr++].id = (unsigned int)atoi(at + 1);
    }
    return xs_set_permissions(h, t, item->path, perms, nr);
}

int xs_batch(struct xs_handle *h, xs_transaction_t t,
             struct xs_batch_item *items, unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++) {
        struct xs_batch_item *item = &items[i];
        bool good = false;

        item->reply = NULL;
        if (item->type == XS_READ)
            good = (item->reply = xs_read(h, t, item->path, NULL));
        else if (item->type == XS_WRITE)
            good = xs_write(h, t, item->path, item->data, item->len);
        else if (item->type == XS_RM)
            good = xs_rm(h, t, item->path);
        else if (item->type == XS_SET_PERMS)
            good = perms_set(h, t, item);
        item->error = good ? 0 : errno;
    }
    return 0;
}
