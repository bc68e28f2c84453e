/* SPDX-License-Identifier: MIT */
/*
 * Nodes of a domain; see store_tree.h.
 *
 * The domain may read its home and write only what is its own there: requests
 * to it that it answers, and what it tells of itself.
 */
#include "toolstack/store_tree.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/time.h>

#include "toolstack/device.h"

#define CONSOLE_LIMIT "1048576" /* bytes that xenconsoled keeps */

/* One writing: keeps the first error, after which it does nothing. */
struct writer {
    struct store *s;
    domid_t domid;
    struct error **err_out;
    int rc;
};

/* A node below a root, with the rights of its parent. */
static void put(struct writer *w, const char *root, const char *path,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

static void put(struct writer *w, const char *root, const char *path,
                const char *format, ...)
{
    char value[2048];
    va_list args;

    if (w->rc)
        return;
    va_start(args, format);
    vsnprintf(value, sizeof(value), format, args);
    va_end(args);
    w->rc = store_write(w->s, value, w->err_out, "%s/%s", root, path);
}

/* A node that begins a part of the tree: dom0's, the domain reads it. */
static void put_root(struct writer *w, const char *root)
{
    const struct store_rights rights = {.owner = 0, .reader = w->domid};

    if (!w->rc)
        w->rc = store_write_for(w->s, "", rights, w->err_out, "%s", root);
}

/* An empty node that is the domain's own. */
static void put_own(struct writer *w, const char *root, const char *path)
{
    const struct store_rights rights = {.owner = w->domid, .reader = w->domid};

    if (!w->rc)
        w->rc =
            store_write_for(w->s, "", rights, w->err_out, "%s/%s", root, path);
}

/* Roots of the parts of the tree. */
struct roots {
    char home[64];
    char vm[64];
    char libxl[64];
    char backend[64];
};

static struct roots roots_make(domid_t domid, const char *uuid)
{
    struct roots r;

    snprintf(r.home, sizeof(r.home), "/local/domain/%u", domid);
    snprintf(r.vm, sizeof(r.vm), "/vm/%s", uuid);
    snprintf(r.libxl, sizeof(r.libxl), "/libxl/%u", domid);
    snprintf(r.backend, sizeof(r.backend), "/local/domain/0/backend/console/%u",
             domid);
    return r;
}

static struct roots roots_of(const struct store_tree *tree)
{
    char uuid[UUID_STR_LEN];

    uuid_unparse_lower(tree->config->uuid, uuid);
    return roots_make(tree->domid, uuid);
}

static void vm_write(struct writer *w, const char *vm,
                     const struct vm_config *config)
{
    char uuid[UUID_STR_LEN];
    struct timeval now;

    uuid_unparse_lower(config->uuid, uuid);
    gettimeofday(&now, NULL);
    put_root(w, vm);
    put(w, vm, "name", "%s", config->name);
    put(w, vm, "uuid", "%s", uuid);
    put(w, vm, "image/ostype", "linux");
    if (config->kernel)
        put(w, vm, "image/kernel", "%s", config->kernel);
    if (config->ramdisk)
        put(w, vm, "image/ramdisk", "%s", config->ramdisk);
    if (*config->cmdline)
        put(w, vm, "image/cmdline", "%s", config->cmdline);
    put(w, vm, "start_time", "%lld.%02d", (long long)now.tv_sec,
        (int)now.tv_usec / 10000);
}

/* What the toolstack tells the domain. */
static void home_write(struct writer *w, const struct roots *r,
                       const struct store_tree *tree)
{
    const struct vm_config *config = tree->config;
    char path[64];
    long vcpu;

    put_root(w, r->home);
    put(w, r->home, "vm", "%s", r->vm);
    put(w, r->home, "name", "%s", config->name);
    for (vcpu = 0; vcpu < config->max_vcpus; vcpu++) {
        snprintf(path, sizeof(path), "cpu/%ld/availability", vcpu);
        put(w, r->home, path, "%s",
            vcpu < config->vcpus ? "online" : "offline");
    }
    put(w, r->home, "memory/static-max", "%" PRIu64, config->max_memory_kib);
    put(w, r->home, "memory/target", "%" PRIu64, config->memory_kib);
    put(w, r->home, "memory/videoram", "0");
    put(w, r->home, "device", "%s", "");
    put(w, r->home, "domid", "%u", tree->domid);
    put(w, r->home, "store/port", "%u", tree->store_port);
    put(w, r->home, "store/ring-ref", "%" PRIu64, tree->store_mfn);
    put(w, r->home, "control/platform-feature-multiprocessor-suspend", "1");
    put(w, r->home, "control/platform-feature-xs_reset_watches", "1");
}

/* What the domain may write. */
static void own_write(struct writer *w, const struct roots *r)
{
    static const char *const nodes[] = {
        "device/suspend/event-channel",
        "control/shutdown",
        "control/feature-poweroff",
        "control/feature-reboot",
        "control/feature-suspend",
        "control/sysrq",
        "data",
        "drivers",
        "feature",
        "attr",
        "error",
    };
    size_t i;

    for (i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
        put_own(w, r->home, nodes[i]);
}

/* What the stock tools look at to know the domain. */
static void libxl_write(struct writer *w, const struct roots *r)
{
    const struct store_rights rights = {0, 0};

    if (!w->rc)
        w->rc = store_write_for(w->s, "", rights, w->err_out, "%s", r->libxl);
    put(w, r->libxl, "type", "pv");
    put(w, r->libxl, "dm-version", "qemu_xen");
}

/* The pair of console 0, and the record of it. */
static void console_write(struct writer *w, const struct roots *r,
                          const struct store_tree *tree)
{
    char front[80], back[80], record[96];
    const char *const places[] = {back, record};
    size_t i;

    snprintf(front, sizeof(front), "%s/console", r->home);
    snprintf(back, sizeof(back), "%s/0", r->backend);
    snprintf(record, sizeof(record), "%s/device/console/0", r->libxl);
    put_root(w, front);
    put(w, front, "backend", "%s", back);
    put(w, front, "backend-id", "0");
    put(w, front, "limit", CONSOLE_LIMIT);
    put(w, front, "type", "xenconsoled");
    put(w, front, "output", "pty");
    put(w, front, "tty", "%s", "");
    put(w, front, "port", "%u", tree->console_port);
    put(w, front, "ring-ref", "%" PRIu64, tree->console_mfn);
    put_root(w, back);
    put(w, record, "backend", "%s", back);
    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        put(w, places[i], "frontend", "%s", front);
        put(w, places[i], "frontend-id", "%u", tree->domid);
        put(w, places[i], "online", "1");
        put(w, places[i], "state", "1");
        put(w, places[i], "protocol", "vt100");
    }
}

/* With the rest: whoever finds the domain finds its channels, too. */
static void channels_write(struct writer *w, const struct vm_config *config)
{
    unsigned int i;

    for (i = 0; i < config->nr_channels && !w->rc; i++)
        w->rc = channel_write(w->s, w->domid, i + 1, &config->channel[i],
                              w->err_out);
}

static int tree_change(struct store *s, void *ctx, struct error **err_out)
{
    const struct store_tree *tree = ctx;
    struct writer w = {.s = s, .domid = tree->domid, .err_out = err_out};
    struct roots r = roots_of(tree);

    vm_write(&w, r.vm, tree->config);
    home_write(&w, &r, tree);
    own_write(&w, &r);
    libxl_write(&w, &r);
    console_write(&w, &r, tree);
    channels_write(&w, tree->config);
    return w.rc;
}

int store_tree_write(struct store *s, const struct store_tree *tree,
                     struct error **err_out)
{
    return store_transaction(s, tree_change, (void *)tree, err_out);
}

int store_tree_remove(struct store *s, domid_t domid, const char *uuid,
                      struct error **err_out)
{
    struct roots r = roots_make(domid, uuid);
    const char *const places[] = {r.backend, r.home, r.vm, r.libxl};
    size_t i;
    int first = 0;

    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        int rc = store_remove(s, first ? NULL : err_out, "%s", places[i]);

        first = first ? first : rc;
    }
    return first;
}
