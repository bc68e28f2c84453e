/* SPDX-License-Identifier: MIT */
/* Watching all domains; see watcher.h. */
#include "toolstack/watcher.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/domctl.h"
#include "lib/sysctl.h"
#include "toolstack/domain.h"
#include "toolstack/ending.h"
#include "toolstack/watch_record.h"

struct watcher {
    struct privcmd *p;
    struct store *s;
    watcher_tell_fn *tell;
};

static void tell_failed(const struct watcher *w, const char *name,
                        struct error *err)
{
    char *text = error_text(err);

    w->tell(name, text ? text : "out of memory");
    free(text);
    error_free(err);
}

static void tell_begin(const struct watcher *w, const char *name, domid_t domid,
                       unsigned int reason, enum vm_action action)
{
    static const char *const reasons[] = {"powered off", "rebooted",
                                          "is suspended", "crashed",
                                          "was ended by its watchdog"};
    char text[128];

    snprintf(text, sizeof(text), "domain %u %s: %s", domid,
             reason < 5 ? reasons[reason] : "has ended",
             vm_action_name(action));
    w->tell(name, text);
}

/* One domain that has ended, and was watched until now. */
static void ended(const struct watcher *w,
                  const struct xen_domctl_getdomaininfo *info,
                  struct vm_config *config)
{
    unsigned int reason = domain_shutdown_reason(info);
    enum vm_action action = ending_action(config, reason);
    struct error *err = NULL;
    domid_t domid = info->domain;
    bool goes_on = false;
    int rc;

    tell_begin(w, config->name, domid, reason, action);
    rc = ending_run(w->p, w->s, config, action, &domid, &goes_on, &err);
    if (!rc && goes_on)
        rc = watch_record_write(domid, config, &err);
    /* Last, for whoever goes on here. Nothing is tried twice. A new domain may
     * have the old one's id. */
    if (rc || !goes_on || domid != info->domain)
        watch_record_remove(info->domain, info->handle);
    if (rc)
        tell_failed(w, config->name, err);
}

/* A guest that is suspended is being saved, not at its end. */
static bool is_at_end(const struct xen_domctl_getdomaininfo *info)
{
    return domain_has_ended(info) && !(info->flags & XEN_DOMINF_dying) &&
           domain_shutdown_reason(info) != SHUTDOWN_suspend;
}

/* True if something was done. */
static bool look_at(const struct watcher *w,
                    const struct xen_domctl_getdomaininfo *info)
{
    struct error *err = NULL;
    struct vm_config config;
    char name[16];
    int rc;

    if (!is_at_end(info))
        return false;
    rc = watch_record_read(info->domain, info->handle, &config, &err);
    if (!rc) {
        ended(w, info, &config);
        vm_config_free(&config);
    } else if (rc != -ENOENT) {
        snprintf(name, sizeof(name), "%u", info->domain);
        tell_failed(w, name, err);
        watch_record_remove(info->domain, info->handle);
    }
    return rc != -ENOENT;
}

/* Look once. Sets *acted where something was done, and *left. */
static int look_once(const struct watcher *w, bool *acted, size_t *left,
                     struct error **err_out)
{
    struct xen_domctl_getdomaininfo *list;
    size_t nr, i;
    int rc = sysctl_domains(w->p, &list, &nr, err_out);

    if (rc)
        return rc;
    *acted = false;
    for (i = 0; i < nr; i++)
        *acted = look_at(w, &list[i]) || *acted;
    if (!*acted)
        *left = watch_records_sweep(list, nr);
    free(list);
    return 0;
}

/* Called whenever a domain has ended or gone. 1: none is left. */
static int look_at_all(void *ctx, struct error **err_out)
{
    bool acted = true;
    size_t left = 1;
    int rc = 0;

    while (!rc && acted)
        rc = look_once(ctx, &acted, &left, err_out);
    return rc ? rc : left == 0;
}

int watcher_run(struct privcmd *p, struct store *s, watcher_tell_fn *tell,
                struct error **err_out)
{
    struct watcher w = {.p = p, .s = s, .tell = tell};

    return store_wait(s, "@releaseDomain", -1, look_at_all, &w, err_out);
}
